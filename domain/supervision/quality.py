"""What is missing or contradictory: items of the data-quality list, never alerts (specification 11.11, 11.16, 11.33)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from typing import Any, Final

from domain.assessment import DataQuality, Filing, Obligation
from domain.calendar import add_months
from domain.event import day_text
from domain.facts import Fact
from domain.supervision.idle import ratios
from domain.supervision.life import Life
from domain.supervision.performance import MAIN, Assessed
from domain.supervision.work import process_window

_CODE_OF: Final = {figure: code for code, figure in MAIN.items()}
"""The obligation whose figure an indicator is."""
_PROGRESS: Final = ("invest_excl_land_wan", "invest_fixed_total_wan", "developed_m2")
_MILESTONE_EVENTS: Final = (
    ("O-START", "construction.started"),
    ("O-COMPLETE", "construction.completed"),
    ("O-PROD", "production.started"),
)


def quality(
    life: Life, found: list[Obligation], assessed: Sequence[Assessed], filed: list[Filing]
) -> list[DataQuality]:
    """The items of the parcel on the day; also notes the conflicts on their obligations (specification 11.16,
    11.33).
    """
    if life.cancelled_on is not None:
        return []
    items = [*_missing(life, found), *_unreported(life, found), *_silent(life, assessed, filed)]
    if "conflicts" not in life.era:
        life.era["conflicts"] = list(_conflicts(life))
    conflicts: list[tuple[str, list[dict[str, Any]], tuple[str, ...]]] = life.era["conflicts"]
    for code, values, events in conflicts:
        since = max(life.facts.by_id[event].occurred_on for event in events)
        items.extend(DataQuality("CONFLICT", str(one["department"]), code, None, since, events) for one in values)
        for one in found:
            if one.code == code:
                one.conflict = values
    return items


def _missing(life: Life, found: list[Obligation]) -> Iterator[DataQuality]:
    """History that nobody reported (A-DATA-MISSING)."""
    for one in found:
        if one.state == "NOT_REPORTED" and life.is_history(one.due):
            assert life.onboarded_on is not None
            yield DataQuality("DATA_MISSING", one.supervisor, one.key, one.due, life.onboarded_on)


def _unreported(life: Life, found: list[Obligation]) -> Iterator[DataQuality]:
    """Figures of the agreement that nobody reported by their day: one of their own, or the completion on which they are
    assessed (specification 6.1, 11.33).
    """
    built = None if life.completed is None else life.completed.occurred_on
    for one in found:
        if one.state != "NOT_REPORTED" or one.code == "O-REACH":
            continue
        term = life.term(one.code) if one.due is None else None
        due = built if term is not None and term.data.get("assess_on") == "COMPLETION" else one.due
        if due is None or life.is_history(due):
            continue
        life.may(due + 1)
        if life.as_of > due:
            yield DataQuality("SILENCE", one.supervisor, one.key, due, due + 1)


def _silent(life: Life, assessed: Sequence[Assessed], filed: list[Filing]) -> Iterator[DataQuality]:
    """A department owed a report by a day and has sent none (specification 11.33)."""
    last = _assessment_due(life, assessed)
    if last is not None and not life.is_history(last):
        yield from _owed(life, life.rules.assessment_lead, "O-REACH", last)
    done = life.completed
    if done is not None and not life.of("construction.verified") and not life.is_history(done.occurred_on):
        yield from _owed(life, "NRP", "O-FAR", done.occurred_on, done.event_id)
    stopped = life.last("construction.stopped")
    if stopped is not None and done is None and ratios(life, life.as_of) == (None, None):
        yield from _owed(life, "TOWN", None, stopped.occurred_on, stopped.event_id)
    for one in filed:
        if one.state == "OVERDUE":
            for department in life.rules.departments_for("filing.submitted"):
                yield DataQuality("SILENCE", department, "O-FILE", one.due, one.due + 1)


def _assessment_due(life: Life, assessed: Sequence[Assessed]) -> int | None:
    """The last day of the next assessment of the operation: of REACH, after one of PROCESS (specification 3.2, 6.1)."""
    window = process_window(life, assessed)
    if window is not None:
        return window[1]
    due = life.due("capacity_due")
    if due is None or life.produced is None or life.is_history(due):
        return None
    return add_months(due, life.rule("assess.reach.window_months"))


def _owed(life: Life, department: str, obligation: str | None, due: int, *events: str) -> Iterator[DataQuality]:
    """The item of a report that is owed by a day, from the next day on."""
    life.will(due + 1)
    if life.as_of > due:
        yield DataQuality("SILENCE", department, obligation, due, due + 1, events)


def _conflicts(life: Life) -> Iterator[tuple[str, list[dict[str, Any]], tuple[str, ...]]]:
    """Two departments that report different days or figures for the same thing, until a coordinator decides."""
    decided = {(fact.data.get("obligation"), fact.data.get("field")) for fact in life.of("conflict.decided")}
    for code, event_type in _MILESTONE_EVENTS:
        facts = [fact for fact in life.of(event_type) if not fact.data.get("unlawful")]
        if len(facts) > 1 and (code, "occurred_on") not in decided:
            yield from _differing(code, [(fact, day_text(fact.occurred_on)) for fact in facts])
    yield from _differing_progress(life)
    reported = [fact for fact in life.of("indicators.reported") if fact.data.get("scope") != "ENTERPRISE"]
    if len({fact.department for fact in reported}) < 2:
        return
    reports: dict[tuple[str, str], list[tuple[Fact, str]]] = {}
    for fact in reported:
        for key, value in fact.data.items():
            if key in _CODE_OF:
                reports.setdefault((key, str(fact.data.get("period"))), []).append((fact, str(value)))
    for (key, _), values in reports.items():
        if len(values) > 1 and (_CODE_OF[key], key) not in decided:
            yield from _differing(_CODE_OF[key], values)


def _differing_progress(life: Life) -> Iterator[tuple[str, list[dict[str, Any]], tuple[str, ...]]]:
    """Cumulative figures that departments report differently for one day: the first of each day."""
    told = life.of("construction.progress_reported")
    if len({fact.department for fact in told}) < 2:
        return
    chosen = {fact.data.get("event_id") for fact in life.of("conflict.decided")}
    for _, group in groupby(told, key=lambda fact: fact.occurred_on):
        reports = list(group)
        if chosen.isdisjoint(fact.event_id for fact in reports):
            by_key = ([(fact, str(fact.data[key])) for fact in reports if fact.data.get(key)] for key in _PROGRESS)
            yield from islice((one for values in by_key for one in _differing("O-INVEST", values)), 1)


def _differing(
    code: str, values: list[tuple[Fact, str]]
) -> Iterator[tuple[str, list[dict[str, Any]], tuple[str, ...]]]:
    departments = {fact.department for fact, _ in values}
    if len(departments) > 1 and len({value for _, value in values}) > 1:
        shown = [{"department": fact.department, "event_id": fact.event_id, "value": value} for fact, value in values]
        yield code, shown, tuple(fact.event_id for fact, _ in values)
