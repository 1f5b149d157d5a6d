"""Differences between two assessments in words for a clerk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from api.labels import LABELS, OBLIGATIONS
from domain.differences import Difference

_WHAT: Final = {
    "parcel": "宗地", "obligation": "义务", "breach": "违约", "amount": "金额", "alert": "预警", "exit": "退出", "filing": "备案",
}  # fmt: skip
_FIELDS: Final = {
    "stage": "阶段", "compliance": "履约", "idle_clock": "闲置计时", "idle_since": "闲置起算", "due": "期限", "state": "状态",
    "days_late": "逾期天数", "supervisor": "监管部门", "phase": "违约阶段", "level": "等级", "effective_from": "起算日",
    "cure_until": "整改期限", "since": "起", "departments": "部门", "amount_wan": "金额（万元）", "eligible": "可以退出",
    "blockers": "障碍",
}  # fmt: skip
_LABELS: Final = {
    ("parcel", "stage"): "stage", ("parcel", "compliance"): "compliance", ("parcel", "idle_clock"): "idle_clock",
    ("obligation", "state"): "obligation_state", ("breach", "phase"): "breach_phase", ("amount", "state"): "amount_state",
    ("alert", "level"): "alert_level", ("filing", "state"): "filing_state",
}  # fmt: skip
_NAMES: Final = {
    "obligation": OBLIGATIONS, "breach": LABELS["breach_kind"], "amount": LABELS["amount_kind"],
    "alert": LABELS["alert_code"], "exit": LABELS["exit_kind"], "filing": LABELS["doc_type"],
}  # fmt: skip
_COUNTED: Final = {"new": "新增", "gone": "消失", "other": "改变"}


def line(one: Difference) -> str:
    """`义务 O-PAY/2 缴纳土地价款：期限 2027-05-04 → 2027-05-06`."""
    head = f"{_WHAT[one.what]} {one.key} {_name(one)}".rstrip()
    if one.before is None or one.after is None:
        shown, mark = (one.after, "新增") if one.before is None else (one.before, "消失")
        return f"{head}：{mark}（{'，'.join(f'{_FIELDS[key]} {_text(one.what, key, value)}' for key, value in (shown or {}).items())}）"
    parts = [
        f"{_FIELDS[key]} {_text(one.what, key, value)} → {_text(one.what, key, one.after[key])}"
        for key, value in one.before.items()
    ]
    return f"{head}：{'，'.join(parts)}"


def summary(counts: Mapping[str, Any]) -> list[str]:
    """The counts of a tally (`Tally.as_json`), a line for each thing counted."""
    lines = [f"比较 {counts['parcels']:,} 宗，有变化 {counts['changed']:,} 宗，未能评估 {counts['failed']:,} 宗"]
    for what, found in counts["differences"].items():
        lines.append(
            f"  {_WHAT[what]}：" + "，".join(f"{_COUNTED[how]} {number:,}" for how, number in found.items() if number)
        )
    for kind, found in counts["exits"].items():
        name = LABELS["exit_kind"][kind]["zh"]
        lines.append(f"  退出方式 {kind} {name}：新可退出 {found['opened']:,} 宗，不再可退出 {found['closed']:,} 宗")
    for kind, sums in counts["amounts_wan"].items():
        name = LABELS["amount_kind"][kind]["zh"]
        lines.append(f"  {name}合计：{sums['before']} → {sums['after']} 万元")
    return lines


def _name(one: Difference) -> str:
    labels = _NAMES.get(one.what, {})
    code = one.key.partition("/")[0]
    if code.startswith("A-BREACH-"):
        return LABELS["breach_kind"][code.removeprefix("A-BREACH-")]["zh"]
    return labels[code]["zh"] if code in labels else ""


def _text(what: str, key: str, value: Any) -> str:
    if value is None:
        return "无"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return "、".join(value) or "无"
    labels = LABELS.get(_LABELS.get((what, key), ""), {})
    return labels[value]["zh"] if value in labels else str(value)
