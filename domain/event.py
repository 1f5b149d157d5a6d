"""One recorded event of a stream, as the domain sees it: slotted, with day and instant as integers.

A stream is a parcel (`120114001002GB00015`), a jurisdiction (`jurisdiction:120114`) or an area (`area:<id>`).
What is stored is read without judging: `data` is the JSON as it was stored, unknown fields kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, Final

Json = Mapping[str, Any]

SHANGHAI: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
"""The offset of every instant on the wire (contract 2), and where a business day begins."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def day_number(text: str) -> int:
    """`YYYY-MM-DD` as a day number (proleptic Gregorian ordinal; 1 = 0001-01-01)."""
    return date.fromisoformat(text).toordinal()


def day_text(day: int) -> str:
    """A day number as `YYYY-MM-DD`."""
    return date.fromordinal(day).isoformat()


def shown_day(day: int | None) -> str | None:
    """A day number as `YYYY-MM-DD`; None where there is no day."""
    return None if day is None else day_text(day)


def microseconds(moment: datetime) -> int:
    """An aware instant as whole microseconds since 1970-01-01Z."""
    return (moment - _EPOCH) // _MICROSECOND


def instant(value: int) -> datetime:
    """Microseconds since 1970-01-01Z as an aware instant in UTC."""
    return _EPOCH + timedelta(microseconds=value)


def instant_text(value: int) -> str:
    """Microseconds since 1970-01-01Z as RFC 3339 with six decimals and the offset of Shanghai."""
    return instant(value).astimezone(SHANGHAI).isoformat(timespec="microseconds")


@dataclass(slots=True, frozen=True)
class Event:
    """A recorded event. `occurred_on` is a day number, `recorded_at` microseconds since 1970-01-01Z."""

    event_id: str
    parcel_id: str
    version: int
    position: int
    type: str
    schema_version: int
    occurred_on: int
    recorded_at: int
    jurisdiction: str
    department: str | None
    on_behalf_of: str | None
    contract_no: str | None
    document: Json | None
    attachments: list[Json] | None
    data: Json
    chain_hash: bytes = b""
