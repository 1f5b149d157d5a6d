"""Rules as parameters: what holds in a jurisdiction on a day, and which text says so (specification 10, 11.25, 11.36)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from domain.calendar import Calendar
from domain.event import Event, day_number
from domain.policy_check import PackRefused
from domain.policy_keys import parse_value
from domain.policy_layers import Layer, duties, names, supervised, timelines
from domain.policy_pack import Pack, Value, ancestors, read_pack, recall_pack, shipped_base, shipped_packs

ENGINE: Final = "1.0.0"
"""Version of the evaluation itself; every answer names it."""

__all__ = ["ENGINE", "Pack", "PackRefused", "RuleBook", "Rules", "Value", "read_pack", "shipped_packs"]

Amendment = tuple[str | None, str, Value]
"""(area, key, value)."""


class Rules:
    """The rules of one jurisdiction (and area), inherited nation → province → city → district → area.

    The nearest layer that sets a key wins; within a layer, of the values in force on the day, the one with the latest
    day, of equal days the one recorded last.
    """

    __slots__ = (
        "_dated",
        "_duties",
        "_entitled",
        "_names",
        "_plain",
        "_values",
        "assessment_lead",
        "drafts",
        "engine",
        "id",
        "jurisdiction",
        "status",
        "supervisors",
    )

    def __init__(self, jurisdiction: str, packs: Iterable[Pack], layers: Iterable[Layer]) -> None:
        chain = list(packs)
        own = chain[-1]
        self.jurisdiction = jurisdiction
        self.id = f"{own.code}/{own.version}"
        self.status = own.status
        self.drafts = own.drafts
        self.engine = ENGINE
        self._values, self._dated = timelines(layers)
        substitutes = self._values["departments.map"]
        self.supervisors: Mapping[str, tuple[str, ...]] = supervised(chain, substitutes)
        """Obligation code → the departments that may each post its breach events (specification 3.2)."""
        self._values["supervisors"] = Value(self.supervisors, "规范3.2", "PRODUCT", "DEFAULT", self.id)
        self._plain: dict[str, Any] = {key: value.value for key, value in self._values.items()}
        self.assessment_lead = str(self._plain["assessment.lead"])
        """The department that leads the assessments: MIIT, in 和平 STB."""
        self._duties = duties(chain, substitutes)
        self._entitled: dict[str, tuple[str, ...]] = {key: value.value for key, value in self._duties.items()}
        self._names = names(chain)

    def get(self, key: str, on: int) -> Any:
        """The value in force on a day; None: not checked, not computed. Raises KeyError for an unknown key."""
        if key in self._dated:
            return self.value(key, on).value
        return self._plain[key]

    def value(self, key: str, on: int) -> Value:
        """The value in force on a day, with its source. Raises KeyError for an unknown key."""
        current = self._values[key]
        for since, value in self._dated.get(key, ()):
            if since > on:
                break
            current = value
        return current

    def changes_after(self, on: int) -> int | None:
        """The first later day on which a value changes; None: none is known."""
        return min((since for steps in self._dated.values() for since, _ in steps if since > on), default=None)

    def departments_for(self, event_type: str) -> tuple[str, ...]:
        """Who may post a type (a key of the catalogue)."""
        return self._entitled.get(event_type, ())

    def entitled(self, event_type: str, department: str) -> bool:
        """May this department post this type here."""
        return department in self._entitled.get(event_type, ())

    def duty(self, event_type: str) -> Value:
        """Who may post a type, with the source; DEFAULT where no pack names it (specification 11.30)."""
        return self._duties[event_type]

    def name_of(self, department: str) -> str:
        """The local Chinese name of an office."""
        return self._names.get(department, department)


class RuleBook:
    """Every pack, amendment and calendar known at one moment."""

    def __init__(
        self, packs: Mapping[str, Pack], amendments: Mapping[str, list[Amendment]], calendar: Calendar, position: int
    ) -> None:
        self._packs, self._amendments, self._calendar = packs, amendments, calendar
        self.position = position
        """Of the last event of the log that is included."""
        self._areas = {area.area_id: (pack.code, area) for pack in packs.values() for area in pack.areas.values()}
        self._bound = set(self._areas) | {area for found in amendments.values() for area, _, _ in found if area}
        self._resolved: dict[tuple[str, str | None], Rules] = {}

    @classmethod
    def shipped(cls) -> RuleBook:
        """The packs of this release without any log."""
        return cls({pack.code: pack for pack in shipped_packs()}, {}, shipped_calendar(), 0)

    @classmethod
    def from_events(cls, events: Iterable[Event]) -> RuleBook:
        """The book that the events of the jurisdictions make, in the order of position; other types are left aside."""
        packs: dict[str, Pack] = {}
        amendments: dict[str, list[Amendment]] = {}
        calendar, position = shipped_calendar(), 0
        for event in events:
            position = max(position, event.position)
            if event.type == "rules.installed":
                pack = recall_pack(event.data["content"])
                if pack is not None and (pack.code not in packs or packs[pack.code].version <= pack.version):
                    packs[pack.code] = pack
            elif event.type == "rules.amended":
                code = event.parcel_id.partition(":")[2]
                amendment = _amendment(event, code)
                if amendment is not None:
                    amendments.setdefault(code, []).append(amendment)
            elif event.type == "calendar.published":
                calendar = _published(calendar, event)
        return cls(packs, amendments, calendar, position)

    def rules(self, jurisdiction: str, area_id: str | None = None) -> Rules:
        """The rules of a jurisdiction; the nearest ancestor's where it has no pack of its own.

        An area that neither a pack nor an amendment knows has the rules of its jurisdiction.
        """
        key = (jurisdiction, area_id if area_id in self._bound else None)
        found = self._resolved.get(key)
        if found is None:
            line = ancestors(jurisdiction)
            chain = [self._packs[code] for code in line if code in self._packs] or [shipped_base()]
            found = self._resolved[key] = Rules(jurisdiction, chain, self._layers(line, key[1]))
        return found

    def packs(self) -> Mapping[str, Pack]:
        """The packs in use by code."""
        return self._packs

    def calendar(self) -> Calendar:
        """Working days as published."""
        return self._calendar

    def area(self, area_id: str) -> Mapping[str, Any] | None:
        """A zone, park or town that a pack lists."""
        found = self._areas.get(area_id)
        if found is None:
            return None
        code, area = found
        return {"jurisdiction": code, "name": area.name, "kind": area.kind, "parent": area.parent}

    def _layers(self, line: tuple[str, ...], area_id: str | None) -> list[Layer]:
        """From the nation to the area; at the bottom what this release knows and an older base pack does not."""
        layers = [Layer.of(shipped_base().values)]
        for code in line:
            pack = self._packs.get(code)
            amended = [(key, value) for area, key, value in self._amendments.get(code, ()) if area is None]
            layers.append(Layer.of(pack.values if pack else {}, amended, pack.drafts if pack else "APPLY"))
        for name in reversed(self._area_line(line, area_id)):
            home, area = self._areas.get(name, (None, None))
            amended = [(key, value) for one in line for of, key, value in self._amendments.get(one, ()) if of == name]
            drafts = self._packs[home].drafts if home else "APPLY"
            layers.append(Layer.of(area.values if area else {}, amended, drafts))
        return layers

    def _area_line(self, line: tuple[str, ...], area_id: str | None) -> list[str]:
        """The area and those around it, as far as they lie in this line of jurisdictions."""
        found: list[str] = []
        around = area_id
        while around is not None and around not in found:
            home, area = self._areas.get(around, (None, None))
            if home is not None and home not in line:
                break
            found.append(around)
            around = area.parent if area is not None and area.parent in self._areas else None
        return found


def _amendment(event: Event, code: str) -> Amendment | None:
    """A stored `rules.amended`; None where this release does not know its key or form any more."""
    data = event.data
    try:
        value, since = parse_value(data["key"], data["value"]), day_number(data["valid_from"])
    except (KeyError, TypeError, ValueError):
        return None
    source = data.get("source") or (event.document or {}).get("no") or f"event {event.event_id}"
    return (
        data.get("area_id"),
        data["key"],
        Value(value, str(source), _layer_name(code), "IN_FORCE", f"event {event.event_id}", since),
    )


_MUNICIPALITIES: Final = frozenset({"110000", "120000", "310000", "500000"})


def _layer_name(code: str) -> str:
    if code == "000000":
        return "NATIONAL"
    if code.endswith("0000"):
        return "CITY" if code in _MUNICIPALITIES else "PROVINCE"
    return "CITY" if code.endswith("00") else "DISTRICT"


def _published(calendar: Calendar, event: Event) -> Calendar:
    """The calendar after a stored `calendar.published`."""
    data = event.data
    return calendar.with_year(
        data["year"],
        [day_number(day) for day in data["holidays"]],
        [day_number(day) for day in data["workdays"]],
        str((event.document or {}).get("no") or f"event {event.event_id}"),
    )


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
