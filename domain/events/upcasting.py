"""Old forms of stored events, read as the present one. What is stored, and its hash, never change.

    @upcast("letting.reported", 1)
    def _area_has_a_unit(data: Json) -> Json:  # version 2 says `area_m2` where version 1 said `area`
        return {name: value for name, value in data.items() if name != "area"} | {"area_m2": data.get("area")}

The class of the type then says `version=2`. A new optional field needs neither. A name that meant something in an earlier
version is never given another meaning: a correction names fields in the form that its author saw, and is applied to both.
Decision 0018 says what a change of an event owes; `tests/domain/test_old_streams.py` refuses one that does not pay it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from domain.event import Event, Json

Upcast = Callable[[Json], Json]
"""`data` of one version → `data` of the next; pure, never raises for stored content, keeps fields that it does not know."""

UPCASTS: Final[dict[tuple[str, int], Upcast]] = {}
"""By key of the catalogue and the version that is read."""


def upcast(key: str, version: int) -> Callable[[Upcast], Upcast]:
    """Declares how version `version` of a type becomes the next."""

    def register(function: Upcast) -> Upcast:
        assert (key, version) not in UPCASTS, (key, version)
        UPCASTS[key, version] = function
        return function

    return register


def current_form(event: Event) -> Event:
    """The event as a release of today would have recorded it; itself where its form is the present one."""
    if not UPCASTS:
        return event
    key = f"area/{event.type}" if event.parcel_id.startswith("area:") else event.type
    version, data = event.schema_version, event.data
    while (step := UPCASTS.get((key, version))) is not None:
        version, data = version + 1, step(data)
    return event if version == event.schema_version else replace(event, schema_version=version, data=data)
