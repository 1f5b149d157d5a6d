"""The late fee of price and rent: what has run up, what came in for it, what of that is due back (specification 3.3, 4.7,
11.14, 11.22, 11.37).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from domain.assessment import Breach
from domain.policy import Rules
from domain.supervision.life import Life
from domain.supervision.measures import cents, yuan
from domain.supervision.payments import Payable, charge_payments

_LOOKS_AHEAD: Final = 36_525
"""Days, a hundred years: no fee that has not overtaken what was paid by then ever does."""
_CENT: Final = 100
"""0.01 万元 in 元."""


def counts_until(life: Life) -> int:
    """The last day on which a late fee grows: today, or the day on which the title was cancelled (specification 11.37)."""
    return life.as_of if life.cancelled_on is None else min(life.as_of, life.cancelled_on)


def bearing(items: Sequence[Payable], breaches: Sequence[Breach]) -> list[Payable]:
    """Those that bear a fee once they are late: price and rent, no bond, nor what a decision took away (specification 3.3)."""
    gone = {one.obligation for one in breaches if one.kind == "PAY" and one.phase in ("WITHDRAWN", "EXEMPTED")}
    return [one for one in items if one.code != "O-BOND" and one.key not in gone]


def run_up(items: Sequence[Payable], on: int, rules: Rules) -> int:
    """What has run up on these until the end of a day, in 元 rounded to 0.01 万元 (specification 3.3)."""
    return cents(sum((one.late_fee(on, rules) for one in items), Fraction(0)))


def late_fee(life: Life, items: Sequence[Payable], breaches: Sequence[Breach]) -> tuple[int, bool] | None:
    """(sum in 元, does it still run) of price and rent, from the rolled due day (specification 3.3, 11.37)."""
    overdue = [one for one in bearing(items, ()) if one.rolled < life.as_of]
    if not overdue:
        return None
    owed = [one for one in bearing(overdue, breaches) if not life.is_history(one.rolled)]
    until = counts_until(life)
    total, running = run_up(owed, until, life.rules), life.cancelled_on is None and any(one.open > 0 for one in owed)
    received = received_for_fees(life, items)
    if running and received and received >= total:
        # more came in than has run up: from the day on which the fee overtakes it, it is owed
        ahead = range(until + 1, until + _LOOKS_AHEAD)
        overtaken = bisect_right(ahead, received, key=lambda on: run_up(owed, on, life.rules))
        life.may(ahead[overtaken] if overtaken < len(ahead) else None)
    return total, running


def set_against_charges(life: Life, items: Sequence[Payable]) -> dict[str, list[tuple[int, int]]]:
    """Charge id → (day, sum in 元): what comes in above the principal pays the late fees that were assessed until then and
    are still open (specification 11.14, 11.22).
    """
    found: dict[str, list[tuple[int, int]]] = {}
    fees = [fact for fact in life.of("charge.assessed") if fact.data.get("kind") == "LATE_FEE"]
    received = _above_principal(life, items) if fees else []
    left = {
        str(fact.data.get("charge_id")): (yuan(fact.data.get("amount_wan")) or 0) for fact in fees if received
    }  # fmt: skip
    for charge, payments in charge_payments(life).items():
        if charge in left:
            left[charge] -= sum(amount for _, amount in payments)
    for on, amount in received:
        rest = amount
        for fact in fees:
            charge = str(fact.data.get("charge_id"))
            part = min(rest, left[charge]) if fact.occurred_on <= on else 0
            if part > 0:
                found.setdefault(charge, []).append((on, part))
                left[charge] -= part
                rest -= part
    return found


def received_for_fees(life: Life, items: Sequence[Payable]) -> int:
    """What came in above the principal and paid no charge, in 元: it is set against the fee not assessed (specification 11.14)."""
    received = sum(amount for _, amount in _above_principal(life, items))
    against = set_against_charges(life, items) if received else {}
    return received - sum(amount for payments in against.values() for _, amount in payments)


def _above_principal(life: Life, items: Sequence[Payable]) -> list[tuple[int, int]]:
    """(day, sum in 元); what was paid on history that is not ours is left aside (specification 11.11)."""
    return sorted(fee for one in items if not life.is_history(one.rolled) for fee in one.fees)


def not_owed(life: Life, items: Sequence[Payable], fee: tuple[int, bool] | None, assessed: int) -> int:
    """What of it is no late fee any more and due back, in 元, once no fee runs against which it could be set (specification
    4.7, 11.22). After a split or merger the payments are the children's, in shares that were rounded one by one.
    """
    total, running = fee or (0, False)
    if running or life.taken_up_on is not None:
        return 0
    above = cents(received_for_fees(life, items) - max(total - assessed, 0))
    return above if above > _CENT * len(life.contract.get("payments") or ()) else 0
