"""The receipt of a repeated post is the first one, its warnings included (contract 3).

Warnings are not stored: a decision is a pure function, so the same facts, rules and calendar warn again as they did.
"""

from __future__ import annotations

from collections.abc import Sequence

from adapters.append_round import named_streams
from adapters.receipts import Receipt
from api.dependencies import Parts
from domain.decision import Command, Context, Warn
from domain.errors import Refusal
from domain.event import Event
from domain.events import RANK
from domain.facts import area_of, fold
from domain.parcel import decide


def as_first(parts: Parts, receipts: Sequence[Receipt]) -> list[Receipt]:
    """The receipts of one parcel with the warnings that they had when they were first given."""
    again = [one for one in receipts if one.repeated and not one.warnings]
    if not again:
        return list(receipts)
    events = parts.log.read_stream(again[0].parcel_id, up_to=max(one.version for one in again))
    warnings = {one.event_id: _warnings(parts, events[: one.version]) for one in again}
    return [one._replace(warnings=warnings.get(one.event_id, one.warnings)) for one in receipts]


def _warnings(parts: Parts, events: Sequence[Event]) -> tuple[Warn, ...]:
    """What the decision on the last of these events warned of."""
    *before, event = events
    command, facts = _command(event), fold(before, RANK)
    facts.parcel_id = event.parcel_id
    book = parts.rules.as_known(event.recorded_at - 1)
    related = parts.log.read_streams(named_streams(command))
    context = Context(
        today=parts.today(),
        rules=book.rules(event.jurisdiction, command.data.get("area_id") or area_of(facts)),
        calendar=book.calendar(event.jurisdiction),
        related={name: [one for one in found if one.position < event.position] for name, found in related.items()},
        book=book,
    )
    try:
        return decide(facts, command, context).warnings
    except Refusal:  # the guards of an earlier release let it pass
        return ()


def _command(event: Event) -> Command:
    return Command(
        event.event_id, event.parcel_id, event.type, event.schema_version, event.occurred_on, event.jurisdiction, event.department,
        event.on_behalf_of, event.contract_no, event.document, event.attachments, event.data,
    )  # fmt: skip
