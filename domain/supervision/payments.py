"""Price, rent and what was paid: a payment is set against principal first (specification 3.2, 3.3, 11.14, 11.37)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from domain.facts import Fact
from domain.supervision.life import Life, day
from domain.supervision.measures import yuan


@dataclass(slots=True)
class Payable:
    """One sum that is owed by a day: an instalment of the price or the rent of one year."""

    key: str
    code: str
    no: str
    due: int
    """As agreed."""
    rolled: int
    """The last day on which a payment is on time (specification 4.2)."""
    amount: int
    fact: Fact
    paid: list[tuple[int, int]] = field(default_factory=list)
    """(day, sum) in 元, principal alone."""

    @property
    def open(self) -> int:
        """What of the principal is not paid."""
        return self.amount - sum(amount for _, amount in self.paid)

    @property
    def fulfilled_on(self) -> int | None:
        """The day on which the principal was paid in full."""
        return self.paid[-1][0] if self.paid and self.open <= 0 else None

    def late_fee(self, as_of: int, permille: Fraction) -> Fraction:
        """Overdue sum × rate × days, from the rolled due day, part by part as it was paid."""
        total = Fraction(0)
        for paid_on, amount in [*self.paid, (as_of, max(self.open, 0))]:
            total += amount * permille / 1000 * max(min(paid_on, as_of) - self.rolled, 0)
        return total


def payables(life: Life) -> list[Payable]:
    """Every instalment and rent of the parcel with what was paid on it up to the day, by due day."""
    found = [*_instalments(life), *_rents(life)]
    by_no = {payable.no: payable for payable in found}
    for fact in life.of("payment.received"):
        amount = yuan(fact.data.get("amount_wan")) or 0
        named = by_no.get(str(fact.data.get("instalment_no")))
        for payable in [named] if named else found:
            part = min(amount, payable.open)
            if part > 0:
                payable.paid.append((fact.occurred_on, part))
                amount -= part
    return sorted(found, key=lambda payable: (payable.due, payable.key))


def _instalments(life: Life) -> list[Payable]:
    fact = life.contract_fact
    if fact is None:
        return []
    found = []
    for one in life.contract.get("instalments") or ():
        due = day(one.get("due"))
        if due is not None:
            amount, paid = yuan(one["amount_wan"]) or 0, yuan(one.get("paid_wan"))
            before = [(fact.occurred_on, paid)] if paid else []  # paid on the parent of a split parcel
            found.append(
                Payable(
                    f"O-PAY/{one['no']}", "O-PAY", str(one["no"]), due, life.calendar.roll(due), amount, fact, before
                )
            )
    return found


def _rents(life: Life) -> list[Payable]:
    """Rent is due on each MM-DD from `term_from` to the end of the lease, inclusive (specification 11.37)."""
    fact, rent, when = life.contract_fact, yuan(life.contract.get("annual_rent_wan")), life.contract.get("rent_due")
    first = day(life.contract.get("term_from")) or (life.delivered.occurred_on if life.delivered else None)
    last = _lease_end(life)
    if fact is None or rent is None or not when or first is None:
        return []
    month, day_of_month = int(when[:2]), int(when[3:])
    found = []
    horizon = min(last, life.as_of + 400) if last is not None else life.as_of + 400
    for year in range(date.fromordinal(first).year, date.fromordinal(horizon).year + 1):
        due = _day_in(year, month, day_of_month)
        if first <= due <= horizon:
            found.append(Payable(f"O-RENT/{year}", "O-RENT", str(year), due, life.calendar.roll(due), rent, fact))
    return found


def _lease_end(life: Life) -> int | None:
    """The last day for which rent is owed: of the lease, not of the grant that may follow."""
    if life.conversion is not None:
        start = day(life.conversion.data.get("effective_from")) or life.conversion.occurred_on
        return start - 1
    return life.right_to


def _day_in(year: int, month: int, day_of_month: int) -> int:
    """29 February falls on the 28th in common years."""
    while True:
        try:
            return date(year, month, day_of_month).toordinal()
        except ValueError:
            day_of_month -= 1


def price_paid(items: list[Payable]) -> bool | None:
    """Is the whole price paid on record; None where no instalments are known (specification 5.1)."""
    prices = [item for item in items if item.code == "O-PAY"]
    return all(item.open <= 0 for item in prices) if prices else None


def rent_in_arrears(life: Life, items: list[Payable]) -> bool:
    """Is a rent overdue on the day."""
    return any(item.code == "O-RENT" and item.open > 0 and life.as_of > item.rolled for item in items)


def charge_payments(life: Life) -> dict[str, list[tuple[int, int]]]:
    """Charge id → (day, sum in 元) of its payments up to the day."""
    found: dict[str, list[tuple[int, int]]] = {}
    for fact in life.of("charge.paid"):
        data: Any = fact.data
        found.setdefault(str(data.get("charge_id")), []).append((fact.occurred_on, yuan(data.get("amount_wan")) or 0))
    return found
