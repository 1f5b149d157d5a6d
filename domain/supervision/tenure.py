"""The term of the right: its ends one after another, by title, contract, delivery, renewal, conversion (2.5, 4.7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from domain.calendar import add_months
from domain.facts import Fact
from domain.supervision.known import day
from domain.supervision.measures import exact

if TYPE_CHECKING:
    from domain.supervision.life import Life


@dataclass(slots=True, frozen=True)
class Span:
    """One end of the term: the last day, the event that set it, the day from which that counts."""

    counts_from: int
    end: int | None
    source: Fact


@dataclass(slots=True, frozen=True)
class Tenure:
    """The spans of the right in their order; the first is that of title, contract or delivery."""

    spans: tuple[Span, ...]

    def span_on(self, on: int) -> Span | None:
        """The span that counts on a day."""
        found = None
        for span in self.spans:
            if span.counts_from <= on:
                found = span
        return found

    def end_on(self, on: int) -> int | None:
        """The last day of the right as it counts on a day."""
        found = self.span_on(on)
        return found.end if found else None


def tenure_of(life: Life) -> Tenure:
    """The last renewal (from its `effective_from`) or conversion, else title, contract, day of delivery + term
    (specification 2.5).
    """
    contract = life.contract_fact
    if contract is None:
        return Tenure(())
    approved = [
        fact for fact in life.of("renewal.decided", "conversion.decided") if fact.data.get("decision") == "APPROVED"
    ]
    end, source = _first_end(life, contract, approved[0].occurred_on if approved else life.as_of)
    spans = [Span(0, end, source)]
    for fact in approved:
        new = day(fact.data.get("new_end" if fact.type == "renewal.decided" else "term_to"))
        if new is not None:
            spans.append(Span(max(day(fact.data.get("effective_from")) or 0, fact.occurred_on), new, fact))
    return Tenure(tuple(spans))


def _first_end(life: Life, contract: Fact, before: int) -> tuple[int | None, Fact]:
    """Of the original term: a title registered for what was decided later does not change it."""
    for title in reversed(life.of("title.registered")):
        end = day(title.data.get("right_to"))
        if end is not None and title.occurred_on <= before:
            return end, title
    end = day(life.contract.get("term_to"))
    if end is not None:
        return end, contract
    years = exact(life.contract.get("term_years"))
    if life.delivered is not None and years is not None:
        return add_months(life.delivered.occurred_on, int(years * 12)) - 1, life.delivered
    return None, contract
