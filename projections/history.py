"""Everything that happened to a parcel, with both times and the links between corrections (contract 4.1)."""

from __future__ import annotations

from typing import Any, Final

from adapters.parcel_log import read_stream
from adapters.postgres import Connection
from domain.event import Event, day_text, instant_text
from domain.facts import CORRECTED, WITHDRAWN

NAME: Final = "history"


def find(
    connection: Connection, parcel_id: str, *, known_at: int | None, after_version: int = 0, limit: int = 50
) -> list[dict[str, Any]]:
    """History items by `version`, after one, as known at an instant (µs). It reads the log itself: always current."""
    events = [
        event for event in read_stream(connection, parcel_id) if known_at is None or event.recorded_at <= known_at
    ]
    corrected: dict[str, list[str]] = {}
    withdrawn: dict[str, str] = {}
    for event in events:
        if event.type == CORRECTED:
            corrected.setdefault(str(event.data.get("corrects")), []).append(event.event_id)
        elif event.type == WITHDRAWN:
            withdrawn.setdefault(str(event.data.get("withdraws")), event.event_id)
    page = [event for event in events if event.version > after_version][:limit]
    return [item(event, corrected.get(event.event_id, []), withdrawn.get(event.event_id)) for event in page]


def item(event: Event, corrected_by: list[str] | None = None, withdrawn_by: str | None = None) -> dict[str, Any]:
    """One history item, with the events that correct it and the one that withdraws it."""
    corrects = (
        event.data.get("corrects")
        if event.type == CORRECTED
        else event.data.get("withdraws")
        if event.type == WITHDRAWN
        else None
    )
    return {
        "event_id": event.event_id,
        "parcel_id": event.parcel_id,
        "type": event.type,
        "schema_version": event.schema_version,
        "version": event.version,
        "position": event.position,
        "occurred_on": day_text(event.occurred_on),
        "recorded_at": instant_text(event.recorded_at),
        "department": event.department,
        "on_behalf_of": event.on_behalf_of,
        "contract_no": event.contract_no,
        "document": event.document,
        "attachments": event.attachments,
        "data": event.data,
        "corrects": corrects,
        "corrected_by": corrected_by or [],
        "withdrawn_by": withdrawn_by,
        "chain_hash": event.chain_hash.hex(),
    }
