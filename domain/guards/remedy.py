"""Guards of extensions, breaches, orders and idle land (part 4)."""

from __future__ import annotations

from typing import Final

from domain.assessment import Breach
from domain.calendar import add_years
from domain.event import day_text
from domain.guards.desk import Desk
from domain.supervision.life import GOVERNMENT, day
from domain.supervision.openings import BY_NOTICE, KIND_OF

_ORDER: Final = ("start_due", "complete_due", "production_due", "capacity_due")
_FULFILLED_BY: Final = {"start_due": "O-START", "complete_due": "O-COMPLETE", "production_due": "O-PROD"}


def extension_decided(desk: Desk) -> None:
    """Every dependent date, at most a year, once per kind of cause (specification 4.5, 11.3)."""
    if desk.data["decision"] != "APPROVED":
        return
    life = desk.life
    if life.contract_fact is None:
        raise desk.refuse("NO_CONTRACT", "没有合同，不能延期")
    new = {key: value for key, text in desk.data["new"].items() if (value := day(text)) is not None}
    fixed = {key: due for key in _ORDER if (due := life.due(key)) is not None}
    moved = [key for key in _ORDER if key in new]
    if not moved:
        raise desk.refuse("EXTENSION_INCOMPLETE", "延期须写明新的日期")
    agreed = {key for key, (_, source) in life.dues.items() if source.type.startswith("agreement.")}
    missing = [
        key
        for key in _ORDER[_ORDER.index(moved[0]) :]
        if key in fixed and key not in {*new, *agreed} and not _fulfilled(desk, key)
    ]
    if missing:
        raise desk.refuse("EXTENSION_INCOMPLETE", f"延期须同时写明所有后续日期，缺少：{'、'.join(missing)}")
    enterprise = str(desk.data["cause"]).startswith("ENTERPRISE")
    kind = "enterprise" if enterprise else "government"
    _within_cap(desk, moved, new, fixed, f"extension.{kind}.max_years")
    earlier = [one for one in life.extensions if str(one.data.get("cause", "")).startswith("ENTERPRISE") == enterprise]
    if len(earlier) >= desk.rule(f"extension.{kind}.max_count"):
        most = desk.rule(f"extension.{kind}.max_count")
        keys = (f"extension.{kind}.max_count", "extension.count_per")
        raise desk.refuse("EXTENSION_TWICE", f"同一类原因只能延期{most}次", *keys)
    if len({new[key] - fixed[key] for key in moved if key in fixed}) > 1:
        desk.warn("EXTENSION_UNEQUAL", "各节点延期的天数不同")
    if enterprise:
        _asked_in_time(desk, fixed.get(moved[0]))
    elif desk.data["cause"] not in GOVERNMENT:
        desk.warn("EXTENSION_CAUSE", "该原因是否可延期请核对依据")


def _within_cap(desk: Desk, moved: list[str], new: dict[str, int], fixed: dict[str, int], rule: str) -> None:
    """The cap is on the first date moved; the later ones may move by as many days, over a leap day too (11.3)."""
    first, years = moved[0], desk.rule(rule)
    days = new[first] - fixed[first] if first in fixed else 0
    for key in moved:
        if key not in fixed:
            continue
        cap = add_years(fixed[key], years)
        if new[key] > (cap if key == first else max(cap, fixed[key] + days)):
            raise desk.refuse("EXTENSION_ABOVE_CAP", f"{key}延期超过{years}年（原定{day_text(fixed[key])}）", rule)
        if new[key] <= fixed[key]:
            raise desk.refuse("EXTENSION_NOT_LATER", f"{key}的新日期不晚于原定{day_text(fixed[key])}")


def _asked_in_time(desk: Desk, due: int | None) -> None:
    days = desk.rule("extension.enterprise.request_days")
    asked = [one.occurred_on for one in desk.life.of("extension.requested")]
    if due is not None and (not asked or asked[-1] > due - days):
        desk.warn("EXTENSION_ASKED_LATE", f"企业原因的延期应在到期前{days}天申请")


def _fulfilled(desk: Desk, key: str) -> bool:
    if key == "capacity_due":
        return any(one.code == "O-REACH" and one.state in ("MET", "MET_LATE") for one in desk.assessment.obligations)
    done = desk.life.milestone_fact(_FULFILLED_BY[key])
    return done is not None


def supervisors_of(desk: Desk, breach: Breach | None, name: str) -> tuple[str, ...]:
    """Who may take steps on a breach: its supervisors in the pack, the agreement's or the one that proposed the
    standard; PERF the assessment lead (specification 3.2).
    """
    code = (name if breach is None else breach.obligation or "").partition("/")[0]
    kind = breach.kind if breach is not None else KIND_OF.get(code, name)
    if kind in ("PERF", "CAPACITY"):
        return (desk.rules.assessment_lead,)
    if kind == "IDLE":
        return ("NRP",)
    shares = [one for one, of in KIND_OF.items() if of == kind]
    codes = [code] if kind == "PAY" and code in shares else shares or ["O-INVEST" if kind == "INVEST" else code]
    named = [one for code in codes for one in desk.rules.supervisors.get(code, ())]
    named += [one for code in codes for one in desk.life.supervisors(code)]
    if breach is None and code.startswith("O-") and code not in KIND_OF:  # an item of an assessment
        named.append(desk.rules.assessment_lead)
    return tuple(dict.fromkeys(named))


def _may_mean(one: Breach, name: str) -> bool:
    """Payments go by their own code: O-BOND never means the rent (contract 3.1)."""
    return one.kind != "PAY" or name in ("PAY", (one.obligation or "").partition("/")[0])


def addressed(desk: Desk) -> Breach | None:
    """The open breach that the command names; None with a warning where none stands. Raises Refusal when two do
    (contract 3.1; specification 11.20).
    """
    stands = desk.assessment.open_breaches()
    identity, name = desk.data.get("breach_id"), desk.data.get("obligation")
    if identity:
        found = next((one for one in desk.assessment.breaches if one.breach_id == identity), None)
        if found is None or found not in stands:
            desk.warn("BREACH_NOT_OPEN", "所指违约当前不在处理中")
        return found
    if name is None:
        return None
    kind = KIND_OF.get(str(name), str(name))
    meant = [
        one for one in stands
        if one.obligation == name or (one.kind == kind and _may_mean(one, str(name)))
        or name in {item.get("code") for item in one.items} or (name == "O-REACH" and one.kind == "CAPACITY")
    ]  # fmt: skip
    exact = [one for one in meant if one.obligation == name]
    meant = exact if len(exact) == 1 else meant
    if len(meant) > 1:
        raise desk.refuse("BREACH_AMBIGUOUS", f"{name}有{len(meant)}项违约在处理中，请用breach_id指明")
    if not meant and kind not in BY_NOTICE and name != "O-REACH":
        desk.warn("BREACH_NOT_OPEN", f"{name}当前没有在处理中的违约")
    return meant[0] if meant else None


def breach_step(desk: Desk) -> None:
    """Notice, answer, decision, order, inspection: by a supervisor of that obligation (specification 3.2, 4.1)."""
    health = desk.data.get("health_event_id")
    if health:
        target = desk.target(health)
        if target is None or target.type != "health.checked":
            raise desk.refuse("HEALTH_EVENT_UNKNOWN", "所指的健康体检事件不存在")
    breach = addressed(desk)
    if breach is not None or desk.data.get("obligation"):
        allowed = supervisors_of(desk, breach, str(desk.data.get("obligation") or ""))
        if allowed and desk.command.department is not None and desk.command.department not in allowed:
            raise desk.refuse_department("NOT_SUPERVISOR", f"该义务由{desk.names(allowed)}监管", "supervisors")
    if desk.command.type == "rectification.ordered":
        until = day(desk.data["until"])
        if until is None or until <= desk.day:
            raise desk.refuse_field("/data/until", "UNTIL_NOT_AFTER", "整改期限应晚于责令之日")
        if breach is not None and breach.kind in ("PAY", "TERM"):
            desk.warn("ORDER_WITHOUT_EFFECT", "欠缴和届满没有整改期，责令不改变其状态")


def idle_determined(desk: Desk) -> None:
    """A determination needs an investigation before it (specification 2.7)."""
    if not desk.has("idle.investigated"):
        raise desk.refuse("NOT_INVESTIGATED", "认定前须先发出《闲置土地调查通知书》")


def idle_disposed(desk: Desk) -> None:
    """Disposal follows the determination; free recovery only of land never started, after two years (specification 4.3, 11.8)."""
    determination = desk.assessment.idle_determination
    if determination in ("NONE", "INVESTIGATING", "NOT_IDLE"):
        raise desk.refuse("NOT_DETERMINED", "尚未认定为闲置土地，不能处置")
    options = desk.rule("idle.government_options")
    if determination in ("IDLE_GOVERNMENT", "FORCE_MAJEURE") and desk.data["option"] not in (*options, "FREE_RECOVERY"):
        raise desk.refuse(
            "OPTION_NOT_FOR_CAUSE", f"非企业原因的闲置土地只能以{'、'.join(options)}处置", "idle.government_options"
        )
    bare = desk.life.started is None and desk.assessment.idle_clock == "Y2" and determination == "IDLE_ENTERPRISE"
    if desk.data["option"] == "FREE_RECOVERY" and not bare:
        raise desk.refuse("FREE_RECOVERY_NOT_ALLOWED", "无偿收回须满二年、从未动工，且认定为企业原因")
    if desk.data["option"] in ("FREE_RECOVERY", "PAID_RECOVERY"):
        served = day((desk.data.get("service") or {}).get("served_on")) or desk.day
        days = desk.rule("idle.hearing_workdays")
        until = desk.calendar.add_workdays(served, days)
        desk.warn(
            "HEARING_CLOCK",
            f"听证申请期限至{day_text(until)}（{days}个工作日，行政处罚法第64条；是否适用由主管部门判断）",
        )
