"""Supply notices into the log: which row is new, which is later knowledge of a known parcel (specification 7.8).

A row becomes `contract.signed` and `supply.result_published` of one parcel; a later notice of the same parcel
becomes corrections of those two. Every id is derived from the row, so that reading a file twice changes nothing,
and a chunk is appended as a whole, so that a kill leaves whole chunks behind it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Final
from uuid import UUID, uuid5

from adapters.divisions import Division, living
from adapters.event_codec import NO_HASH, decided_of
from adapters.landchina_notice import Doubt, Notice, RowRefused, published, understand
from adapters.landchina_rows import Row
from adapters.parcel_log import Append, Appended, ParcelLog
from domain.errors import Refusal
from domain.event import Event, Json, day_text
from domain.events import CATALOGUE, RANK, normalise
from domain.facts import Fact, Facts, fold

CONTRACT: Final = "contract.signed"
NOTICE: Final = "supply.result_published"
CORRECTION: Final = "report.corrected"
REASON: Final = "更正公告"


@dataclass(slots=True, frozen=True)
class Result:
    """What became of one row. `status` is accepted, unchanged or reported (refused, with `code` and `message`)."""

    row: Row
    status: str
    parcel_id: str | None = None
    column: str = ""
    code: str = ""
    message: str = ""
    doubts: tuple[Doubt, ...] = ()
    events: int = 0


@dataclass(slots=True)
class _Parcel:
    """A parcel of a number: its events, those that this chunk adds among them."""

    parcel_id: str
    jurisdiction: str
    events: list[Event]
    stored: int
    """How many of the events are in the log already."""

    def facts(self) -> Facts:
        return fold(self.events, RANK)

    def notices(self) -> Iterator[Fact]:
        """The notices of the parcel, as published first and as corrected."""
        return iter(self.facts().of(NOTICE))


@dataclass(slots=True)
class Importer:
    """Takes rows in chunks. `onboarded_on` decides what is history; `today` bounds contract days (day numbers)."""

    log: ParcelLog
    today: int
    onboarded_on: int
    jurisdictions: tuple[str, ...] = ()
    """Prefixes that are taken (`1201`, `120114`); empty: every division."""

    def take(self, rows: Sequence[Row]) -> list[Result]:
        """Reads one chunk and appends what is new, in one call; the results are in the order of the rows."""
        while True:
            chunk = _Chunk(self, rows)
            appends = chunk.appends()
            outcomes = self.log.append_bulk(appends) if appends else []
            if all(isinstance(outcome, Appended) for outcome in outcomes):
                return chunk.results
            # Somebody wrote to one of these parcels meanwhile: read and decide again; what went in is unchanged now.


class _Chunk:
    """One chunk of rows against one state of the log."""

    def __init__(self, importer: Importer, rows: Sequence[Row]) -> None:
        self._importer = importer
        understood = [_understand(row) for row in rows]
        notices = [one for one in understood if isinstance(one, Notice)]
        self._known = importer.log.stored_ids([one for notice in notices for one in _ids(notice)])
        fresh = [notice for notice in notices if self._known.isdisjoint(_ids(notice))]
        self._parcels = self._load({notice.number for notice in fresh})
        self.results = [one if isinstance(one, Result) else self._decide(one) for one in understood]

    def appends(self) -> list[Append]:
        """What this chunk adds, one append per parcel."""
        parcels = (parcel for parcels in self._parcels.values() for parcel in parcels)
        return [_append(parcel) for parcel in parcels if len(parcel.events) > parcel.stored]

    def _load(self, numbers: set[str]) -> dict[str, list[_Parcel]]:
        """The parcels that bear these numbers already."""
        parcels: dict[str, list[_Parcel]] = {number: [] for number in numbers}
        for parcel_id, events in self._importer.log.read_family([f"jg-{number}" for number in numbers]).items():
            number = parcel_id.removeprefix("jg-").partition("~")[0]
            parcels[number].append(_Parcel(parcel_id, events[0].jurisdiction, list(events), len(events)))
        return parcels

    def _decide(self, notice: Notice) -> Result:
        """What one notice means beside everything read before it."""
        row = notice.row
        if not self._known.isdisjoint(_ids(notice)):
            return Result(row, "unchanged")
        division = living(notice.number[:6], _year(self._importer.today))
        if division is None:
            message = f"编号前六位{notice.number[:6]}不是现行或曾用的行政区划代码"
            return Result(row, "reported", column="电子监管号", code="DIVISION_UNKNOWN", message=message)
        refused = self._refusal(notice, division)
        if refused is not None:
            return refused
        if division.note:
            notice.doubt("电子监管号", "DIVISION_MAPPED", division.note, kept=True)
        self._known |= set(_ids(notice))
        parcels = self._parcels[notice.number]
        parcel = next((one for one in parcels if _same_parcel(one, notice)), None)
        if parcel is None:
            suffix = f"~{notice.row.row_id.hex[:8]}" if parcels else ""
            parcel = _Parcel(f"jg-{notice.number}{suffix}", division.code, [], 0)
            parcels.append(parcel)
            count = self._begin(parcel, notice)
        else:
            count = _later_notice(parcel, notice)
        return Result(row, "accepted", parcel.parcel_id, doubts=tuple(notice.doubts), events=count)

    def _refusal(self, notice: Notice, division: Division) -> Result | None:
        """Why a notice that was understood is not taken all the same."""
        row = notice.row
        allowed = self._importer.jurisdictions
        if allowed and not division.code.startswith(allowed):
            message = f"该宗地属于{division.name}（{division.code}），不在本次导入范围内"
            return Result(row, "reported", column="电子监管号", code="OUTSIDE_JURISDICTION", message=message)
        if notice.contract_day.toordinal() > self._importer.today:
            message = f"合同签订日期{notice.contract_day}晚于业务日期{day_text(self._importer.today)}"
            return Result(row, "reported", column="合同签订日期", code="OCCURRED_IN_FUTURE", message=message)
        return None

    def _begin(self, parcel: _Parcel, notice: Notice) -> int:
        """The first notice of a parcel: its contract and the notice itself."""
        contract = _contract(notice) | {"onboarding": True, "onboarded_on": day_text(self._importer.onboarded_on)}
        _add(parcel, notice, CONTRACT, _believed(notice, CONTRACT, contract), _event_id(notice.row.row_id, CONTRACT))
        _add(parcel, notice, NOTICE, _believed(notice, NOTICE, published(notice)), _event_id(notice.row.row_id, NOTICE))
        return 2


def _understand(row: Row) -> Notice | Result:
    try:
        return understand(row)
    except RowRefused as refused:
        return Result(row, "reported", column=refused.column, code=refused.code, message=refused.message)


@lru_cache(maxsize=8192)
def _event_id(row_id: UUID, name: str) -> str:
    return str(uuid5(row_id, name))


def _ids(notice: Notice) -> tuple[str, str]:
    """The event ids of which a row leaves exactly one: its notice, or the correction of an earlier notice."""
    row_id = notice.row.row_id
    return _event_id(row_id, NOTICE), _event_id(row_id, f"{CORRECTION}/{NOTICE}")


def _year(day: int) -> int:
    return date.fromordinal(day).year


def _contract(notice: Notice) -> dict[str, Any]:
    return {**notice.contract, "supervision_no": notice.row.cells["电子监管号"].strip()}


def _same_parcel(parcel: _Parcel, notice: Notice) -> bool:
    """The same area or the same project under one number is the same parcel."""
    for fact in parcel.notices():
        for data in (fact.event.data, fact.data):
            raw = data.get("raw", {})
            area, project = raw.get("面积(公顷)", "").strip(), raw.get("项目名称", "").strip()
            if (area and area == notice.area) or (project and project == notice.project):
                return True
    return False


def _place(data: Json) -> tuple[int, str]:
    """Which of several notices is the later: the revision of its number, then the contract day."""
    number, _, revision = str(data.get("supervision_no", "")).partition("-")
    return (int(revision) if number and revision.isdigit() else 0, str(data.get("contract_signed_on", "")))


def _later_notice(parcel: _Parcel, notice: Notice) -> int:
    """A further notice of a known parcel: corrections where it is later, else a notice beside the first."""
    facts = parcel.facts()
    first, contracts = facts.of(NOTICE)[0], facts.of(CONTRACT)
    data = _believed(notice, NOTICE, published(notice))
    if _place(data) <= _place(first.data):
        notice.doubt("电子监管号", "EARLIER_NOTICE", "同一宗地已有更新的公告，本行只作为别名和原文保存", kept=True)
        _add(parcel, notice, NOTICE, data, _event_id(notice.row.row_id, NOTICE))
        return 1
    notice.doubt("电子监管号", "LATER_NOTICE", "同一宗地的更正公告，已作为对原记录的更正保存", kept=True)
    count = 0
    if contracts:
        kept = {key: contracts[0].data[key] for key in ("onboarding", "onboarded_on") if key in contracts[0].data}
        wanted = _believed(notice, CONTRACT, _contract(notice) | kept)
        count += _correct(parcel, notice, contracts[0], wanted)
    return count + _correct(parcel, notice, first, data)


def _correct(parcel: _Parcel, notice: Notice, fact: Fact, wanted: Json) -> int:
    """One `report.corrected` that leads from what stands to what is wanted; none where nothing differs."""
    changes = _differences(fact.data, wanted)
    day = notice.contract_day.toordinal()
    if day != fact.occurred_on:
        changes.append({"field": "occurred_on", "old": day_text(fact.occurred_on), "new": day_text(day)})
    if not changes:
        return 0
    data = {"corrects": fact.event_id, "changes": changes, "reason": REASON}
    _add(parcel, notice, CORRECTION, data, _event_id(notice.row.row_id, f"{CORRECTION}/{fact.type}"))
    return 1


def _differences(old: Any, new: Any, path: str = "") -> list[dict[str, Any]]:
    """The changed leaves by dotted path; null stands for absent."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        keys = sorted({*old, *new})
        return [
            change for key in keys for change in _differences(old.get(key), new.get(key), f"{path}.{key}".lstrip("."))
        ]
    return [] if old == new else [{"field": path, "old": old, "new": new}]


def _believed(notice: Notice, event_type: str, data: dict[str, Any]) -> dict[str, Any]:
    """The data in stored form; a field that the model refuses is left out and named, never a reason to lose the row."""
    while True:
        try:
            return dict(normalise(event_type, data))
        except Refusal as refusal:
            wrong = {error.pointer.split("/")[2] for error in refusal.errors if error.pointer.count("/") > 1} & set(
                data
            )
            if not wrong:
                raise
            for key in wrong:
                notice.doubts.append(
                    Doubt(key, str(data[key]), refusal.errors[0].code, refusal.errors[0].message, kept=False)
                )
            data = {key: value for key, value in data.items() if key not in wrong}


def _add(parcel: _Parcel, notice: Notice, event_type: str, data: Json, event_id: str) -> None:
    """Adds an event to the parcel as this chunk sees it; place and time are given by the log."""
    printed = notice.row.cells["电子监管号"].strip()
    day = notice.contract_day.toordinal()
    parcel.events.append(
        Event(
            event_id=event_id,
            parcel_id=parcel.parcel_id,
            version=len(parcel.events) + 1,
            position=0,
            type=event_type,
            schema_version=CATALOGUE[event_type].schema_version,
            occurred_on=day,
            recorded_at=0,
            jurisdiction=parcel.jurisdiction,
            department="NRP",
            on_behalf_of=None,
            contract_no=printed,
            document={"no": printed, "date": notice.contract_day.isoformat()},
            attachments=None,
            data=data,
        )
    )


def _append(parcel: _Parcel) -> Append:
    """The new events of one parcel for the log."""
    previous = parcel.events[parcel.stored - 1].chain_hash if parcel.stored else NO_HASH
    return Append(
        parcel.parcel_id, parcel.stored, previous, tuple(decided_of(event) for event in parcel.events[parcel.stored :])
    )
