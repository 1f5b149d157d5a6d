"""What a split or merger hands over to its children: contract, agreement, duties and claims (specification 8.12, 11.28).

Everything that is owed goes along in shares of the area, to the cent; on the parents nothing of it is left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Final
from uuid import UUID, uuid5

from domain.assessment import Amount, Assessment
from domain.decision import Decided
from domain.event import day_text
from domain.events import RANK
from domain.facts import fold
from domain.guards.desk import Desk
from domain.supervision import assess_on
from domain.supervision.life import MILESTONES, Life
from domain.supervision.measures import exact, rounded
from domain.supervision.payments import Payable, payables

_MONEY: Final = (
    "price_wan", "development_investment_wan", "fixed_asset_investment_wan", "annual_rent_wan", "assessed_price_50y_wan",
)  # fmt: skip
"""The sums of a contract that a split or merger shares out."""
_DUTY_OF: Final = {"LD_START": "O-START", "LD_COMPLETE": "O-COMPLETE"}
"""Damages that the child computes itself while their duty goes along."""
_LARGEST: Final = 1_048_576
"""Characters of the data of one derived event: what is written must also be sent (contract 5)."""


@dataclass(slots=True)
class _Parent:
    """A parent on the day of the act, with its number: 1 is the parcel of the command."""

    number: int
    life: Life
    found: Assessment


def lineage(desk: Desk) -> Iterator[Decided]:
    """The derived events of a split or merger: into every child, and the act itself into every other parent (specification 11.28)."""
    command, data = desk.command, desk.data
    namespace = UUID(command.event_id)
    total = sum((exact(one) or Fraction(0) for one in data["area_m2"]), Fraction(0))
    shares = [(exact(one) or Fraction(0)) / total for one in data["area_m2"]]
    parents = _parents(desk)
    keys = list(dict.fromkeys(key for parent in parents for key in _carried(desk, parent)))
    for name in data["from_codes"]:
        if name != command.parcel_id:
            yield _derived(desk, name, command.type, dict(data), uuid5(namespace, name))
    lives = [parent.life for parent in parents]
    contracts, claims = _apportioned(lives, shares), _claims(parents, shares, keys)
    for name, share, area, contract, claimed in zip(
        data["to_codes"], shares, data["area_m2"], contracts, claims, strict=True
    ):
        text = rounded(share, 6)
        origin = [{"parcel_id": parent, "area_share": text, "money_share": text} for parent in data["from_codes"]]
        carried = {
            "parents": origin,
            "obligations": keys,
            "contract": contract | {"area_m2": area},
            "agreement": _agreed(lives),
            "fulfilled": _fulfilled(lives[0]),
        }
        if len(str(carried)) > _LARGEST:
            raise desk.refuse("LINEAGE_TOO_LARGE", "承继的合同记录过大，请分几次分割或合并")
        yield _derived(desk, name, "lineage.recorded", carried, uuid5(namespace, name))
        if lives[0].conversion is not None:  # what was turned into a grant stays one
            converted = {key: value for key, value in lives[0].conversion.data.items() if key != "price_wan"}
            on, event_id = lives[0].conversion.occurred_on, uuid5(namespace, f"{name}/conversion.decided")
            yield replace(_derived(desk, name, "conversion.decided", converted, event_id), occurred_on=on)
        for event_type, claim in claimed:
            yield _derived(desk, name, event_type, claim, uuid5(namespace, f"{name}/{event_type}/{claim['charge_id']}"))


def _claims(parents: list[_Parent], shares: list[Fraction], keys: list[str]) -> list[list[tuple[str, dict[str, Any]]]]:
    """What is claimed beside price and rent, as charges of each child, with what was paid on them. What a child computes
    itself is left out, and what is owed to the holder stays with the parent.
    """
    children: list[list[tuple[str, dict[str, Any]]]] = [[] for _ in shares]
    for parent in parents:
        for line in parent.found.amounts:
            own = line.charge_id is None and (line.kind == "LATE_FEE" or _DUTY_OF.get(line.kind) in keys)
            if line.amount <= 0 or own:
                continue
            charge_id = _own_number(line.charge_id or line.kind, parent.number)
            amounts = _parts(_wan(line.amount), shares)
            paid = _parts(_wan(line.paid), shares) if line.charge_id else ["0.00"] * len(shares)
            for child, amount, part in zip(children, amounts, paid, strict=True):
                child.append(("charge.assessed", _charge(parent.life, line, charge_id, amount)))
                if part != "0.00":
                    child.append(("charge.paid", {"charge_id": charge_id, "amount_wan": part}))
    return children


def _charge(life: Life, line: Amount, charge_id: str, amount: str) -> dict[str, Any]:
    reason = f"由{life.facts.parcel_id}按面积承继"
    charge = {"charge_id": charge_id, "kind": line.kind, "amount_wan": amount, "override_reason": reason}
    charge |= {"due": day_text(line.due)} if line.due is not None else {}
    return charge | ({"obligation": line.obligation} if line.obligation else {})


def _derived(desk: Desk, parcel_id: str, event_type: str, data: dict[str, Any], event_id: UUID) -> Decided:
    command = desk.command
    own = event_type == command.type
    return Decided(
        str(event_id), parcel_id, event_type, 1, desk.day, parcel_id[:6] if parcel_id[:6].isdigit() else command.jurisdiction,
        command.department if own else "SYS", None, command.contract_no if own else None, command.document if own else None, None, data,
    )  # fmt: skip


def _parents(desk: Desk) -> list[_Parent]:
    """The parcel of the command and every other parent, on the day of the act."""
    others = [name for name in desk.data["from_codes"] if name != desk.command.parcel_id]
    facts = [desk.facts, *(fold(desk.context.related.get(name, ()), RANK) for name in others)]
    return [
        _Parent(
            number,
            Life(one, desk.day, desk.rules, desk.calendar),
            assess_on(one, desk.day, desk.rules, desk.calendar),
        )
        for number, one in enumerate(facts, start=1)
    ]


def _carried(desk: Desk, parent: _Parent) -> Iterator[str]:
    """The obligations of a parent that are not behind it; milestones are those of the parcel of the command, where it
    has them.
    """
    milestones = {code for code, field, _ in MILESTONES if field in desk.life.dues}
    for one in parent.found.obligations:
        if one.state in ("MET", "MET_LATE", "WAIVED", "SUPERSEDED") or (parent.number > 1 and one.code in milestones):
            continue
        yield _own_number(one.key, parent.number) if one.code == "O-PAY" else one.key


def _fulfilled(life: Life) -> dict[str, str]:
    """The milestones that are behind the parcel of the command, with their days: damages count from them (11.37)."""
    done = {code: life.milestone_fact(code) for code, _, _ in MILESTONES}
    return {code: day_text(fact.occurred_on) for code, fact in done.items() if fact is not None}


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
    if lives[0].right_to is not None and lives[0].conversion is None:
        contract["term_to"] = day_text(lives[0].right_to)
    children: list[dict[str, Any]] = [dict(contract) for _ in shares]
    for key in _MONEY:
        sums = [value for life in lives if (value := exact(life.contract.get(key))) is not None]
        if sums:
            parts = _parts(rounded(sum(sums, Fraction(0)), 4), shares)
            for child, part in zip(children, parts, strict=True):
                child[key] = part
    for number, life in enumerate(lives, start=1):
        for item in payables(life):
            if item.code == "O-PAY":
                _share_out(children, item, _own_number(item.no, number), shares)
            elif item.code == "O-RENT":
                _share_payments(children, item, item.no, shares)
    return children


def _share_out(children: list[dict[str, Any]], item: Payable, number: str, shares: list[Fraction]) -> None:
    """One instalment of a parent, with what was paid on it, in the contract of each child."""
    for child, amount in zip(children, _parts(_wan(item.amount), shares), strict=True):
        child.setdefault("instalments", []).append({"no": number, "due": day_text(item.due), "amount_wan": amount})
    _share_payments(children, item, number, shares)


def _share_payments(children: list[dict[str, Any]], item: Payable, number: str, shares: list[Fraction]) -> None:
    """What was paid on an instalment or rent, on the day on which it was paid: nothing is late that was in time."""
    total, before = 0, [Fraction(0)] * len(shares)
    for on, amount in sorted([*item.paid, *item.fees]):
        total += amount
        after = [Fraction(one) for one in _parts(_wan(total), shares)]
        for child, part in zip(children, (new - old for new, old in zip(after, before, strict=True)), strict=True):
            paid = {"instalment_no": number, "paid_on": day_text(on), "amount_wan": rounded(part, 2)}
            child.setdefault("payments", []).append(paid)
        before = after


def _wan(amount: int) -> str:
    return rounded(Fraction(amount, 10_000), 4)


def _parts(total: str, shares: list[Fraction]) -> list[str]:
    cents = int((exact(total) or Fraction(0)) * 100 + Fraction(1, 2))
    parts = [int(cents * share) for share in shares]
    parts[shares.index(max(shares))] += cents - sum(parts)
    return [rounded(Fraction(one, 100), 2) for one in parts]
