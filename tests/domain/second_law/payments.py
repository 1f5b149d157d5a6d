"""What was paid on price and rent, and the fee of what came late (specification 3.3, 11.14, 11.22, 11.37)."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from .days import day, roll
from .record import once
from .terms import promises, contract, exited_on, instalments, is_history, rents, wan


@dataclass
class Owed:
    """One instalment, rent or bond: when it was due, when it was paid, what came late."""

    key: str
    due: date
    rolled: date
    sum: Fraction
    paid: Fraction
    paid_on: date | None
    fee: Fraction
    fee_paid: tuple
    """(day, sum) of what came in above the principal."""
    history: bool


@once
def owed(view):
    """Everything of price and rent that the contract names, by key."""
    lines = [("O-PAY", *one) for one in instalments(view)] + [("O-RENT", *one) for one in rents(view)]
    lines.sort(key=lambda line: (line[2], f"{line[0]}/{line[1]}"))
    received = {f"{code}/{no}": [] for code, no, *_ in lines}
    for one in view.of("payment.received"):
        rest = wan(one.data["amount_wan"])
        named = [line for line in lines if line[1] == str(one.data.get("instalment_no"))]
        for code, no, _, _, total in named or lines:  # a number of nothing that is owed: the oldest debt first
            key = f"{code}/{no}"
            part = rest if named else min(rest, max(total - sum(amount for _, amount in received[key]), 0))
            if part:
                received[key].append((one.day, part))
            rest -= part
        if rest and lines:
            received[f"{lines[0][0]}/{lines[0][1]}"].append((one.day, rest))
    return [
        _owed(view, f"{code}/{no}", received[f"{code}/{no}"], due, rolled, total)
        for code, no, due, rolled, total in lines
    ]


def _owed(view, key, received, due, rolled, total):
    paid = sum((amount for _, amount in received), Fraction(0))
    paid_on = None
    for when, _ in received:
        if sum(amount for other, amount in received if other <= when) >= total:
            paid_on = when
            break
    rate = view.rule("pay.late_permille_day")
    end = min([view.day] + ([paid_on] if paid_on else []) + ([exited_on(view)] if exited_on(view) else []))
    fee = Fraction(0) if rate is None else _late_sum(total, received, rolled, end) * rate / 1000
    history = is_history(view, rolled)
    return Owed(
        key,
        due,
        rolled,
        total,
        min(paid, total),
        paid_on,
        Fraction(0) if history else fee,
        () if history else tuple(_above(total, received)),
        history,
    )


def _above(total, received):
    """What came in above the principal, day by day."""
    before = Fraction(0)
    for when, amount in received:
        part = max(before + amount - total, 0) - max(before - total, 0)
        before += amount
        if part:
            yield when, part


def _late_sum(total, received, rolled, end):
    """Σ over the late days of what was open when the day began: stretches between payments, debt × days."""
    late, begin = Fraction(0), rolled
    for stop in sorted({when for when, _ in received if rolled < when < end} | {end}):
        open_sum = max(total - sum(amount for when, amount in received if when <= begin), Fraction(0))
        late += open_sum * max((stop - begin).days, 0)
        begin = stop
    return late


def bond(view):
    """The bond of the agreement, or None where the agreement names none."""
    term = promises(view).get("O-BOND")
    if term is None:
        return None
    asked = [one.data["bond"] for one in view.of("agreement.signed", "agreement.amended") if one.data.get("bond")]
    total = wan(term.get("threshold")) or (
        wan(asked[-1]["amount_wan"]) if asked and asked[-1].get("amount_wan") else None
    )
    signed = contract(view)
    due = day(term.get("due")) or (signed.day if signed else None)
    if due is None:
        return None
    paid, paid_on = Fraction(0), None
    for one in view.of("bond.posted"):
        paid += wan(one.data["amount_wan"])
        if paid_on is None and (total is None or paid >= total):
            paid_on = one.day
    rolled = roll(due, view.calendar)
    return Owed("O-BOND", due, rolled, total, paid, paid_on, Fraction(0), (), is_history(view, rolled))
