"""What waits for a department without being anyone's breach: its work list beside its alerts (specification 6.1, 11.7)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from domain.assessment import Work
from domain.calendar import add_years
from domain.supervision.life import Life
from domain.supervision.performance import Assessed


def work_of(life: Life, assessed: Sequence[Assessed]) -> list[Work]:
    """The tasks of the day; none while an exit runs or after it (specification 5.4)."""
    return [] if life.leaving else [*_health(life), *_process(life, assessed)]


def _health(life: Life) -> Iterator[Work]:
    """The last health check is RED and no order has named it yet (specification 11.7)."""
    last = life.last("health.checked")
    if last is None or last.data.get("result") != "RED":
        return
    if not any(fact.data.get("health_event_id") == last.event_id for fact in life.of("rectification.ordered")):
        yield Work("HEALTH_RED", last.department, last.occurred_on, None, last.event_id)


def _process(life: Life, assessed: Sequence[Assessed]) -> Iterator[Work]:
    """From the day on which the window of the next PROCESS assessment opens (specification 6.1)."""
    window = process_window(life, assessed)
    if window is not None and life.as_of >= window[0]:
        yield Work("PROCESS_ASSESSMENT", life.rules.assessment_lead, *window)


def process_window(life: Life, assessed: Sequence[Assessed]) -> tuple[int, int, str] | None:
    """First and last day of the next PROCESS assessment and the event that it counts from, the last assessment of the
    operation; None before a REACH (specification 6.1).
    """
    operating = [one for one in assessed if one.kind != "START_COMPLETE"]
    if not any(one.kind == "REACH" for one in operating):
        return None
    last = operating[-1].fact
    opens = add_years(last.occurred_on, life.rule("assess.process.from_years"))
    ends = add_years(last.occurred_on, life.rule("assess.process.to_years"))
    life.may(opens)
    return opens, ends, last.event_id
