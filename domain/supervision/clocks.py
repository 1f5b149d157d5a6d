"""The procedure clocks of a breach: recorded and shown, they decide nothing (specification 4.4, 4.6, 11.8, 11.26)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from domain.assessment import Breach
from domain.facts import Fact
from domain.supervision.life import Life, day


class Clock(NamedTuple):
    """NOTICE, ANSWER, INTERVIEW, HEARING or PUBLIC_NOTICE: its last day, the day on which it was met, its parameter."""

    clock: str
    until: int
    done_on: int | None
    rule: str


def clocks_of(life: Life, breach: Breach) -> list[Clock]:
    """The clocks that the steps on a breach set going, in the order of part 4; those of the day alone (specification 4.4, 11.26)."""
    steps = [fact for event in breach.events if (fact := life.facts.by_id.get(event)) is not None]
    found = [*_notice(life, breach, steps), *_answers(life, breach, steps), *_interview(life, steps)]
    return [*found, *_recovery(life)] if breach.kind == "IDLE" else found


def _served(fact: Fact) -> int:
    """Clocks run from the day of service where it is known (specification 11.26)."""
    return day((fact.data.get("service") or {}).get("served_on")) or fact.occurred_on


def _first(steps: list[Fact], *types: str, since: int = 0) -> int | None:
    return next((fact.occurred_on for fact in steps if fact.type in types and fact.occurred_on >= since), None)


def _notice(life: Life, breach: Breach, steps: list[Fact]) -> Iterator[Clock]:
    """Within 10 working days after detection; an order implies the notice (specification 4.1, 4.4)."""
    done = _first(steps, "breach.notified", "rectification.ordered")
    if done is not None or breach.ended_on is None:
        until = life.calendar.add_workdays(breach.detected_at, life.rule("breach.notice_workdays"))
        yield Clock("NOTICE", until, done, "breach.notice_workdays")


def _answers(life: Life, breach: Breach, steps: list[Fact]) -> Iterator[Clock]:
    """15 days to answer a notice, 30 an investigation of idle land, where the paper names no day (4.3, 4.4)."""
    asked = [(fact, "breach.answer_days") for fact in steps if fact.type == "breach.notified"]
    if breach.kind == "IDLE":
        since = breach.effective_from
        asked += [(one, "idle.answer_days") for one in life.of("idle.investigated") if one.occurred_on >= since]
    for fact, rule in asked:
        named = day(fact.data.get("deadline_to_answer"))
        until = life.rolled(_served(fact) + life.rule(rule), "answer") if named is None else named
        answers = [
            one.occurred_on
            for one in life.of("breach.contested")
            if one.occurred_on >= fact.occurred_on
            and (one.data.get("breach_id") or one.data.get("obligation"))
            in (breach.breach_id, breach.obligation, breach.kind)
        ]
        yield Clock("ANSWER", until, min(answers, default=None), rule)


def _interview(life: Life, steps: list[Fact]) -> Iterator[Clock]:
    """60 days after money was assessed and nothing moved (specification 4.4)."""
    charged = _first(steps, "charge.assessed")
    if charged is not None:
        until = charged + life.rule("escalation.interview_days")
        yield Clock("INTERVIEW", until, _first(steps, "interview.held", since=charged), "escalation.interview_days")


def _recovery(life: Life) -> Iterator[Clock]:
    """A hearing may be asked for within 5 working days of a proposed recovery; some places publish it before (4.3, 11.8)."""
    for fact in life.of("idle.disposed"):
        if fact.data.get("option") not in ("FREE_RECOVERY", "PAID_RECOVERY"):
            continue
        until = life.calendar.add_workdays(_served(fact), life.rule("idle.hearing_workdays"))
        yield Clock("HEARING", until, None, "idle.hearing_workdays")
        days = life.rule("idle.notice_before_recovery_days")
        if days is not None:
            yield Clock("PUBLIC_NOTICE", _served(fact) + days, None, "idle.notice_before_recovery_days")
