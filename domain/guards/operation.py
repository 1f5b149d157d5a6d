"""Guards of assessments, transfers, mortgages, splits and mergers (parts 5.1, 6.1; specification 11.28, 11.35)."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from domain.calendar import add_months, add_years
from domain.event import Event, day_text
from domain.facts import Fact
from domain.guards.desk import Desk
from domain.guards.supply import registration_gate
from domain.supervision.exit_kinds import rules_of, seizure
from domain.supervision.life import day
from domain.supervision.measures import exact
from domain.supervision.performance import assess, expected_terms

_LEADS: Final = {"START_COMPLETE": ("NRP", "HUC"), "CONVERSION": ("NRP",)}
"""Leads beside the assessment lead (specification 6.1)."""


def performance_assessed(desk: Desk) -> None:
    """Every hard item with its figure; a result that is sent must agree with the computed one (contract 3.1)."""
    kind = str(desk.data["kind"])
    leads = (desk.rules.assessment_lead, *_LEADS.get(kind, ()))
    if desk.command.department not in (None, *leads):
        raise desk.refuse_department("NOT_SUPERVISOR", f"该评估由{desk.names(leads)}牵头", "assessment.lead")
    _warn_of_early_expiry(desk, kind)
    event = Event(
        desk.command.event_id, desk.command.parcel_id, 0, 0, desk.command.type, 1, desk.day, 0, desk.command.jurisdiction,
        desk.command.department, None, None, None, None, desk.data,
    )  # fmt: skip
    found = assess(
        desk.facts,
        Fact(event, desk.day, desk.data),
        desk.life.terms,
        desk.life.contract,
        desk.life.area,
        from_reports=desk.rule("assess.items_from_reports"),
    )
    figures = {item.code for item in found.items if item.actual is not None}
    hard = [one["code"] for one in expected_terms(kind, desk.life.terms, desk.life.contract) if one.get("hard")]
    missing = [code for code in hard if code not in figures]
    if missing:
        raise desk.refuse_field("/data/items", "INCOMPLETE_ASSESSMENT", f"缺少硬性指标：{'、'.join(missing)}")
    if not hard:
        if not desk.data.get("result"):
            raise desk.refuse_field("/data/result", "RESULT_REQUIRED", "协议没有该阶段的硬性指标，须填写评估结果")
        desk.warn("RESULT_NOT_COMPUTED", "协议没有该阶段的硬性指标，评估结果按上报登记")
        return
    sent = desk.data.get("result")
    if sent and sent != found.result:
        failed = "、".join(item.code for item in found.failed_items)
        raise desk.refuse(
            "RESULT_DISAGREES",
            f"按协议计算结果为{found.result}{f'（未达标：{failed}）' if failed else ''}，与上报的{sent}不符",
            "assess.pass",
            "assess.items_from_reports",
        )


def _warn_of_early_expiry(desk: Desk, kind: str) -> None:
    """The expiry assessment belongs into the renewal window before the end (specification 6.1)."""
    end, months = desk.life.right_to, desk.rule("assess.expiry.from_months")
    if kind == "EXPIRY" and end is not None and desk.day < add_months(end, -months):
        desk.warn("EXPIRY_TOO_EARLY", f"到期评估应在届满前{months}个月内进行（{day_text(end)}届满）")


def mortgage_decided(desk: Desk) -> None:
    """REGISTERED passes the registration gate; REFUSED is recorded (specification 5.1; 003三(一)参考)."""
    if desk.data["result"] == "REGISTERED":
        registration_gate(desk)
        if seizure(desk.life) is not None:
            raise desk.refuse("SEIZED", "土地使用权在查封中，不予抵押登记")


def transfer_registered(desk: Desk) -> None:
    """A transfer of the whole or of a part that MT or MTA allows, or whose exit runs; the transferee assumes the agreement
    (specification 2.4, 3.2 O-TRANSFER, 5.1).
    """
    registration_gate(desk)
    running = desk.assessment.exit_in_progress
    court = running is not None and running[0] == "JD"  # the court disposes of what it seized (5.2 item 6)
    if seizure(desk.life) is not None and not court:
        raise desk.refuse("SEIZED", "土地使用权在查封中，不予转让登记")
    if court:
        return
    if desk.data.get("assumes_agreement") is not True:
        raise desk.refuse("AGREEMENT_NOT_ASSUMED", "受让方须承接监管协议（assumes_agreement应为true）")
    if desk.data["kind"] == "PRE_REGISTRATION" or (running is not None and running[0] in ("MT", "MTA", "MTP")):
        return
    kinds = {one.kind: one for one in desk.assessment.exit_kinds}
    history = desk.life.onboarded_on is not None and desk.day < desk.life.onboarded_on
    if not kinds["MT"].eligible and not kinds["MTA"].eligible and not history:
        keys = (*rules_of("MT", kinds["MT"].blockers), *rules_of("MTA", kinds["MTA"].blockers))
        raise desk.refuse("TRANSFER_NOT_ALLOWED", f"不具备转让条件：{'、'.join(kinds['MT'].blockers)}", *keys)


def transition_started(desk: Desk) -> None:
    """A transition lasts five years at most (specification 1.2 row 35, 2.4)."""
    begun, ends = day(desk.data.get("start_on")) or desk.day, day(desk.data.get("end_on"))
    latest = add_years(begun, desk.rule("transition.years"))
    if ends is not None and ends > latest:
        raise desk.refuse("TRANSITION_TOO_LONG", f"过渡期最迟至{day_text(latest)}", "transition.years")


def parcel_split(desk: Desk) -> None:
    """The parcel is among the parents, the areas add up within 0.01 m², the children are new (specification 2.4)."""
    data = desk.data
    if desk.command.parcel_id not in data["from_codes"]:
        raise desk.refuse_field("/data/from_codes", "NOT_A_PARENT", "原宗地中没有本宗地")
    others = [_area_of(desk, name) for name in data["from_codes"] if name != desk.command.parcel_id]
    areas = [one for one in (exact(desk.life.contract.get("area_m2")), *others) if one is not None]
    total, parts = sum(areas, Fraction(0)), sum((exact(one) or Fraction(0) for one in data["area_m2"]), Fraction(0))
    if len(areas) == len(data["from_codes"]) and abs(total - parts) > Fraction(1, 100):
        raise desk.refuse_field(
            "/data/area_m2", "AREAS_DO_NOT_ADD_UP", "新宗地面积之和与原宗地不符（允许误差0.01平方米）"
        )
    taken = [name for name in data["to_codes"] if desk.context.related.get(name)]
    if taken:
        raise desk.refuse("CHILD_EXISTS", f"新宗地已有记录：{'、'.join(taken)}")


def _area_of(desk: Desk, name: str) -> Fraction | None:
    """The area of another parent by its contract: its own, or the one that a split or merger handed to it."""
    for event in reversed(desk.context.related.get(name, ())):
        contract = event.data if event.type == "contract.signed" else event.data.get("contract")
        if event.type in ("contract.signed", "lineage.recorded") and contract:
            return exact(contract.get("area_m2"))
    return None
