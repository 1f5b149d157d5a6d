"""Price, rent, bond and what was paid: a payment is set against principal first (specification 3.2, 3.3, 11.14, 11.37)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any, Final

from domain.calendar import add_years
from domain.event import day_number
from domain.facts import Fact
from domain.policy import Rules
from domain.supervision.life import Life, day
from domain.supervision.measures import cents, yuan

LATE_RATE: Final = "pay.late_permille_day"
_LONGEST_LEASE_YEARS: Final = 20


@dataclass(slots=True)
class Payable:
    """One sum that is owed by a day: an instalment of the price, the rent of one year, the performance bond."""

    key: str
    code: str
    no: str
    due: int
    """As agreed."""
    rolled: int
    """The last day on which a payment is on time (specification 4.2)."""
    amount: int
    fact: Fact
    """The event that set the due day."""
    paid: list[tuple[int, int]] = field(default_factory=list)
    """(day, sum) in 元, principal alone."""
    fees: list[tuple[int, int]] = field(default_factory=list)
    """(day, sum) in 元 that came in above the principal: it is set against the late fee."""
    open: int = 0
    """What of the principal is not paid."""

    def __post_init__(self) -> None:
        self.open = self.amount - sum(amount for _, amount in self.paid)

    def take(self, on: int, amount: int) -> int:
        """Sets a payment against the principal; the rest comes back."""
        part = min(amount, self.open)
        if part > 0:
            self.paid.append((on, part))
            self.open -= part
            return amount - part
        return amount

    @property
    def fulfilled_on(self) -> int | None:
        """The day on which the principal was paid in full."""
        return self.paid[-1][0] if self.paid and self.open <= 0 else None

    def closed_on(self, fees_by: Rules | None) -> int | None:
        """The day on which principal and late fee were paid in full; with no rules for it, the principal alone counts."""
        done = self.fulfilled_on
        if done is None or fees_by is None:
            return done
        owed, paid = cents(self.late_fee(done, fees_by)), 0
        for on, amount in [(done, 0), *self.fees]:
            paid += amount
            if paid >= owed:
                return max(done, on)
        return None

    def late_fee(self, as_of: int, rules: Rules) -> Fraction:
        """Overdue sum × rate of each day, from the rolled due day, part by part as it was paid."""
        fee = Fraction(0)
        for paid_on, amount in (*self.paid, (as_of, max(self.open, 0))):
            if amount and min(paid_on, as_of) > self.rolled:
                fee += amount * rules.accrued(LATE_RATE, self.rolled, min(paid_on, as_of))
        return fee / 1000


def payables(life: Life) -> list[Payable]:
    """Every instalment, rent and bond of the parcel with what was paid on it up to the day, by due day (specification
    3.2, 11.14).
    """
    era: dict[str, Any] = life.era
    found: list[Payable] | None = era.get("payables")
    if found is None:
        found = era["payables"] = _payables(life)
    return found


def _payables(life: Life) -> list[Payable]:
    found = sorted([*_instalments(life), *_rents(life)], key=lambda payable: (payable.due, payable.key))
    by_no = {payable.no: payable for payable in found}
    for on, data in received(life):
        rest = yuan(data.get("amount_wan")) or 0
        named = by_no.get(str(data.get("instalment_no")))
        for payable in [named] if named else found:
            rest = payable.take(on, rest)
        if rest > 0 and found:
            (named or found[0]).fees.append((on, rest))
    found += _bond(life)
    for payable in found:
        if payable.fulfilled_on is not None:
            payable.rolled = life.rolled(payable.due, "payment", payable.fulfilled_on)
    return sorted(found, key=lambda payable: (payable.due, payable.key))


def received(life: Life) -> Iterator[tuple[int, Any]]:
    """(day, data) of every payment, what was paid on the parents of a split or merger first (specification 11.28)."""
    for one in life.contract.get("payments") or ():
        yield day_number(one["paid_on"]), one
    for fact in life.of("payment.received"):
        yield fact.occurred_on, fact.data


def _instalments(life: Life) -> list[Payable]:
    fact = life.contract_fact
    if fact is None:
        return []
    found = []
    for one in life.contract.get("instalments") or ():
        due = day(one.get("due"))
        if due is not None:
            amount, paid = yuan(one["amount_wan"]) or 0, yuan(one.get("paid_wan"))
            before = [(fact.occurred_on, paid)] if paid else []  # how splits were written before their payments were
            number = str(one["no"])
            found.append(
                Payable(f"O-PAY/{number}", "O-PAY", number, due, life.rolled(due, "payment"), amount, fact, before)
            )
    return found


def _rents(life: Life) -> list[Payable]:
    """Rent is due on each MM-DD from `term_from` to the end of the lease, inclusive; the title that is cancelled ends the
    lease (specification 2.1, 11.37).
    """
    fact, rent, when = life.contract_fact, yuan(life.contract.get("annual_rent_wan")), life.contract.get("rent_due")
    first = day(life.contract.get("term_from")) or (life.delivered.occurred_on if life.delivered else None)
    if fact is None or rent is None or not when or first is None:
        return []
    last = _lease_end(life) or add_years(first, _LONGEST_LEASE_YEARS) - 1
    last = last if life.cancelled_on is None else min(last, life.cancelled_on)
    month, day_of_month = int(when[:2]), int(when[3:])
    found = []
    for year in range(date.fromordinal(first).year, date.fromordinal(last).year + 1):
        due = _day_in(year, month, day_of_month)
        if first <= due <= last:
            found.append(Payable(f"O-RENT/{year}", "O-RENT", str(year), due, life.rolled(due, "payment"), rent, fact))
    return found


def _lease_end(life: Life) -> int | None:
    """The last day for which rent is owed: of the lease, not of the grant that may follow."""
    spans = life.tenure.spans
    ends = [span.end for span in spans if span.source.type != "conversion.decided" and span.end is not None]
    if life.conversion is not None:
        return min([*ends[:1], life.conversion.occurred_on - 1])
    return ends[-1] if ends else None


def _bond(life: Life) -> list[Payable]:
    """The performance bond, where the agreement names O-BOND with a day (specification 3.2)."""
    term = life.term("O-BOND")
    due = day(term.data.get("due")) if term else None
    if term is None or due is None:
        return []
    stated = next((f.data["bond"].get("amount_wan") for f in reversed(life.agreements) if f.data.get("bond")), None)
    amount = yuan(stated if stated is not None else term.data.get("threshold"))
    posted = life.of("bond.posted")
    if amount is None:  # any bond will do where no sum is stated
        amount = (yuan(posted[0].data.get("amount_wan")) or 1) if posted else 1
    found = Payable("O-BOND", "O-BOND", "", due, life.rolled(due, "payment"), amount, term.fact)
    for fact in posted:
        found.take(fact.occurred_on, yuan(fact.data.get("amount_wan")) or 0)
    return [found]


def _day_in(year: int, month: int, day_of_month: int) -> int:
    """29 February falls on the 28th in common years."""
    while True:
        try:
            return date(year, month, day_of_month).toordinal()
        except ValueError:
            day_of_month -= 1


def price_paid(items: Sequence[Payable]) -> bool | None:
    """Is the whole price paid on record; None where no instalments are known (specification 5.1)."""
    prices = [item.open <= 0 for item in items if item.code == "O-PAY"]
    return all(prices) if prices else None


def charge_payments(life: Life) -> dict[str, list[tuple[int, int]]]:
    """Charge id → (day, sum in 元) of its payments up to the day (specification 11.22)."""
    found: dict[str, list[tuple[int, int]]] = {}
    for fact in life.of("charge.paid"):
        data: Any = fact.data
        found.setdefault(str(data.get("charge_id")), []).append((fact.occurred_on, yuan(data.get("amount_wan")) or 0))
    return found
