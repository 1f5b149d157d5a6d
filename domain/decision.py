"""What a caller asks for, what the domain answers: events to append and warnings, or a refusal with a code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from domain.event import Event, Json

if TYPE_CHECKING:
    from domain.calendar import Calendar
    from domain.policy import RuleBook, Rules


@dataclass(slots=True, frozen=True)
class Command:
    """One well-formed report: shape and entitlement are already checked, `data` is normalised."""

    event_id: str
    parcel_id: str
    type: str
    schema_version: int
    occurred_on: int
    jurisdiction: str
    """Jurisdiction of the parcel (of its cadastral code, else of the key that posted its first event)."""
    department: str | None
    """Department of the key; None for coordinators and the system."""
    on_behalf_of: str | None
    contract_no: str | None
    document: Json | None
    attachments: Sequence[Json] | None
    data: Json


@dataclass(slots=True, frozen=True)
class Context:
    """What a decision needs beside the stream itself, handed in: the domain reads no clock and no database."""

    today: int
    rules: Rules
    calendar: Calendar
    related: Mapping[str, Sequence[Event]]
    """Streams that the command names (split, merge, predecessor), by parcel id."""
    book: RuleBook
    """Every rule known: an amendment is judged with what it inherits and with what inherits from it."""


@dataclass(slots=True, frozen=True)
class Warn:
    """A warning of a receipt: `code` stands in the catalogue."""

    code: str
    message: str


@dataclass(slots=True, frozen=True)
class Decided:
    """An event that was decided and is not recorded yet; `parcel_id` may name another stream (lineage)."""

    event_id: str
    parcel_id: str
    type: str
    schema_version: int
    occurred_on: int
    jurisdiction: str
    department: str | None
    on_behalf_of: str | None
    contract_no: str | None
    document: Json | None
    attachments: Sequence[Json] | None
    data: Json


def decided(command: Command) -> Decided:
    """The command's own event."""
    return Decided(
        command.event_id, command.parcel_id, command.type, command.schema_version, command.occurred_on, command.jurisdiction,
        command.department, command.on_behalf_of, command.contract_no, command.document, command.attachments, command.data,
    )  # fmt: skip


@dataclass(slots=True, frozen=True)
class Decision:
    """The events of one accepted command (the first is the command's own) and the warnings of its receipt."""

    events: tuple[Decided, ...]
    warnings: tuple[Warn, ...] = ()
