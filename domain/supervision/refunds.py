"""What is given back of the price when land is returned before its end (specification 3.3, 11.15)."""

from __future__ import annotations

from fractions import Fraction

from domain.calendar import add_years
from domain.supervision.life import Life
from domain.supervision.measures import cents, exact


def pro_rata(life: Life, on: int) -> int | None:
    """Price × remaining years / term, in 元: whole years by anniversary, the rest in days of a year of
    `refund.year_days` (specification 11.15). None where price, term or end are not known, or nothing remains.
    """
    end, term = life.right_to, exact(life.contract.get("term_years"))
    if life.price is None or not term or end is None or on >= end:
        return None
    years = 0
    while add_years(on, years + 1) <= end:
        years += 1
    rest = end - add_years(on, years)
    return cents(life.price * (years + Fraction(rest, life.rule("refund.year_days"))) / term)
