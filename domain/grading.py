"""Classes A, B, C, D of enterprises from their figures of a year, T for those that are not graded (specification 6.2, 11.5).

A formula is a list of terms; the score is Σ value ÷ benchmark × weight, each term at most `grade.cap` times its weight.
Ordered by score, then tax per mu, then USCC; of N graded the first `grade.a` are A, up to `grade.b_cumulative` B, the last
`grade.d` D, the rest C. An enterprise with a veto is D on top of those.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from domain.policy import Rules


@dataclass(slots=True, frozen=True)
class Term:
    """One figure of a formula with its weight; `benchmark` None: given for the year and the place."""

    figure: str
    weight: Fraction
    benchmark: Fraction | None = None
    average_where_absent: bool = False
    """An enterprise without this figure gets the average score of those that have it; else it cannot be scored."""


def _terms(*lines: tuple[str, int, str | None], absent: str = "") -> tuple[Term, ...]:
    return tuple(
        Term(figure, Fraction(weight), None if benchmark is None else Fraction(benchmark), figure == absent)
        for figure, weight, benchmark in lines
    )


FORMULAS: Final[Mapping[str, tuple[Term, ...]]] = {
    "huaian-2024": _terms(("tax_per_mu", 45, None), ("sales_per_mu", 35, None), ("tax_per_energy", 20, None)),
    "huangyan-2022": _terms(
        ("tax_per_mu", 30, "24.097"), ("value_added_per_mu", 20, "136.16"), ("value_added_per_energy", 20, "2.694"),
        ("value_added_per_emission", 10, "4929.81"), ("labour_productivity", 10, "18.14"), ("rd_ratio", 10, "0.0302"),
        absent="value_added_per_emission",
    ),
    "huangyan-2022-small": _terms(("tax_per_mu", 50, "11.5932"), ("tax_per_kwh", 50, "0.2352")),
}  # fmt: skip
"""Name → terms: 淮安2024 [W23] (benchmarks are twice the county's average of the year before), 黄岩2022 above and below scale [W25]."""

VETOES: Final = frozenset({"MAJOR_ACCIDENT", "TAX_FRAUD"})


class FiguresMissing(Exception):  # noqa: N818 - told to whoever sent the figures
    """A figure or a benchmark that the formula needs is not there; the message names whose and which."""


@dataclass(slots=True, frozen=True)
class Enterprise:
    """What is known of one enterprise for the year. Figures per mu count the area of all its parcels once (6.2, [W18])."""

    uscc: str
    figures: Mapping[str, Fraction]
    vetoes: frozenset[str] = frozenset()
    """Of `VETOES`; those that the pack's `grade.veto` names count."""
    graded: bool = True
    """False: T, e.g. a utility or less than two years in production."""
    bonus: Fraction = field(default_factory=Fraction)
    """Points added to the score, or taken from it where negative."""


@dataclass(slots=True, frozen=True)
class Grade:
    """The class of one enterprise; `score` None for T."""

    uscc: str
    class_: str
    score: Fraction | None
    rank: int | None


def grade(
    enterprises: Sequence[Enterprise],
    formula: Sequence[Term],
    benchmarks: Mapping[str, Fraction],
    rules: Rules,
    on: int,
) -> list[Grade]:
    """The class of every enterprise, the graded ones by rank, then those of class T by USCC. Raises FiguresMissing.

    Source: specification 6.2 (algorithm), 11.5 (vetoes, N).
    """
    ranked = [one for one in enterprises if one.graded]
    scores = _scores(ranked, formula, benchmarks, rules.get("grade.cap", on))
    order = rules.get("grade.order", on)
    ranked.sort(key=lambda one: [_place(name, one, scores[one.uscc]) for name in order])
    total, vetoing = len(ranked), set(rules.get("grade.veto", on))
    first = _round_half_up(rules.get("grade.a", on) * total)
    upper = _round_half_up(rules.get("grade.b_cumulative", on) * total)
    last = _round_half_up(rules.get("grade.d", on) * total)
    found = []
    for rank, one in enumerate(ranked, start=1):
        class_ = "A" if rank <= first else "D" if rank > total - last else "B" if rank <= upper else "C"
        found.append(Grade(one.uscc, "D" if one.vetoes & vetoing else class_, scores[one.uscc], rank))
    left = sorted(one.uscc for one in enterprises if not one.graded)
    return found + [Grade(uscc, "T", None, None) for uscc in left]


def _place(name: str, one: Enterprise, score: Fraction) -> Fraction | str:
    """What the order looks at: the higher score and tax first, then the USCC (`grade.order`)."""
    if name == "SCORE":
        return -score
    return one.uscc if name == "USCC" else -one.figures.get("tax_per_mu", Fraction(0))


def _scores(
    ranked: Sequence[Enterprise], formula: Sequence[Term], benchmarks: Mapping[str, Fraction], cap: Fraction
) -> dict[str, Fraction]:
    scores = {one.uscc: one.bonus for one in ranked}
    for term in formula:
        benchmark = benchmarks.get(term.figure, term.benchmark)
        if not benchmark:
            raise FiguresMissing(f"缺少{term.figure}的基准值")
        reached = {
            one.uscc: min(one.figures[term.figure] / benchmark, cap) * term.weight
            for one in ranked
            if term.figure in one.figures
        }
        missing = [one.uscc for one in ranked if one.uscc not in reached]
        if missing and not (term.average_where_absent and reached):
            raise FiguresMissing(f"企业{missing[0]}缺少{term.figure}")
        average = sum(reached.values(), Fraction(0)) / len(reached) if missing else Fraction(0)
        for uscc in scores:
            scores[uscc] += reached.get(uscc, average)
    return scores


def _round_half_up(value: Fraction) -> int:
    return int(value + Fraction(1, 2))
