"""Rules as parameters: what holds in a jurisdiction on a day, and which text says so (specification 10, 11.25, 11.36)."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final

from domain.calendar import Calendar
from domain.divisions import ancestors
from domain.event import Event, day_number
from domain.events.upcasting import current_form
from domain.policy_check import PackRefused
from domain.policy_keys import ORGANISATION, parse_value
from domain.policy_layers import Layer
from domain.policy_pack import BASE, Pack, Value, read_pack, recall_pack, shipped_base, shipped_packs
from domain.policy_rules import ENGINE, Rules

__all__ = ["ENGINE", "Pack", "PackRefused", "RuleBook", "Rules", "Value", "read_pack", "shipped_packs"]

Amendment = tuple[str | None, str, Value]
"""(area, key, value)."""


class RuleBook:
    """Every pack, amendment and calendar known at one moment."""

    def __init__(
        self,
        packs: Mapping[str, Pack],
        amendments: Mapping[str, list[Amendment]],
        published: Sequence[Event],
    ) -> None:
        self._packs, self._amendments, self._published = packs, amendments, published
        self._areas = {area.area_id: (pack.code, area) for pack in packs.values() for area in pack.areas.values()}
        self._bound = set(self._areas) | {area for found in amendments.values() for area, _, _ in found if area}
        self._resolved: dict[tuple[str, str | None], Rules] = {}
        self._calendars: dict[str, Calendar] = {}

    @classmethod
    def shipped(cls) -> RuleBook:
        """The packs of this release without any log."""
        return cls({pack.code: pack for pack in shipped_packs()}, {}, ())

    @classmethod
    def from_events(cls, events: Iterable[Event]) -> RuleBook:
        """The book that the events of the jurisdictions make, in the order of position; other types are left aside."""
        packs: dict[str, Pack] = {}
        amendments: dict[str, list[Amendment]] = {}
        published: list[Event] = []
        for event in map(current_form, events):
            if event.type == "rules.installed":
                pack = recall_pack(event.data["content"])
                if pack is not None and (pack.code not in packs or packs[pack.code].version <= pack.version):
                    packs[pack.code] = pack
            elif event.type == "rules.amended":
                code = event.parcel_id.partition(":")[2]
                source = (event.document or {}).get("no")
                amendment = _amendment(event.data, code, f"event {event.event_id}", source)
                if amendment is not None:
                    amendments.setdefault(code, []).append(amendment)
            elif event.type == "calendar.published":
                published.append(event)
        return cls(packs, amendments, published)

    def rules(self, jurisdiction: str, area_id: str | None = None) -> Rules:
        """The rules of a jurisdiction; the nearest ancestor's where it has no pack of its own.

        An area that neither a pack nor an amendment knows has the rules of its jurisdiction.
        """
        key = (jurisdiction, area_id if area_id in self._bound else None)
        found = self._resolved.get(key)
        if found is None:
            line = ancestors(jurisdiction)
            chain = [self._packs[code] for code in line if code in self._packs] or [shipped_base()]
            advised = None
            if any(pack.drafts == "WARN" for pack in chain):
                advised = Rules(jurisdiction, chain, self._layers(line, key[1], without=("IGNORE",)))
            found = self._resolved[key] = Rules(jurisdiction, chain, self._layers(line, key[1]), advised)
        return found

    def amended(self, code: str, data: Mapping[str, Any]) -> RuleBook:
        """The book with the data of one more `rules.amended` of a jurisdiction."""
        found = _amendment(data, code, "proposal")
        amendments = {**self._amendments, code: [*self._amendments.get(code, ()), *([found] if found else ())]}
        return RuleBook(self._packs, amendments, self._published)

    def with_pack(self, pack: Pack) -> RuleBook:
        """The book with another pack of a jurisdiction."""
        return RuleBook({**self._packs, pack.code: pack}, self._amendments, self._published)

    def with_calendars_of(self, other: RuleBook) -> RuleBook:
        """The book with the working days of another."""
        return RuleBook(self._packs, self._amendments, other._published)

    def below(self, code: str) -> Iterator[Rules]:
        """The rules of a jurisdiction, of those under it that have some of their own, and of the areas of all of them."""
        known = {code, *(one for one in (*self._packs, *self._amendments) if code in ancestors(one))}
        yield from (self.rules(one) for one in sorted(known))
        yield from (self.rules(home, area) for area, (home, _) in sorted(self._areas.items()) if home in known)

    def packs(self) -> Mapping[str, Pack]:
        """The packs in use by code."""
        return self._packs

    def calendar(self, jurisdiction: str = BASE) -> Calendar:
        """Working days as published for a jurisdiction or for one above it (contract 3.1)."""
        found = self._calendars.get(jurisdiction)
        if found is None:
            line = ancestors(jurisdiction)
            found = shipped_calendar()
            for event in self._published:
                if event.parcel_id.partition(":")[2] in line:
                    found = _published(found, event)
            self._calendars[jurisdiction] = found
        return found

    def area(self, area_id: str) -> Mapping[str, Any] | None:
        """A zone, park or town that a pack lists."""
        found = self._areas.get(area_id)
        if found is None:
            return None
        code, area = found
        return {"jurisdiction": code, "name": area.name, "kind": area.kind, "parent": area.parent}

    def _layers(
        self, line: tuple[str, ...], area_id: str | None, without: Collection[str] = ("IGNORE", "WARN")
    ) -> list[Layer]:
        """From the nation to the area; at the bottom what this release knows and an older base pack does not.

        `without`: packs that say so of their drafts are read without them.
        """
        layers = [Layer.of(shipped_base().values)]
        for code in line:
            pack = self._packs.get(code)
            amended = [(key, value) for area, key, value in self._amendments.get(code, ()) if area is None]
            values = pack.values if pack and pack.status != "RETIRED" else {}
            layers.append(Layer.of(values, amended, drafts=not pack or pack.drafts not in without))
        for name in reversed(self._area_line(line, area_id)):
            home, area = self._areas.get(name, (None, None))
            amended = [(key, value) for one in line for of, key, value in self._amendments.get(one, ()) if of == name]
            drafts = not home or self._packs[home].drafts not in without
            layers.append(Layer.of(area.values if area else {}, amended, drafts=drafts))
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


def _amendment(data: Mapping[str, Any], code: str, label: str, document: str | None = None) -> Amendment | None:
    """A stored `rules.amended`; None where this release does not know its key or form any more."""
    try:
        key, since = data["key"], day_number(data["valid_from"])
        value = parse_value(key, data["value"])
    except (KeyError, TypeError, ValueError):
        return None
    source = str(data.get("source") or document or label)
    from_day = None if key in ORGANISATION else since
    return data.get("area_id"), key, Value(value, source, _layer_name(code), "IN_FORCE", label, from_day)


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
        event.occurred_on,
    )


_FIRST_RELEASE_THROUGH: Final = 2026


@cache
def shipped_tables() -> Mapping[int, Mapping[str, Any]]:
    """Year → `{source, published?, holidays, workdays}`, days as MM-DD (domain/policies/calendar.toml)."""
    text = files("domain.policies").joinpath("calendar.toml").read_text("utf-8")
    return {int(year): table for year, table in tomllib.loads(text).items()}


@cache
def shipped_calendar() -> Calendar:
    """The years that the first release knew: they count as always known (specification 4.2).

    The years that a later release brings are appended to each log at its first start (adapters/rule_source.py).
    """
    calendar = Calendar({})
    for year, table in shipped_tables().items():
        if year <= _FIRST_RELEASE_THROUGH:
            holidays, workdays = ([day_number(f"{year}-{day}") for day in table[of]] for of in ("holidays", "workdays"))
            calendar = calendar.with_year(year, holidays, workdays, table["source"])
    return calendar


def later_years() -> dict[int, dict[str, Any]]:
    """Year → the data of its `calendar.published`, of the years that came with a later release than the first."""
    return {
        year: {"year": year, **{of: [f"{year}-{day}" for day in table[of]] for of in ("holidays", "workdays")}}
        for year, table in shipped_tables().items()
        if year > _FIRST_RELEASE_THROUGH
    }
