"""Assessments: figures from the reports of their own departments, compared with the agreement (6.1, 2.4, 11.35)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Final

from domain.facts import Fact, Facts
from domain.supervision.life import Life
from domain.supervision.measures import HECTARE, MU, YUAN_PER_WAN, below, exact, rounded
from domain.supervision.terms import Term

_AT_MOST: Final = frozenset({"O-OFFICE-L", "O-OFFICE-F", "O-EQUITY", "O-GREEN"})
_CEILINGS: Final = frozenset({("O-ENERGY", "吨标煤/万元"), ("O-EMIT", "t"), ("O-EMIT", "吨")})
"""What is a floor in one unit and a ceiling in this one: energy per output, the tonnes that a permit allows (3.2)."""


def direction_of(code: str, unit: str | None) -> str:
    """GE or LE of specification 3.2 where the agreement is silent."""
    return "LE" if code in _AT_MOST or (code, unit) in _CEILINGS else "GE"


@dataclass(slots=True)
class Item:
    """One item as it counts: the requirement, the figure, whether it is met (None: no figure)."""

    code: str
    threshold: Fraction | None
    direction: str
    actual: Fraction | None
    unit: str | None
    hard: bool
    shown: str | None
    """The figure as text."""
    source: str | None
    """Id of the report the figure comes from, None: as the assessment says."""

    @property
    def met(self) -> bool | None:
        """Does the figure meet the requirement."""
        if self.actual is None or self.threshold is None:
            return None
        return compare(self.actual, self.direction, self.threshold)


@dataclass(slots=True)
class Assessed:
    """One assessment; its result is computed where it has hard items (specification 6.1), else as it was sent."""

    fact: Fact
    kind: str
    items: list[Item]
    result: str

    @property
    def failed_items(self) -> list[Item]:
        """The hard items that were not met."""
        return [item for item in self.items if item.hard and item.met is False]


def compare(actual: Fraction, direction: str, threshold: Fraction) -> bool:
    """GE, LE or EQ, without tolerance (specification 6.1)."""
    if direction == "LE":
        return not below(threshold, actual)
    return actual == threshold if direction == "EQ" else not below(actual, threshold)


def assessments(life: Life) -> list[Assessed]:
    """Every assessment up to the day, in order, each by the agreement of its own day; the caller's own copies
    (specification 6.1).
    """
    return [replace(one) for one in assessed_of(life)]


def assessed_of(life: Life) -> Sequence[Assessed]:
    """The same, kept for the era: to be read alone (specification 6.1)."""
    found: list[Assessed] | None = life.era.get("assessed")
    if found is None:
        from_reports = life.rule("assess.items_from_reports")
        found = life.era["assessed"] = [
            assess(
                life.facts,
                fact,
                life.terms_on(fact.occurred_on),
                life.contract,
                life.area,
                life.as_of,
                from_reports=from_reports,
            )
            for fact in life.of("performance.assessed")
        ]
    return found


def expected_terms(kind: str, terms: list[Term], contract: Any) -> list[dict[str, Any]]:
    """The obligations that belong to a kind of assessment (specification 11.35)."""
    if kind == "START_COMPLETE":
        return [term.data for term in terms if term.data.get("assess_on") == "COMPLETION"]
    if kind == "CONVERSION":
        conditions = (contract.get("conversion") or {}).get("conditions")
        if conditions:
            return [{**one, "hard": True} for one in conditions]
    return [term.data for term in terms if term.data.get("assess_on") == "REACH"]


def assess(
    facts: Facts,
    fact: Fact,
    terms: list[Term],
    contract: Any,
    land: int | None,
    as_of: int | None = None,
    *,
    from_reports: bool = True,
) -> Assessed:
    """One assessment: PASS when every hard item of its kind is met; without any, as it was reported (specification
    6.1).

    Reports of the departments count up to `as_of` (None: every report known); not at all
    where the pack takes items as they were sent (`assess.items_from_reports`).
    """
    kind = str(fact.data.get("kind"))
    wanted = {one["code"]: one for one in expected_terms(kind, terms, contract)}
    others = {term.code: term.data for term in terms}
    items = []
    for entry in fact.data.get("items") or ():
        code = str(entry.get("code"))
        term = wanted.get(code) or others.get(code) or {}
        period = fact.data.get("period") if from_reports else None
        reported = figure(facts, code, _unit(term, entry), period, land, as_of)
        items.append(_item(entry, term, reported, belongs=code in wanted or term.get("assess_on") == "YEARLY"))
    hard = [item for item in items if item.hard]
    if not hard:
        return Assessed(fact, kind, items, str(fact.data.get("result") or "PASS"))
    passed = all(item.met is not False for item in hard)
    return Assessed(fact, kind, items, "PASS" if passed else "FAIL")


def _unit(term: Any, entry: Any) -> str | None:
    unit = term.get("unit") or entry.get("unit")
    return unit if isinstance(unit, str) else None


def _item(entry: Any, term: Any, reported: tuple[Fraction, str] | None, *, belongs: bool) -> Item:
    code, unit = str(entry.get("code")), _unit(term, entry)
    threshold = exact(term.get("threshold")) if term.get("threshold") else exact(entry.get("required"))
    actual, shown, source = exact(entry.get("actual")), entry.get("actual"), None
    if reported is not None:
        actual, source = reported
        shown = rounded(actual, 4)
    elif entry.get("unit") and unit and entry["unit"] != unit and actual is not None:
        actual = convert(actual, entry["unit"], unit)
        shown = rounded(actual, 4)
    direction = term.get("direction") or direction_of(code, unit)
    return Item(code, threshold, direction, actual, unit, bool(term.get("hard")) and belongs, shown, source)


def convert(value: Fraction, old: str, new: str) -> Fraction:
    """Between 万元/亩 and 万元/公顷, exactly; other units are left as they are (specification 3.1)."""
    if {old, new} == {"万元/亩", "万元/公顷"}:
        return value * HECTARE / MU if old == "万元/亩" else value * MU / HECTARE
    return value


def figure(
    facts: Facts,
    code: str,
    unit: str | None,
    period: Any,
    land: int | None,
    as_of: int | None = None,
    *,
    first: bool = False,
) -> tuple[Fraction, str] | None:
    """The figure of an item from the reports of the same period, as corrected, and the report it rests on.

    `first`: as the reports said before any correction.
    Figures of scope ENTERPRISE never speak for one parcel (specification 11.37).
    """
    reports, main = facts.of("indicators.reported"), MAIN.get(code)
    if not period or not any(main in report.data for report in reports):
        return None
    values: dict[str, tuple[Fraction, Fact]] = {}
    chosen = {fact.data.get("event_id") for fact in facts.of("conflict.decided")}
    for report in reports:
        known = as_of is None or report.occurred_on <= as_of
        data = report.event.data if first else report.data
        if known and data.get("scope") != "ENTERPRISE" and data.get("period") == period:
            for key in data:
                value = _value(data, key)
                if value is not None and (key not in values or _counts(key, report, values[key][1], chosen)):
                    values[key] = (value, report)
    computed = _computed(code, unit, {key: one for key, (one, _) in values.items()}, land)
    if computed is None or main is None:
        return None
    return computed, values[main][1].event_id


def _counts(key: str, report: Fact, held: Fact, chosen: set[Any]) -> bool:
    """Does a report take the place of an earlier one: what the coordinator chose, else what the figure's own
    department says, else the later (specification 2.4, 11.16).
    """
    if report.department == held.department:
        return True
    if chosen & {report.event_id, held.event_id}:
        return report.event_id in chosen
    return held.department != EMITTERS.get(key)


EMITTERS: Final = {
    "tax_wan": "TAX", "revenue_wan": "STAT", "output_wan": "STAT", "value_added_wan": "STAT", "staff_avg": "STAT",
    "energy_tce": "DRC", "energy_basis": "DRC", "emission_t": "EEB", "rd_wan": "STB",
}  # fmt: skip
"""Whose figure an indicator is (specification 2.4)."""
MAIN: Final = {
    "O-TAX": "tax_wan", "O-OUTPUT": "output_wan", "O-VA": "value_added_wan", "O-ENERGY": "energy_tce", "O-EMIT": "emission_t",
    "O-RD": "rd_wan", "O-LABOUR": "staff_avg",
}  # fmt: skip
"""The indicator of whose department an item is (specification 2.4, 6.1)."""


def _value(data: Any, key: str) -> Fraction | None:
    if key == "emission_t" and isinstance(data[key], dict):
        return sum((exact(one) or Fraction(0) for one in data[key].values()), Fraction(0))
    return exact(data[key]) if key.endswith(("_wan", "_tce", "_avg")) else None


def _computed(code: str, unit: str | None, values: dict[str, Fraction], land: int | None) -> Fraction | None:
    """The ratio of specification 3.1 for an item, of a permit the tonnes themselves (3.2); None where a figure is
    missing.
    """
    main = MAIN.get(code)
    if main is None or main not in values:
        return None
    if code == "O-EMIT" and (code, unit) in _CEILINGS:
        return values[main]
    if code in ("O-TAX", "O-OUTPUT", "O-VA"):
        return _per_land(values[main], unit, land)
    over, under = {
        "O-ENERGY": ("energy_tce", "output_wan") if unit == "吨标煤/万元" else ("value_added_wan", "energy_tce"),
        "O-EMIT": ("value_added_wan", "emission_t"),
        "O-RD": ("rd_wan", "revenue_wan"),
        "O-LABOUR": ("value_added_wan", "staff_avg"),
    }[code]
    if over not in values or not values.get(under):
        return None
    return values[over] / values[under]


def _per_land(value: Fraction, unit: str | None, land: int | None) -> Fraction | None:
    if not land:
        return None
    if unit == "万元/公顷":
        return Fraction(value.numerator * HECTARE, value.denominator * land)
    return value * MU / land


def shortfall(item: Item, land: int | None) -> Fraction | None:
    """What is missing of an item per 亩 or 公顷 over the whole land, in 元 (specification 3.3: top-up)."""
    if item.actual is None or item.threshold is None or not land or item.unit not in ("万元/亩", "万元/公顷"):
        return None
    per = Fraction(land) / (HECTARE if item.unit == "万元/公顷" else MU)
    return max((item.threshold - item.actual) * per * YUAN_PER_WAN, Fraction(0))
