"""The rules as the log has them: packs, calendars and amendments are events of jurisdictions (specification 11.36)."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID, uuid5

from adapters.event_codec import NO_HASH
from adapters.parcel_log import ParcelLog, head, read_rules
from adapters.receipts import Append, Appended, Head
from domain.decision import Decided
from domain.event import Event, Json
from domain.policy import Pack, RuleBook, later_years, shipped_packs, shipped_tables
from domain.policy_pack import BASE

INSTALLED: Final = "rules.installed"
SYSTEM: Final = "SYS"
"""Department of events that the system derives (contract 2)."""
_PACK_IDS: Final = UUID("6f0c2f6e-5d0b-5a62-9c0c-3a8a3c1f7c11")
_KEPT_BOOKS: Final = 16


class RuleSource:
    """The rule book of the log, read again when the head says that rules have moved. Safe in several threads."""

    def __init__(self, log: ParcelLog) -> None:
        self._log = log
        self._lock = threading.Lock()
        self._events: list[Event] = []
        self._position = -1
        self._book = RuleBook.from_events(())
        self._past: OrderedDict[int, RuleBook] = OrderedDict()

    def current(self, known: Head | None = None) -> RuleBook:
        """The rules of now; asks the log where it stands, unless the caller has just done so."""
        position = (known or self._log.head()).rules_position
        if position != self._position:
            self.refresh()
        return self._book

    def latest(self) -> tuple[RuleBook, int]:
        """The rules as read last, and the `rules_position` to be named in an append: the log refuses a stale one."""
        if self._position < 0:
            self.refresh()
        with self._lock:
            return self._book, self._position

    def refresh(self) -> None:
        """Reads the rules that were added since; all of them where the log is not the one that was known."""
        with self._log.connection() as connection:
            stands = head(connection)  # before the events: what is added in between moves the position once more
            with self._lock:
                known = self._events if self._position <= stands.rules_position else []
                after = known[-1].position if known else 0
                added = read_rules(connection, after)
                if added or not known:
                    self._events = [*known, *added]
                    self._book = RuleBook.from_events(self._events)
                    self._past.clear()
                self._position = stands.rules_position

    def as_known(self, known_at: int) -> RuleBook:
        """The rules as known at an instant (µs)."""
        book = self.current()
        with self._lock:
            visible = [event for event in self._events if event.recorded_at <= known_at]
            if len(visible) == len(self._events):
                return book
            past = self._past.pop(len(visible), None) or RuleBook.from_events(visible)
            self._past[len(visible)] = past
            if len(self._past) > _KEPT_BOOKS:
                self._past.popitem(last=False)
            return past


def install_packs(log: ParcelLog, today: int) -> list[str]:
    """Brings into the log every shipped pack whose version is above the one installed last, and every year of working
    days that came with a later release and that nobody has published; returns their names.

    Several processes may start at once: each goes in once.
    """
    packs = [
        f"{pack.code}/{pack.version}"
        for pack in shipped_packs()
        if _append_once(log, _installed(pack, today), lambda one, new: one.data["version"] >= new.data["version"])
    ]
    years = [
        str(year)
        for year, data in later_years().items()
        if _append_once(log, _published(data, today), lambda one, new: one.data["year"] == new.data["year"])
    ]
    return packs + years


def _append_once(log: ParcelLog, new: Decided, covers: Callable[[Event, Decided], bool]) -> bool:
    """Appends an event of the system unless one of its type covers it; False where one does."""
    while True:
        events = log.read_stream(new.parcel_id)
        if any(one.type == new.type and covers(one, new) for one in events):
            return False
        version, previous = (events[-1].version, events[-1].chain_hash) if events else (0, NO_HASH)
        (outcome,) = log.append([Append(new.parcel_id, version, previous, (new,))])
        if isinstance(outcome, Appended):
            return True


def _installed(pack: Pack, today: int) -> Decided:
    data = {"pack": pack.code, "version": pack.version, "sha256": pack.sha256, "content": pack.content}
    return _system(f"{pack.code}/{pack.version}", pack.code, INSTALLED, data, today)


def _published(data: Mapping[str, Any], today: int) -> Decided:
    document = {"no": shipped_tables()[data["year"]]["source"]}
    return _system(f"calendar/{data['year']}", BASE, "calendar.published", data, today, document)


def _system(
    name: str, code: str, kind: str, data: Mapping[str, Any], today: int, document: Json | None = None
) -> Decided:
    return Decided(
        event_id=str(uuid5(_PACK_IDS, name)),
        parcel_id=f"jurisdiction:{code}",
        type=kind,
        schema_version=1,
        occurred_on=today,
        jurisdiction=code,
        department=SYSTEM,
        on_behalf_of=None,
        contract_no=None,
        document=document,
        attachments=None,
        data=dict(data),
    )
