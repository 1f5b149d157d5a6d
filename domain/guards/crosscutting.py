"""Corrections and withdrawals: only by who reported, only of what stands (contract 3.1, specification 2.4, 11.19)."""

from __future__ import annotations

import copy
from typing import Any, Final

from domain.errors import Refusal
from domain.event import day_number
from domain.events import normalise
from domain.facts import Fact, PathError, get, put
from domain.guards.desk import Desk
from domain.supervision.life import day
from domain.supervision.measures import exact
from domain.supervision.performance import EMITTERS, MAIN

_NEVER: Final = frozenset(
    {"report.corrected", "report.withdrawn", "lineage.recorded", "rules.installed", "parcel.split", "parcel.merged"}
)
"""What is told once: a split or merger stands in several streams, the way back is another one (specification 11.28)."""
_ITEM_OWNERS: Final = {code: EMITTERS[figure] for code, figure in MAIN.items()}
"""For one item of a joint assessment: the department that reports this indicator; of one that no department reports
(O-INVEST) who posted the assessment (specification 2.4).
"""


def report_corrected(desk: Desk) -> None:
    """`old` equals what stands, the result is well-formed, the department is the emitter of the figure (specification
    2.4, 11.19).
    """
    target = _target(desk, str(desk.data["corrects"]))
    changed: Any = copy.deepcopy(dict(target.data))
    for number, change in enumerate(desk.data["changes"]):
        field = str(change["field"])
        _must_own(desk, target, field)
        pointer = f"/data/changes/{number}"
        if field == "occurred_on":
            _new_day(desk, target, change, pointer)
            continue
        if not _same(get(target.data, field), change.get("old")):
            raise desk.refuse("STALE_CORRECTION", f"{field}现为{get(target.data, field)!r}，不是{change.get('old')!r}")
        try:
            put(changed, field, change.get("new"))
        except PathError:
            raise desk.refuse_field(f"{pointer}/field", "UNKNOWN_FIELD", f"没有字段{field}") from None
    try:
        normalise(target.type, changed)
    except Refusal as refusal:
        raise desk.refuse_field("/data/changes", refusal.code, f"更正后不合要求：{refusal.message}") from None
    if (day(changed.get("onboarded_on")) or 0) > desk.context.today:
        raise desk.refuse_field("/data/changes", "OCCURRED_IN_FUTURE", "更正后的导入日期晚于业务日期")


def report_withdrawn(desk: Desk) -> None:
    """Only the department that reported takes its report back (specification 2.4)."""
    _must_own(desk, _target(desk, str(desk.data["withdraws"])), "")


def conflict_decided(desk: Desk) -> None:
    """The figure that counts stands in this parcel's events; a coordinator decides (specification 11.16)."""
    if desk.command.department is not None:
        raise desk.refuse_department("COORDINATOR_ONLY", "数据冲突由协调者裁定")
    _target(desk, str(desk.data["event_id"]))


def _target(desk: Desk, event_id: str) -> Fact:
    fact = desk.target(event_id)
    if fact is not None and fact.type not in _NEVER:
        return fact
    if event_id in desk.facts.withdrawn:
        raise desk.refuse("TARGET_WITHDRAWN", "所指事件已撤销")
    if fact is not None:
        raise desk.refuse("CANNOT_CORRECT", f"{fact.type}不能更正或撤销")
    raise desk.refuse("TARGET_UNKNOWN", f"本宗地没有事件{event_id}")


def _must_own(desk: Desk, target: Fact, field: str) -> None:
    owner = target.department
    if target.type == "performance.assessed" and field.startswith("items."):
        item = get(target.data, ".".join(field.split(".")[:2]))
        owner = _ITEM_OWNERS.get(str((item or {}).get("code")), owner)
    if desk.command.department != owner:
        name = desk.names((owner,)) if owner else "协调者"
        raise desk.refuse_department("NOT_THE_EMITTER", f"该数据由{name}上报，只能由其更正或撤销")


def _new_day(desk: Desk, target: Fact, change: Any, pointer: str) -> None:
    try:
        old, new = day_number(str(change.get("old"))), day_number(str(change.get("new")))
    except ValueError:
        raise desk.refuse_field(pointer, "NOT_A_DATE", "日期应为YYYY-MM-DD") from None
    if old != target.occurred_on:
        raise desk.refuse("STALE_CORRECTION", "occurred_on的原值与现有记录不符")
    if new > desk.context.today:
        raise desk.refuse_field(f"{pointer}/new", "OCCURRED_IN_FUTURE", "更正后的发生日期晚于业务日期")


def _same(standing: Any, old: Any) -> bool:
    """Equal as values: "95" and "95.00" are one figure."""
    if standing == old:
        return True
    one, two = exact(standing), exact(old)
    return one is not None and one == two
