"""What a split or merger hands over to its children: contract, agreement, duties and claims (specification 8.12, 11.28).

Everything that is owed goes along in shares of the area, to the cent; on the parents nothing of it is left. The facts
behind it are repeated in the child (`repeats`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Final
from uuid import UUID, uuid5

from domain.assessment import Amount
from domain.decision import Decided
from domain.event import day_text
from domain.events import RANK
from domain.facts import fold
from domain.guards.desk import Desk
from domain.guards.repeats import Child, Parent, own_number, repeated
from domain.guards.shares import parts
from domain.supervision import assess_on
from domain.supervision.late_fees import set_against_charges
from domain.supervision.life import MILESTONES, Life
from domain.supervision.measures import exact, rounded
from domain.supervision.payments import Payable, payables

_MONEY: Final = (
    "price_wan", "development_investment_wan", "fixed_asset_investment_wan", "annual_rent_wan", "assessed_price_50y_wan",
)  # fmt: skip
"""The sums of a contract that a split or merger shares out."""
_DAMAGES: Final = {
    "LD_START": ("O-START", "start_due", "ld_start_permille_day"),
    "LD_COMPLETE": ("O-COMPLETE", "complete_due", "ld_complete_permille_day"),
}
"""Damages that run by the day: their duty, its day and their rate in the contract."""
_LARGEST: Final = 1_048_576
"""Characters of the data of one derived event: what is written must also be sent (contract 5)."""


def lineage(desk: Desk) -> Iterator[Decided]:
    """The derived events of a split or merger: into every child, and the act itself into every other parent (specification 11.28)."""
    command, data = desk.command, desk.data
    namespace = UUID(command.event_id)
    total = sum((exact(one) or Fraction(0) for one in data["area_m2"]), Fraction(0))
    shares = [(exact(one) or Fraction(0)) / total for one in data["area_m2"]]
    parents = _parents(desk)
    for parent in parents:
        _may_be_taken_up(desk, parent)
    keys = list(dict.fromkeys(key for parent in parents for key in _carried(desk, parent)))
    for name in data["from_codes"]:
        if name != command.parcel_id:
            yield _derived(desk, name, command.type, dict(data), str(uuid5(namespace, name)))
    lives = [parent.life for parent in parents]
    contracts, agreements, claims = _apportioned(lives, shares), _agreed(lives, shares), _claims(parents, shares, keys)
    for place, (name, area) in enumerate(zip(data["to_codes"], data["area_m2"], strict=True)):
        child = Child(name, place, shares, namespace)
        facts = [pair for parent in parents for pair in repeated(parent, child)]
        text = rounded(shares[place], 6)
        carried = {
            "parents": [{"parcel_id": one, "area_share": text, "money_share": text} for one in data["from_codes"]],
            "obligations": keys,
            "contract": contracts[place] | {"area_m2": area},
            "agreement": agreements[place],
            **_behind(lives[0], {derived.event_id: fact.event_id for fact, derived in facts}),
        }
        if len(str(carried)) > _LARGEST:
            raise desk.refuse("LINEAGE_TOO_LARGE", "承继的合同记录过大，请分几次分割或合并")
        yield _derived(desk, name, "lineage.recorded", carried, child.event_id())
        yield from (derived for _, derived in facts)
        for event_type, claim in claims[place]:
            yield _derived(desk, name, event_type, claim, child.event_id(f"{event_type}/{claim['charge_id']}"))


def _claims(parents: list[Parent], shares: list[Fraction], keys: list[str]) -> list[list[tuple[str, dict[str, Any]]]]:
    """What is claimed beside price and rent, as charges of each child, with what was paid on them. What a child computes
    itself is left out, and what is owed to the holder stays with the parent.
    """
    children: list[list[tuple[str, dict[str, Any]]]] = [[] for _ in shares]
    computed = _computed_by_child(parents, keys)
    for parent in parents:
        for line in parent.found.amounts:
            if line.amount <= 0 or (line.charge_id is None and line.kind in computed):
                continue
            charge_id = own_number(line.charge_id or line.kind, parent.number)
            amounts = parts(_wan(line.amount), shares)
            paid = parts(_wan(line.paid), shares) if line.charge_id else ["0.00"] * len(shares)
            for child, amount, part in zip(children, amounts, paid, strict=True):
                child.append(("charge.assessed", _charge(parent.life, line, charge_id, amount)))
                if part != "0.00":
                    child.append(("charge.paid", {"charge_id": charge_id, "amount_wan": part}))
    return children


def _computed_by_child(parents: list[Parent], keys: list[str]) -> set[str]:
    """Late fees, and damages whose duty goes along and that run alike on every parent: the child has one course."""
    kinds = {"LATE_FEE"}
    for kind, (duty, field, rate) in _DAMAGES.items():
        courses = set()
        for parent in parents:
            life = parent.life
            days = [fact and fact.occurred_on for fact in (life.started, life.completed)]
            runs = any(line.kind == kind for line in parent.found.amounts)
            courses.add((runs, life.due(field), life.contract.get(rate), *days))
        if duty in keys and len(courses) == 1:
            kinds.add(kind)
    return kinds


def _charge(life: Life, line: Amount, charge_id: str, amount: str) -> dict[str, Any]:
    reason = f"由{life.facts.parcel_id}按面积承继"
    charge = {"charge_id": charge_id, "kind": line.kind, "amount_wan": amount, "override_reason": reason}
    charge |= {"due": day_text(line.due)} if line.due is not None else {}
    return charge | ({"obligation": line.obligation} if line.obligation else {})


def _derived(desk: Desk, parcel_id: str, event_type: str, data: dict[str, Any], event_id: str) -> Decided:
    command = desk.command
    own = event_type == command.type
    return Decided(
        event_id, parcel_id, event_type, 1, desk.day, parcel_id[:6] if parcel_id[:6].isdigit() else command.jurisdiction,
        command.department if own else "SYS", None, command.contract_no if own else None, command.document if own else None, None, data,
    )  # fmt: skip


def _parents(desk: Desk) -> list[Parent]:
    """The parcel of the command and every other parent, on the day of the act."""
    others = [name for name in desk.data["from_codes"] if name != desk.command.parcel_id]
    facts = [desk.facts, *(fold(desk.context.related.get(name, ()), RANK) for name in others)]
    return [
        Parent(
            number,
            Life(one, desk.day, desk.rules, desk.calendar),
            assess_on(one, desk.day, desk.rules, desk.calendar),
        )
        for number, one in enumerate(facts, start=1)
    ]


def _may_be_taken_up(desk: Desk, parent: Parent) -> None:
    """A parcel is taken up once, and not while an exit runs, which ends by its own acts alone; the exit that a transfer
    of surplus land opened is carried out by the split (specification 2.1, 5.1).
    """
    life, running = parent.life, parent.found.exit_in_progress
    name = life.facts.parcel_id
    taken_up = any(name in act.data.get("from_codes", ()) for act in life.facts.of("parcel.split", "parcel.merged"))
    if taken_up or life.cancelled_on is not None:
        raise desk.refuse("PARCEL_EXITED", f"宗地{name}已分割、合并或注销，不能再分割或合并")
    if running is not None and running[0] != "MTP":
        raise desk.refuse("EXIT_RUNNING", f"宗地{name}的退出程序（{running[0]}）正在进行，请先撤回或办结")


def _carried(desk: Desk, parent: Parent) -> Iterator[str]:
    """The obligations of a parent that are not behind it; milestones are those of the parcel of the command, where it
    has them.
    """
    milestones = {code for code, field, _ in MILESTONES if field in desk.life.dues}
    for one in parent.found.obligations:
        if one.state in ("MET", "MET_LATE", "SUPERSEDED") or (parent.number > 1 and one.code in milestones):
            continue
        yield own_number(one.key, parent.number) if one.code == "O-PAY" else one.key


def _behind(life: Life, repeats: dict[str, str]) -> dict[str, Any]:
    """Which events of the child repeat which of its parents; for a parent that came from a split of an earlier release,
    whose facts were not repeated, the days of its milestones.
    """
    if life.carried is None:
        return {"repeats": repeats}
    done = {code: life.milestone_fact(code) for code, _, _ in MILESTONES}
    return {"fulfilled": {code: day_text(fact.occurred_on) for code, fact in done.items() if fact is not None}}


def _agreed(lives: list[Life], shares: list[Fraction]) -> list[dict[str, Any]]:
    """What the agreements of the parents ask of each child; where two differ, as the parcel of the command has it. A bond
    of a stated sum is shared out.
    """
    terms = {term.code: dict(term.data) for life in reversed(lives) for term in life.terms}
    bonds = [item.amount for life in lives for item in payables(life) if item.code == "O-BOND" and item.amount > 1]
    children = []
    for part in parts(_wan(sum(bonds)), shares):
        own = {code: data | {"threshold": part} if bonds and code == "O-BOND" else data for code, data in terms.items()}
        children.append({"obligations": list(own.values()), "exit_clause": {"present": lives[0].exit_clause}})
    return children


def _as_changed(life: Life) -> dict[str, Any]:
    """The contract of a parent with the plot ratio as it was last changed, the end of the term as it is registered and
    the day of its import; what is paid by instalments is left aside.
    """
    contract = {key: value for key, value in life.contract.items() if key not in ("instalments", "payments")}
    for fact in life.of("conditions.changed"):
        contract |= {key: fact.data[key] for key in ("far_min", "far_max") if key in fact.data}
    first = life.tenure.spans[0] if life.tenure.spans else None
    if first is not None and first.end is not None and first.source.type != "land.delivered":
        contract["term_to"] = day_text(first.end)  # what renewals and conversions made of it is repeated with them
    if life.onboarded_on is not None:
        contract["onboarded_on"] = day_text(life.onboarded_on)
    return contract


def _apportioned(lives: list[Life], shares: list[Fraction]) -> list[dict[str, Any]]:
    """The contract of each child: the money of all parents by area to the cent, the rounding difference to the largest
    part (8.12). What parents state differently is as the parcel of the command has it.
    """
    contract = {key: value for life in reversed(lives) for key, value in _as_changed(life).items()}
    children: list[dict[str, Any]] = [dict(contract) for _ in shares]
    for key in _MONEY:
        sums = [value for life in lives if (value := exact(life.contract.get(key))) is not None]
        if sums:
            total = rounded(sum(sums, Fraction(0)), 4)
            for child, part in zip(children, parts(total, shares), strict=True):
                child[key] = part
    for number, life in enumerate(lives, start=1):
        with_charges = _paid_on_charges(life)
        for item in payables(life):
            received = _beside(item, with_charges)
            if item.code == "O-PAY":
                _share_out(children, item, own_number(item.no, number), received, shares)
            elif item.code == "O-RENT":
                _share_payments(children, received, item.no, shares)
    return children


def _paid_on_charges(life: Life) -> Counter[int]:
    """Day → what came in above the principal and paid a late fee that was assessed: it goes along with the charge."""
    against = set_against_charges(life, payables(life))
    found: Counter[int] = Counter()
    for on, amount in (one for payments in against.values() for one in payments):
        found[on] += amount
    return found


def _beside(item: Payable, with_charges: Counter[int]) -> list[tuple[int, int]]:
    """(day, sum) of what was paid on an instalment or rent, less what goes along with a charge."""
    received = list(item.paid)
    for on, amount in item.fees:
        part = min(amount, with_charges[on])
        with_charges[on] -= part
        received.append((on, amount - part))
    return sorted((on, amount) for on, amount in received if amount)


def _share_out(
    children: list[dict[str, Any]], item: Payable, number: str, received: list[tuple[int, int]], shares: list[Fraction]
) -> None:
    """One instalment of a parent, with what was paid on it, in the contract of each child."""
    for child, amount in zip(children, parts(_wan(item.amount), shares), strict=True):
        child.setdefault("instalments", []).append({"no": number, "due": day_text(item.due), "amount_wan": amount})
    _share_payments(children, received, number, shares)


def _share_payments(
    children: list[dict[str, Any]], received: list[tuple[int, int]], number: str, shares: list[Fraction]
) -> None:
    """What was paid on an instalment or rent, on the day on which it was paid: nothing is late that was in time."""
    total, before = 0, [Fraction(0)] * len(shares)
    for on, amount in received:
        total += amount
        after = [Fraction(one) for one in parts(_wan(total), shares)]
        for child, part in zip(children, (new - old for new, old in zip(after, before, strict=True)), strict=True):
            paid = {"instalment_no": number, "paid_on": day_text(on), "amount_wan": rounded(part, 2)}
            child.setdefault("payments", []).append(paid)
        before = after


def _wan(amount: int) -> str:
    return rounded(Fraction(amount, 10_000), 4)
