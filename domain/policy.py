"""Rules as parameters: what holds in a jurisdiction on a day, and which text says so (specification 10, 11.25, 11.36)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from domain.calendar import Calendar
from domain.departments import NAMES
from domain.event import Event, day_number
from domain.events import CATALOGUE
from domain.policy_keys import parse_value
from domain.policy_pack import Pack, PackRefused, Value, read_pack, shipped_packs

ENGINE: Final = "1.0.0"
"""Version of the evaluation itself; every answer names it."""

__all__ = ["ENGINE", "Pack", "PackRefused", "RuleBook", "Rules", "Value", "read_pack", "shipped_packs"]


class Rules:
    """The rules of one jurisdiction (and area), inherited nation → province → city → district → area."""

    __slots__ = (
        "_amended",
        "_entitled",
        "_fixed",
        "_names",
        "drafts",
        "engine",
        "id",
        "jurisdiction",
        "status",
        "supervisors",
    )

    def __init__(self, jurisdiction: str, packs: Iterable[Pack], amendments: Iterable[tuple[str, Value]]) -> None:
        chain = list(packs)
        own = chain[-1]
        self.jurisdiction = jurisdiction
        self.id = f"{own.code}/{own.version}"
        self.status = own.status
        self.drafts = own.drafts
        self.engine = ENGINE
        self._fixed: dict[str, Value] = {key: value for pack in chain for key, value in pack.values.items()}
        self._amended: dict[str, list[Value]] = {}
        for key, value in amendments:
            self._amended.setdefault(key, []).append(value)
        substitutes = {old: new for pack in chain for old, new in pack.substitutes.items()}
        overrides = {name: by for pack in chain for name, by in pack.entitlements.items()}
        supervisors = {code: by for pack in chain for code, by in pack.supervisors.items()}
        self.supervisors: Mapping[str, tuple[str, ...]] = {
            code: _substituted(by, substitutes) for code, by in supervisors.items()
        }
        """Obligation code → the departments that may each post its breach events (specification 3.2)."""
        self._fixed["supervisors"] = Value(self.supervisors, "规范3.2", "NATIONAL", "IN_FORCE", self.id)
        self._entitled = {
            key: overrides.get(kind.name) or _substituted(kind.departments, substitutes)
            for key, kind in CATALOGUE.items()
        }
        self._names = {code: zh for code, (zh, _) in NAMES.items()}
        for pack in chain:
            self._names.update(pack.departments)

    @property
    def assessment_lead(self) -> str:
        """The department that leads the assessments: MIIT, in 和平 STB."""
        return str(self._fixed["assessment.lead"].value)

    def get(self, key: str, on: int) -> Any:
        """The value in force on a day; None: not checked, not computed. Raises KeyError for an unknown key."""
        if key in self._amended:
            return self.value(key, on).value
        return self._fixed[key].value

    def value(self, key: str, on: int) -> Value:
        """The value with its source; of several amendments in force on that day the one with the latest day."""
        current = self._fixed[key]
        since = -1
        for value in self._amended.get(key, ()):
            if value.valid_from is not None and since <= value.valid_from <= on:
                current, since = value, value.valid_from
        return current

    def changes_after(self, on: int) -> int | None:
        """The first later day on which an amendment takes effect; None: none is known."""
        days = [v.valid_from for values in self._amended.values() for v in values if v.valid_from and v.valid_from > on]
        return min(days, default=None)

    def departments_for(self, event_type: str) -> tuple[str, ...]:
        """Who may post a type (a key of the catalogue)."""
        return self._entitled.get(event_type, ())

    def entitled(self, event_type: str, department: str) -> bool:
        """May this department post this type here."""
        return department in self._entitled.get(event_type, ())

    def name_of(self, department: str) -> str:
        """The local Chinese name of an office."""
        return self._names.get(department, department)


def _substituted(departments: tuple[str, ...], substitutes: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(substitutes.get(one, one) for one in departments))


def _ancestors(code: str) -> tuple[str, ...]:
    """000000, 120000, 120100, 120114 for 120114."""
    return tuple(dict.fromkeys(("000000", f"{code[:2]}0000", f"{code[:4]}00", code)))


class RuleBook:
    """Every pack, amendment and calendar known at one moment."""

    def __init__(
        self, packs: Mapping[str, Pack], amendments: Mapping[str, list[tuple[str | None, str, Value]]], calendar: Calendar,
        position: int,
    ) -> None:  # fmt: skip
        self._packs, self._amendments, self._calendar = packs, amendments, calendar
        self.position = position
        """Of the last event of the log that is included."""
        self._resolved: dict[tuple[str, str | None], Rules] = {}

    @classmethod
    def shipped(cls) -> RuleBook:
        """The packs of this release without any log."""
        return cls({pack.code: pack for pack in shipped_packs()}, {}, shipped_calendar(), 0)

    @classmethod
    def from_events(cls, events: Iterable[Event]) -> RuleBook:
        """The book that the events of the jurisdictions make, in the order of position; other types are left aside."""
        packs: dict[str, Pack] = {}
        amendments: dict[str, list[tuple[str | None, str, Value]]] = {}
        calendar, position = shipped_calendar(), 0
        for event in events:
            position = max(position, event.position)
            data = event.data
            if event.type == "rules.installed":
                pack = read_pack(data["content"], f"{data['pack']}.toml")
                if pack.code not in packs or packs[pack.code].version <= pack.version:
                    packs[pack.code] = pack
            elif event.type == "rules.amended":
                code = event.parcel_id.partition(":")[2]
                value = Value(
                    parse_value(data["key"], data["value"]),
                    data.get("source") or str((event.document or {}).get("no", "")),
                    "DISTRICT" if not code.endswith("00") else "CITY" if not code.endswith("0000") else "PROVINCE",
                    "IN_FORCE",
                    f"event {event.event_id}",
                    day_number(data["valid_from"]),
                )
                amendments.setdefault(code, []).append((data.get("area_id"), data["key"], value))
            elif event.type == "calendar.published":
                calendar = calendar.with_year(
                    data["year"],
                    (day_number(day) for day in data["holidays"]),
                    (day_number(day) for day in data["workdays"]),
                    str((event.document or {}).get("no", event.event_id)),
                )
        return cls(packs, amendments, calendar, position)

    def rules(self, jurisdiction: str, area_id: str | None = None) -> Rules:
        """The rules of a jurisdiction; the nearest ancestor's where it has no pack of its own."""
        key = (jurisdiction, area_id)
        if key not in self._resolved:
            line = _ancestors(jurisdiction)
            amended = [
                (name, value)
                for code in line
                for area, name, value in self._amendments.get(code, ())
                if area is None or area == area_id
            ]
            self._resolved[key] = Rules(
                jurisdiction, [self._packs[code] for code in line if code in self._packs], amended
            )
        return self._resolved[key]

    def packs(self) -> Mapping[str, Pack]:
        """The packs in use by code."""
        return self._packs

    def calendar(self) -> Calendar:
        """Working days as published."""
        return self._calendar

    def area(self, area_id: str) -> Mapping[str, Any] | None:
        """A zone, park or town that a pack lists."""
        for pack in self._packs.values():
            if area_id in pack.areas:
                return {"jurisdiction": pack.code, **pack.areas[area_id]}
        return None


@cache
def shipped_calendar() -> Calendar:
    """The years that this release knows (domain/policies/calendar.toml)."""
    calendar = Calendar({})
    for year, table in tomllib.loads(files("domain.policies").joinpath("calendar.toml").read_text("utf-8")).items():
        calendar = calendar.with_year(
            int(year),
            [day_number(f"{year}-{day}") for day in table["holidays"]],
            [day_number(f"{year}-{day}") for day in table["workdays"]],
            table["source"],
        )
    return calendar
