"""The parts of a sum or figure that the children of a split or merger take over (specification 8.12 no. 10)."""

from __future__ import annotations

from fractions import Fraction

from domain.supervision.measures import exact, rounded


def parts(total: str, shares: list[Fraction]) -> list[str]:
    """A sum (万元 or m²) by shares that add up to one, to 0.01, the rounding difference to the largest part
    (specification 8.12 no. 10).
    """
    hundredths = int((exact(total) or Fraction(0)) * 100 + Fraction(1, 2))
    found = [int(hundredths * share) for share in shares]
    found[shares.index(max(shares))] += hundredths - sum(found)
    return [rounded(Fraction(one, 100), 2) for one in found]


def rounded_up(figure: Fraction, share: Fraction) -> str:
    """One part of a figure, to 0.01: a limit that the whole has reached stays reached (specification 4.3)."""
    return rounded(Fraction(-(-figure * share * 100 // 1), 100), 2)
