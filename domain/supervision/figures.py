"""Breaches that a measured figure opens: verifications and assessments (specification 3.2, 4.2, 4.7, 6.1, 11.37)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from domain.facts import Fact
from domain.supervision.life import Life
from domain.supervision.measures import below, exact, rounded
from domain.supervision.openings import KIND_OF, Opening, opening, revealed
from domain.supervision.performance import Assessed, assessed_of, compare, direction_of, figure
from domain.supervision.verification import verification

MEASURED: Final = ("O-FAR", "O-BCOEF", "O-OFFICE-L", "O-OFFICE-F", "O-GREEN", "O-NOHOUSE")
Requirement = tuple[Fraction | None, Fraction | None, Fact | None]
_CODES_OF: Final = {
    kind: tuple(code for code in MEASURED if KIND_OF[code] == kind)
    for kind in ("FAR", "BCOEF", "OFFICE", "GREEN", "HOUSING")
}


def by_figure(life: Life) -> list[Opening]:
    """Every breach that a verification or an assessment opened, those that ended among them (specification 3.2,
    4.7).
    """
    found = _by_figure(life)
    for one in found:
        one.detected = max(one.detected, revealed(life, one, _by_figure))
    return found


def _by_figure(life: Life) -> list[Opening]:
    assessed = assessed_of(life)
    return [*_measured(life), *_performance(life, assessed), *_investment(life, assessed)]


def requirement(life: Life, code: str, on: int) -> Requirement:
    """(least, most, the paper) that a verification of a day is held against: agreement, contract, changed conditions
    (specification 3.2, 4.7).
    """
    kept: dict[tuple[str, int], Requirement] = life.era.setdefault("requirements", {})
    on = min(on, life.last_paper_on)
    found = kept.get((code, on))
    if found is None:
        found = kept[code, on] = _requirement(life, code, on)
    return found


def _requirement(life: Life, code: str, on: int) -> Requirement:
    """Of several papers the later one replaces what the earlier says (contract 4)."""
    term = next((one for one in life.terms_on(on) if one.code == code), None)
    least: Fraction | None = None
    most: Fraction | None = None
    paper = life.contract_fact
    said: list[tuple[int, str | None, str | None]] = []
    if term is not None and term.data.get("threshold"):
        value, paper = str(term.data["threshold"]), term.fact
        direction = term.data.get("direction") or direction_of(code, term.data.get("unit"))
        bounds = (value if direction in ("GE", "EQ") else None, value if direction in ("LE", "EQ") else None)
        said.append((paper.occurred_on, *bounds))
    if code == "O-FAR":
        least, most = exact(life.contract.get("far_min")), exact(life.contract.get("far_max"))
        changes = [fact for fact in life.of("conditions.changed") if fact.occurred_on <= on]
        said += [(fact.occurred_on, fact.data.get("far_min"), fact.data.get("far_max")) for fact in changes]
        said.sort(key=lambda one: one[0])
    for _, low, high in said:
        least = exact(low) if low else least
        most = exact(high) if high else most
    return least, most, paper


def fails(life: Life, code: str, verified: Fact, on: int) -> bool:
    """Does a verification miss the requirement of a day. What is not known fails nothing (specification 3.2)."""
    found = verification(life.facts, verified)
    if code == "O-NOHOUSE":
        return bool(found.housing) and any(term.code == code for term in life.terms_on(on))
    ratio = found.ratios.get(code)
    if ratio is None:
        return False
    least, most, _ = requirement(life, code, on)
    return (least is not None and below(ratio, least)) or (most is not None and below(most, ratio))


def _measured(life: Life) -> Iterator[Opening]:
    """From a failing verification to one that meets it, or to a supplement under which it does (4.7).

    Each item counts by the last verification that measured it: one that is silent on it closes nothing. A failure
    after a decision that took the breach away opens another (11.37: one breach per kind and source event).
    """
    if not life.of("construction.verified"):
        return
    facts = life.of("construction.verified", "conditions.changed", "agreement.amended")
    named = {term.code for term in life.terms}
    for kind, codes in _CODES_OF.items():
        if kind != "FAR" and named.isdisjoint(codes):
            continue
        current: Opening | None = None
        last: dict[str, Fact] = {}
        for fact in facts:
            if fact.type == "construction.verified":
                last |= {code: fact for code in codes if _measures(life, fact, code)}
            failed = [code for code, verified in last.items() if fails(life, code, verified, fact.occurred_on)]
            shown = [code for code in failed if last[code] is fact]
            taken = None if current is None else _waived(life, [current]).get(current.breach_id)
            if shown and current is not None and taken is not None and taken < fact.occurred_on:
                current.ended_on, current = taken, None
            if shown and current is None:
                current = _missed(life, kind, shown, fact)
                yield current
            elif not failed and current is not None:
                current.ended_on, current = fact.occurred_on, None


def _measures(life: Life, verified: Fact, code: str) -> bool:
    """Does a verification say anything of an item."""
    found = verification(life.facts, verified)
    return found.housing is not None if code == "O-NOHOUSE" else code in found.ratios


def _missed(life: Life, kind: str, failed: list[str], fact: Fact) -> Opening:
    found = opening(life, kind, failed[0], fact.occurred_on, fact, codes=_CODES_OF[kind])
    ratios = verification(life.facts, fact).ratios
    found.items = [{"code": code, "actual": rounded(ratios[code], 4) if code in ratios else None} for code in failed]
    return found


def _performance(life: Life, assessed: Sequence[Assessed]) -> list[Opening]:
    """PERF from the first failure to the next PASS. One that a decision took away covers the failures up to that
    decision; a failure after it opens another (specification 8.1, 11.37).
    """
    kinds = life.rule("assess.perf.kinds")
    relevant = [one for one in assessed if one.kind in kinds]
    if not relevant:
        return []
    waived: dict[str, int] = {}
    found = _perf_openings(life, relevant, waived)
    for _ in relevant:  # each decision can bring at most one further opening to light
        decided = _waived(life, found)
        if decided == waived:
            break
        waived = decided
        found = _perf_openings(life, relevant, waived)
    return found


def _perf_openings(life: Life, relevant: list[Assessed], waived: Mapping[str, int]) -> list[Opening]:
    found: list[Opening] = []
    current: Opening | None = None
    for one in relevant:
        on = one.fact.occurred_on
        if current is not None and waived.get(current.breach_id, on) < on:
            current = None
        if one.result == "PASS":
            if current is not None:
                current.ended_on, current = on, None
        elif current is None:
            current = opening(life, "PERF", "O-REACH", on, one.fact, codes=("O-REACH", *_codes(one)))
            current.items, current.failures = _items(one), (one.fact.event_id,)
            current.detected = max(on, _assessment_revealed(life, one))
            found.append(current)
        else:
            current.failed_again_on = (*current.failed_again_on, on)
            current.failures = (*current.failures, one.fact.event_id)
            current.codes |= frozenset(_codes(one))
    return found


def _waived(life: Life, found: list[Opening]) -> dict[str, int]:
    """Breach id → the day of the decision that took it away; seen on every day (specification 2.3)."""
    taken: dict[str, int] = {}
    for fact in life.facts.of("breach.decided"):
        if fact.data.get("decision") not in ("EXEMPTED", "WITHDRAWN"):
            continue
        for one in found:
            named = fact.data.get("breach_id") == one.breach_id or (
                not fact.data.get("breach_id")
                and fact.data.get("obligation") in one.codes
                and one.stands_on(fact.occurred_on)
            )
            if named:
                taken.setdefault(one.breach_id, fact.occurred_on)
    return taken


def failed_in_a_row(life: Life, found: Sequence[Opening], waived_ids: frozenset[str]) -> int:
    """Failed assessments since the last PASS; waived ones do not count (specification 5.1, 11.37)."""
    waived = {event for one in found if one.breach_id in waived_ids for event in one.failures}
    count, kinds = 0, life.rule("assess.perf.kinds")
    for one in assessed_of(life):
        if one.kind in kinds and one.fact.event_id not in waived:
            count = 0 if one.result == "PASS" else count + 1
    return count


def _investment(life: Life, assessed: Sequence[Assessed]) -> Iterator[Opening]:
    """O-INVEST missed at completion, until a START_COMPLETE assessment passes; a failure after a decision that took the
    breach away opens another (specification 3.2, 4.7, 11.37).
    """
    current: Opening | None = None
    for one in assessed:
        if one.kind != "START_COMPLETE":
            continue
        if any(item.code == "O-INVEST" for item in one.failed_items):
            taken = None if current is None else _waived(life, [current]).get(current.breach_id)
            if current is not None and taken is not None and taken < one.fact.occurred_on:
                current.ended_on, current = taken, None
            if current is None:
                current = opening(life, "INVEST", "O-INVEST", one.fact.occurred_on, one.fact, codes=("O-INVEST",))
                current.items = _items(one)
                current.detected = max(one.fact.occurred_on, _assessment_revealed(life, one))
                yield current
        elif current is not None and one.result == "PASS":
            current.ended_on, current = one.fact.occurred_on, None


def _codes(one: Assessed) -> set[str]:
    return {item.code for item in one.failed_items}


def _items(one: Assessed) -> list[dict[str, Any]]:
    return [
        {"code": item.code, "threshold": None if item.threshold is None else rounded(item.threshold, 4), "actual": item.shown, "unit": item.unit}
        for item in one.failed_items
    ]  # fmt: skip


def _assessment_revealed(life: Life, one: Assessed) -> int:
    """The day of the correction or report by which the assessment turned into a failure (11.21)."""
    on = one.fact.occurred_on
    sent = {entry.get("code"): exact(entry.get("actual")) for entry in one.fact.event.data.get("items") or ()}
    period, days = one.fact.event.data.get("period"), [on]
    for item in one.failed_items:
        reported = figure(life.facts, item.code, item.unit, period, life.area, on, first=True)
        actual = sent.get(item.code) if reported is None else reported[0]
        if actual is None or item.threshold is None:
            continue
        if not compare(actual, item.direction, item.threshold):
            return on  # it failed as it was first reported
        report = life.facts.by_id.get(item.source or "")
        days += [fact.corrected_by[-1].occurred_on for fact in (one.fact, report) if fact and fact.corrected_by]
        if report is not None and not report.corrected_by:
            days.append(report.occurred_on)
    return max(days)
