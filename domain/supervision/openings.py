"""Where breaches come from and what closes them (specification 3.2, 4.2, 4.7, 11.37). Notices and orders come after."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from domain.event import Event
from domain.facts import CORRECTED, WITHDRAWN, Fact, Facts
from domain.supervision.idle import Idle, idle_of
from domain.supervision.life import MILESTONES, Life
from domain.supervision.measures import exact
from domain.supervision.payments import Payable, payables

KIND_OF: Final = {
    "O-PAY": "PAY", "O-RENT": "PAY", "O-BOND": "PAY", "O-START": "START", "O-COMPLETE": "COMPLETE", "O-PROD": "PROD",
    "O-FAR": "FAR", "O-BCOEF": "BCOEF", "O-OFFICE-L": "OFFICE", "O-OFFICE-F": "OFFICE", "O-NOHOUSE": "HOUSING",
    "O-GREEN": "GREEN", "O-USE": "USE", "O-IND": "USE", "O-PRICE5": "USE", "O-TRANSFER": "TRANSFER", "O-LET": "LETTING",
    "O-EQUITY": "EQUITY", "O-PUBLIC": "PUBLIC", "O-TERM": "TERM", "O-LAWFUL": "UNLAWFUL_START", "O-REACH": "PERF",
}  # fmt: skip
"""Which breach an obligation leads to (specification 3.2); other codes lead to PERF, O-INVEST on completion to INVEST."""
BY_NOTICE: Final = frozenset({"CAPACITY", "USE", "TRANSFER", "LETTING", "EQUITY", "PUBLIC", "HOUSING"})
_PAPERS: Final = frozenset(
    {"admission.reviewed", "agreement.amended", "agreement.signed", "conditions.changed", "conflict.decided", "contract.signed",
     "exit.opened", "exit.withdrawn", "extension.decided", "lineage.recorded", "remedy.decided", "title.cancelled", "transfer.registered",
     CORRECTED, WITHDRAWN}
)  # fmt: skip
"""On these every breach may rest."""
_ENDS: Final = frozenset(
    {"conversion.decided", "land.delivered", "renewal.applied", "renewal.decided", "title.registered"}
)
_WORKS: Final = frozenset({"construction.permitted", "construction.started"})
_REPORTS: Final = {
    "START": _WORKS, "COMPLETE": frozenset({"construction.completed"}), "PROD": frozenset({"production.started"}),
    "PAY": _ENDS | {"payment.received", "bond.posted"}, "TERM": _ENDS, "EQUITY": frozenset({"equity.changed"}),
    "IDLE": _WORKS | {"construction.completed", "construction.progress_reported", "construction.resumed", "construction.stopped"},
    "UNLAWFUL_START": frozenset({"construction.started", "site.inspected"}),
}  # fmt: skip
"""Kind → the reports on which it rests beside the papers."""
_FIGURES: Final = frozenset(
    {"construction.completed", "construction.progress_reported", "construction.verified", "indicators.reported", "performance.assessed"}
)  # fmt: skip


@dataclass(slots=True)
class Opening:
    """One breach from its facts alone: since when, by what, until when."""

    breach_id: str
    kind: str
    obligation: str | None
    since: int
    detected: int
    source: Fact
    ended_on: int | None = None
    end_phase: str = "CLOSED"
    items: list[dict[str, Any]] = field(default_factory=list)
    codes: frozenset[str] = frozenset()
    """Every code, key or kind by which it may be addressed."""
    failed_again_on: tuple[int, ...] = ()
    """PERF: days of further failures in a row."""
    failures: tuple[str, ...] = ()
    """PERF: ids of the assessments that failed."""

    def stands_on(self, on: int) -> bool:
        """Is it open at the end of a day."""
        return self.since <= on and (self.ended_on is None or self.ended_on > on)


@lru_cache(maxsize=100_000)
def breach_id(parcel_id: str, kind: str, event_id: str, part: str = "") -> str:
    """One id for life: parcel, kind, the event that set the due day or carried the figure, instalment (11.20)."""
    return str(uuid5(_parcel_namespace(parcel_id), f"{kind}/{event_id}/{part}"))


@lru_cache(maxsize=20_000)
def _parcel_namespace(parcel_id: str) -> UUID:
    return uuid5(NAMESPACE_URL, parcel_id)


def opening(
    life: Life, kind: str, obligation: str | None, since: int, source: Fact, *, part: str = "", codes: Sequence[str] = (),
) -> Opening:  # fmt: skip
    """A breach that opens on a day by an event (specification 4.1, 11.20)."""
    identity = breach_id(life.facts.parcel_id, kind, source.event_id, part)
    return Opening(identity, kind, obligation, since, since, source, codes=frozenset((kind, *codes)))


def by_clock(life: Life, owed: list[Payable], idle: Idle) -> list[Opening]:
    """The breaches that a passed day opens: milestones, payments, idle land, the end of the term (specification 4.2;
    民法典第201至203条).
    """
    found = _by_clock(life, owed, idle)
    for one in found:
        one.detected = revealed(life, one, _told_by_clock)
    return found


def _by_clock(life: Life, owed: list[Payable], idle: Idle) -> list[Opening]:
    found = [*_milestones(life), *_payments(life, owed), *_idle(life, idle), *_term(life)]
    return [one for one in found if one.since <= life.as_of]


def _told_by_clock(told: Life) -> list[Opening]:
    return _by_clock(told, payables(told), idle_of(told))


def revealed(life: Life, one: Opening, find: Callable[[Life], list[Opening]]) -> int:
    """The day on which the breach came to light: its first day, or that of the correction or withdrawal before which
    `find` did not find it; one whose due day was brought forward was known from the day after the old one (specification
    4.2, 11.21).
    """
    for event in _changes(life.facts):
        if event.occurred_on > one.since and _touches(life.facts, event, one.kind):
            before = _known_since(life, one, find, event.version - 1, event.occurred_on)
            after = _known_since(life, one, find, event.version, event.occurred_on)
            if before != one.since and after == one.since and not _known_before_the_report(life, one, find, event):
                return event.occurred_on if before is None else max(one.since, before)
    return one.since


def _known_before_the_report(life: Life, one: Opening, find: Callable[[Life], list[Opening]], change: Event) -> bool:
    """Did the breach stand already before the report was made that this event changes: a withdrawn extension had hidden
    what the system knew (specification 4.1).
    """
    report = _changed_by(life.facts, change)
    return report is not None and _known_since(life, one, find, report.version - 1, report.occurred_on) == one.since


def _changes(facts: Facts) -> tuple[Event, ...]:
    """The corrections and withdrawals, the last recorded first."""
    if "changes" not in facts.memo:
        found = [event for event in facts.events if event.type in (CORRECTED, WITHDRAWN)]
        facts.memo["changes"] = (
            tuple(reversed(found)),
            {event.event_id: event for event in facts.events} if found else {},
        )
    changes: tuple[Event, ...] = facts.memo["changes"][0]
    return changes


def _touches(facts: Facts, event: Event, kind: str) -> bool:
    """Can a change of that report bring a breach of the kind to light? Looking at each costs a folding of the life."""
    report = _changed_by(facts, event)
    return report is not None and (report.type in _PAPERS or report.type in _REPORTS.get(kind, _FIGURES))


def _changed_by(facts: Facts, event: Event) -> Event | None:
    """The report that a correction or withdrawal is about; None where the parcel has none such."""
    report: Event | None = facts.memo["changes"][1].get(str(event.data.get("corrects") or event.data.get("withdraws")))
    return report


def _known_since(life: Life, one: Opening, find: Callable[[Life], list[Opening]], version: int, on: int) -> int | None:
    """The first day of the breach by what was known of a day up to a version; None: none was known."""
    kept: dict[tuple[Any, int, int], dict[str, int]] = life.era.setdefault("known_since", {})
    key = (find, version, on)
    if key not in kept:
        told = Life(life.facts.until(version), on, life.rules, life.calendar)
        kept[key] = {other.breach_id: other.since for other in find(told)}
    return kept[key].get(one.breach_id)


def by_fact(life: Life) -> list[Opening]:
    """The breaches that one report opens by itself: a start without approval, a change of control (specification
    11.18, 11.37).
    """
    found = _by_fact(life)
    for one in found:
        one.detected = revealed(life, one, _by_fact)
    return found


def _by_fact(life: Life) -> list[Opening]:
    return [*_unlawful(life), *_equity(life)]


def _milestones(life: Life) -> Iterator[Opening]:
    """The day after due until fulfilled; START and COMPLETE end with the title too (specification 8.1, 11.37)."""
    for code, field_name, kind in MILESTONES:
        entry = life.dues.get(field_name)
        if entry is None or life.is_history(entry[0]):
            continue
        due, source = entry
        done = life.milestone_fact(code)
        if done is None and not life.leaving:
            life.will(due - life.rule("remind.milestone_days"), due + 1)
        if (done and done.occurred_on <= due) or due + 1 > life.clock:
            continue
        one = opening(life, kind, code, due + 1, source, codes=(code,))
        if done:
            one.ended_on, one.end_phase = done.occurred_on, "CLOSED_LATE"
        elif life.cancelled_on is not None and kind != "PROD":
            one.ended_on = life.cancelled_on
        yield one


def _payments(life: Life, owed: list[Payable]) -> Iterator[Opening]:
    """Each instalment, rent and bond overdue is a breach of its own, from the day after the rolled due day; it closes
    with the principal, where the pack says so with the late fee too (specification 4.7, 11.14).
    """
    days = life.rule("remind.payment_days")
    fees_by = life.rules if life.rule("pay.close_requires_late_fee") else None
    for one in owed:
        done = one.closed_on(None if one.code == "O-BOND" else fees_by)
        if life.is_history(one.rolled) or (done is not None and done <= one.rolled):
            continue
        if done is None:
            life.will(one.rolled + 1)
            if one.open < one.amount:
                life.may(one.due - days)
            else:
                life.will(one.due - days)
            life.may(one.due + life.rule("pay.terminate_after_days") + 1)
        if one.rolled >= life.as_of or (life.taken_up_on is not None and one.rolled >= life.taken_up_on):
            continue
        found = opening(life, "PAY", one.key, one.rolled + 1, one.fact, part=one.key, codes=(one.code, one.key))
        if done is not None:
            found.ended_on, found.end_phase = done, "CLOSED_LATE"
        elif life.taken_up_on is not None:
            found.ended_on = life.taken_up_on
        yield found


def _idle(life: Life, idle: Idle) -> Iterator[Opening]:
    """From the first day of Y1 to the start, to resumption with both ratios, to completion, or to the exit (4.7)."""
    for spell in idle.spells:
        found = opening(life, "IDLE", None, spell.first_day, spell.source, codes=("IDLE",))
        found.ended_on = spell.ended_on
        yield found


def _term(life: Life) -> Iterator[Opening]:
    """The day after an end until the title is cancelled, or until a renewal or conversion counts; none that begins
    during an exit (specification 4.7, 8.1, 11.37).
    """
    if life.mode == "ALLOCATION":
        return
    spans = life.tenure.spans
    for number, span in enumerate(spans):
        following = spans[number + 1].counts_from if number + 1 < len(spans) else None
        if following is not None:
            life.may(following)
        if span.end is None or life.is_history(span.end) or (following is not None and following <= span.end + 1):
            continue
        life.will(span.end + 1)
        if span.end >= life.clock:
            continue
        found = opening(life, "TERM", "O-TERM", span.end + 1, span.source, codes=("O-TERM",))
        ends = [one for one in (following, life.cancelled_on) if one is not None and one <= life.as_of]
        found.ended_on, found.end_phase = min(ends, default=None), "CLOSED_LATE"
        yield found


def _unlawful(life: Life) -> Iterator[Opening]:
    """未批先建 (specification 11.18): closed by inspection or a decision."""
    for fact in life.of("construction.started", "site.inspected"):
        if fact.data.get("unlawful") or "UNLAWFUL_START" in (fact.data.get("findings") or ()):
            yield opening(life, "UNLAWFUL_START", "O-LAWFUL", fact.occurred_on, fact, codes=("O-LAWFUL",))


def _equity(life: Life) -> Iterator[Opening]:
    """A change of control without consent, above the share that agreement or pack leave free (3.2, 11.37)."""
    term = life.term("O-EQUITY")
    limit = exact(term.data.get("threshold")) if term is not None else None
    limit = life.rule("equity.max_change") if limit is None else limit
    for fact in life.of("equity.changed"):
        share, consent = exact(fact.data.get("percent")), fact.data.get("consent")
        above = limit is not None and share is not None and share > limit
        free = limit is not None and share is not None and share <= limit
        if (consent is False and not free) or (above and not consent):
            yield opening(life, "EQUITY", "O-EQUITY", fact.occurred_on, fact, codes=("O-EQUITY",))
