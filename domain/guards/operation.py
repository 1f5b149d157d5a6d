"""Guards of assessments, transfers, mortgages, splits and mergers (parts 5.1, 6.1; specification 11.28, 11.35)."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Final
from uuid import UUID, uuid5

from domain.calendar import add_months, add_years
from domain.decision import Decided
from domain.event import Event, day_text
from domain.events import RANK
from domain.facts import Fact, fold
from domain.guards.desk import Desk
from domain.guards.supply import registration_gate
from domain.supervision import assess_on
from domain.supervision.exit_kinds import rules_of, seizure
from domain.supervision.life import MILESTONES, Life, day
from domain.supervision.measures import exact, rounded
from domain.supervision.payments import Payable, payables
from domain.supervision.performance import assess, expected_terms

_MONEY: Final = (
    "price_wan", "development_investment_wan", "fixed_asset_investment_wan", "annual_rent_wan", "assessed_price_50y_wan",
)  # fmt: skip
"""The sums of a contract that a split or merger shares out."""
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
    if not kinds["MT"].eligible and not kinds["MTA"].eligible and not desk.life.onboarded_on:
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
        raise desk.refuse_field("/data/from_codes", "NOT_A_PARENT", "原宗地中没有本地块")
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
    for event in reversed(desk.context.related.get(name, ())):
        if event.type == "contract.signed":
            return exact(event.data.get("area_m2"))
    return None


def lineage(desk: Desk) -> Iterator[Decided]:
    """The derived events of a split or merger: into every child, and the act itself into every other parent (11.28)."""
    command, data = desk.command, desk.data
    namespace = UUID(command.event_id)
    total = sum((exact(one) or Fraction(0) for one in data["area_m2"]), Fraction(0))
    lives = _parents(desk)
    keys = list(
        dict.fromkeys(key for number, life in enumerate(lives, start=1) for key in _carried(desk, life, number))
    )
    for name in data["from_codes"]:
        if name != command.parcel_id:
            yield _derived(desk, name, command.type, dict(data), uuid5(namespace, name))
    shares = [(exact(one) or Fraction(0)) / total for one in data["area_m2"]]
    contracts = _apportioned(lives, shares)
    for name, share, area, contract in zip(data["to_codes"], shares, data["area_m2"], contracts, strict=True):
        text = rounded(share, 6)
        parents = [{"parcel_id": parent, "area_share": text, "money_share": text} for parent in data["from_codes"]]
        carried = {
            "parents": parents,
            "obligations": keys,
            "contract": contract | {"area_m2": area},
            "agreement": _agreed(lives),
        }
        yield _derived(desk, name, "lineage.recorded", carried, uuid5(namespace, name))


def _derived(desk: Desk, parcel_id: str, event_type: str, data: dict[str, Any], event_id: UUID) -> Decided:
    command = desk.command
    own = event_type == command.type
    return Decided(
        str(event_id), parcel_id, event_type, 1, desk.day, parcel_id[:6] if parcel_id[:6].isdigit() else command.jurisdiction,
        command.department if own else "SYS", None, command.contract_no if own else None, command.document if own else None, None, data,
    )  # fmt: skip


def _parents(desk: Desk) -> list[Life]:
    """The parcel of the command and every other parent, on the day of the act."""
    others = [name for name in desk.data["from_codes"] if name != desk.command.parcel_id]
    found = [fold(desk.context.related.get(name, ()), RANK) for name in others]
    return [desk.life, *(Life(facts, desk.day, desk.rules, desk.calendar) for facts in found)]


def _carried(desk: Desk, life: Life, number: int) -> Iterator[str]:
    """The obligations of a parent that are not behind it; milestones are those of the parcel of the command, where it
    has them.
    """
    milestones = {code for code, field, _ in MILESTONES if field in desk.life.dues}
    for one in assess_on(life.facts, desk.day, desk.rules, desk.calendar).obligations:
        if one.state in ("MET", "MET_LATE", "WAIVED", "SUPERSEDED") or (number > 1 and one.code in milestones):
            continue
        yield _own_number(one.key, number) if one.code == "O-PAY" else one.key


def _agreed(lives: list[Life]) -> dict[str, Any]:
    """What the agreements of the parents ask for; where two differ, as the parcel of the command has it."""
    terms = {term.code: term.data for life in reversed(lives) for term in life.terms}
    return {"obligations": list(terms.values()), "exit_clause": {"present": lives[0].exit_clause}}


def _own_number(text: str, parent: int) -> str:
    """The number of an instalment in the child: that of a further parent gets its number behind it, none stands twice."""
    return text if parent == 1 else f"{text}-{parent}"


def _as_changed(life: Life) -> dict[str, Any]:
    """The contract of a parent with the plot ratio as it was last changed, what is paid by instalments left aside."""
    contract = {key: value for key, value in life.contract.items() if key not in ("instalments", "payments")}
    for fact in life.of("conditions.changed"):
        contract |= {key: fact.data[key] for key in ("far_min", "far_max") if key in fact.data}
    return contract


def _apportioned(lives: list[Life], shares: list[Fraction]) -> list[dict[str, Any]]:
    """The contract of each child: the money of all parents by area to the cent, the rounding difference to the largest
    part (8.12). What parents state differently is as the parcel of the command has it.
    """
    contract = {key: value for life in reversed(lives) for key, value in _as_changed(life).items()}
    if lives[0].right_to is not None:
        contract["term_to"] = day_text(lives[0].right_to)
    largest = shares.index(max(shares))
    children: list[dict[str, Any]] = [dict(contract) for _ in shares]
    for key in _MONEY:
        sums = [value for life in lives if (value := exact(life.contract.get(key))) is not None]
        if sums:
            parts = _parts(rounded(sum(sums, Fraction(0)), 4), shares, largest)
            for child, part in zip(children, parts, strict=True):
                child[key] = part
    for number, life in enumerate(lives, start=1):
        for item in payables(life):
            if item.code == "O-PAY":
                _share_out(children, item, _own_number(item.no, number), shares, largest)
            elif item.code == "O-RENT":
                _share_payments(children, item, item.no, shares, largest)
    return children


def _share_out(
    children: list[dict[str, Any]], item: Payable, number: str, shares: list[Fraction], largest: int
) -> None:
    """One instalment of a parent, with what was paid on it, in the contract of each child."""
    for child, amount in zip(children, _parts(_wan(item.amount), shares, largest), strict=True):
        child.setdefault("instalments", []).append({"no": number, "due": day_text(item.due), "amount_wan": amount})
    _share_payments(children, item, number, shares, largest)


def _share_payments(
    children: list[dict[str, Any]], item: Payable, number: str, shares: list[Fraction], largest: int
) -> None:
    """What was paid on an instalment or rent, on the day on which it was paid: nothing is late that was in time."""
    total, before = 0, [Fraction(0)] * len(shares)
    for on, amount in sorted([*item.paid, *item.fees]):
        total += amount
        after = [Fraction(one) for one in _parts(_wan(total), shares, largest)]
        for child, part in zip(children, (new - old for new, old in zip(after, before, strict=True)), strict=True):
            paid = {"instalment_no": number, "paid_on": day_text(on), "amount_wan": rounded(part, 2)}
            child.setdefault("payments", []).append(paid)
        before = after


def _wan(amount: int) -> str:
    return rounded(Fraction(amount, 10_000), 4)


def _parts(total: str, shares: list[Fraction], largest: int) -> list[str]:
    cents = int((exact(total) or Fraction(0)) * 100 + Fraction(1, 2))
    parts = [int(cents * share) for share in shares]
    parts[largest] += cents - sum(parts)
    return [rounded(Fraction(one, 100), 2) for one in parts]
