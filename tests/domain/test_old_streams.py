"""Every version of every event that was ever stored is still read: golden records, upcasters, and what a change owes.

A new type or version gets its golden file, once, from its examples: `python tests/domain/test_old_streams.py`.
What a golden file holds is stored somewhere; it never changes and never goes.
"""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from adapters.event_codec import event_of, record_text
from domain.decision import Decided
from domain.event import day_number
from domain.events import CATALOGUE, RANK, upcasting
from domain.events.upcasting import current_form, upcast
from domain.facts import fold
from domain.policy import RuleBook
from domain.supervision import evaluate

GOLDEN = Path(__file__).parents[1] / "golden" / "events"
SUMS = GOLDEN / "SHA256SUMS"
STREAMS = {"parcel": "120114001002GB00015", "jurisdiction": "jurisdiction:120114", "area": "area:wq-1"}
DAYS = [day_number(text) for text in ("2024-05-20", "2026-11-24", "2046-01-01")]
VERSIONS = [(key, version) for key, kind in CATALOGUE.items() for version in range(1, kind.schema_version + 1)]


def file_of(key, version):
    return GOLDEN / f"{key.replace('/', '.')}.v{version}.json"


def key_of(path):
    name, _, version = path.name.removesuffix(".json").rpartition(".v")
    return (
        "area/" + name.removeprefix("area.") if name.startswith("area.") and "area/" + name[5:] in CATALOGUE else name
    ), int(version)


def stored(path):
    """The events of a golden file, as the log would give them."""
    events = []
    for number, record in enumerate(json.loads(path.read_text("utf-8")), start=1):
        events.append(event_of(record | {"version": number}, number, 1_700_000_000_000_000 + number, b"\1" * 32))
    return events


def as_one_stream(*groups):
    events = [event for group in groups for event in group]
    return [replace(event, version=number, position=number) for number, event in enumerate(events, start=1)]


def read(key, events):
    """Folds and judges the events as the system would, behind a contract and an agreement; returns their facts."""
    subject = CATALOGUE[key].subject
    base = [stored(file_of(name, 1))[:1] for name in ("agreement.signed", "contract.signed") if name != key]
    facts = fold(as_one_stream(*(base if subject == "parcel" else ()), events), RANK)
    book = RuleBook.shipped()
    if subject == "jurisdiction":
        RuleBook.from_events(events)
    for day in DAYS if subject == "parcel" else ():
        evaluate(facts, day, book.rules("120114"), book.calendar())
    return [facts.by_id[event.event_id] for event in events]


def unread_fields(key, data):
    """Fields of stored data that today's model has not, or takes for something else."""
    try:
        CATALOGUE[key].model.model_validate(data)
    except ValidationError as error:
        strange = {"extra_forbidden", "WRONG_TYPE"}
        return [one["loc"] for one in error.errors() if one["type"] in strange or one["type"].endswith("_type")]
    return []


@pytest.mark.parametrize(("key", "version"), VERSIONS)
def test_every_version_of_every_type_has_a_golden_file(key, version):
    assert file_of(key, version).exists(), "run: python tests/domain/test_old_streams.py"


def test_no_golden_file_has_changed_or_gone():
    kept = dict(reversed(line.split("  ")) for line in SUMS.read_text("ascii").splitlines())
    there = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in GOLDEN.glob("*.json")}
    assert there == kept


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.json")), ids=lambda path: path.name)
def test_what_was_stored_is_read(path):
    """Given records as they were stored, when today's code folds and judges them, then it understands every field."""
    key, version = key_of(path)
    assert key in CATALOGUE, "a stored type has no model any more: its name is permanent"
    events = stored(path)
    assert {event.schema_version for event in events} == {version}
    for fact in read(key, events):
        assert fact.event.schema_version == CATALOGUE[key].schema_version, "an upcaster is missing"
        assert unread_fields(key, fact.data) == [], "a stored field has another name or form now: it needs an upcaster"


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.json")), ids=lambda path: path.name)
def test_fields_of_a_later_release_are_kept_and_do_no_harm(path):
    key, _ = key_of(path)
    events = [replace(event, data={**event.data, "of_a_later_release": {"𠮷": [1]}}) for event in stored(path)]
    assert all(fact.data["of_a_later_release"] == {"𠮷": [1]} for fact in read(key, events))


@pytest.fixture
def renamed(monkeypatch):
    """A release in which `permit_no` of a start is called `licence_no` (2) and lies in `licence` (3)."""
    monkeypatch.setattr(upcasting, "UPCASTS", {})
    upcast("construction.started", 1)(
        lambda data: (
            {name: one for name, one in data.items() if name != "permit_no"} | {"licence_no": data.get("permit_no")}
        )
    )
    upcast("construction.started", 2)(
        lambda data: (
            {name: one for name, one in data.items() if name != "licence_no"}
            | {"licence": {"no": data.get("licence_no")}}
        )
    )


def event(kind, version, schema_version=1, **data):
    fields = {
        "event_id": f"01920000-0000-7000-8000-{version:012d}", "parcel_id": STREAMS["parcel"], "version": version, "type": kind,
        "schema_version": schema_version, "occurred_on": "2024-05-20", "jurisdiction": "120114", "department": "HUC",
        "on_behalf_of": None, "contract_no": None, "document": None, "attachments": None, "data": data,
    }  # fmt: skip
    return event_of(fields, version, version, b"\1" * 32)


def correction(version, of, field, new):
    return event("report.corrected", version, corrects=of.event_id, changes=[{"field": field, "old": "P1", "new": new}])


def test_an_old_event_is_read_in_its_present_form_through_every_version(renamed):
    old, between, new = (
        event("construction.started", 1, 1, permit_no="P1", unlawful=True),
        event("construction.started", 2, 2, licence_no="P2"),
        event("construction.started", 3, 3, licence={"no": "P3"}),
    )
    facts = fold([old, between, new], RANK)
    assert [fact.data["licence"]["no"] for fact in facts.facts] == ["P1", "P2", "P3"]
    assert {fact.event.schema_version for fact in facts.facts} == {3}
    assert facts.facts[0].data["unlawful"] is True
    assert facts.events == (old, between, new), "what is stored stays as it is"
    assert current_form(new) is new


def test_a_correction_holds_that_named_a_field_by_its_old_or_by_its_new_name(renamed):
    old = event("construction.started", 1, 1, permit_no="P1")
    before = fold([old, correction(2, old, "permit_no", "P2")], RANK)
    assert before.facts[0].data["licence"] == {"no": "P2"}
    both = fold([old, correction(2, old, "permit_no", "P2"), correction(3, old, "licence.no", "P3")], RANK)
    assert both.by_id[old.event_id].data["licence"] == {"no": "P3"}


def test_a_field_that_was_renamed_without_an_upcaster_is_noticed():
    (start, *_) = stored(file_of("construction.started", 1))
    assert unread_fields("construction.started", {**start.data, "licence_no": "P1"}) == [("licence_no",)]
    assert unread_fields("construction.started", {**start.data, "permit_no": 7}) == [("permit_no",)]


def write_missing():
    """Golden files of the types and versions that have none yet; the sums of all."""
    for key, kind in CATALOGUE.items():
        path = file_of(key, kind.schema_version)
        if path.exists():
            continue
        records = []
        for number, data in enumerate(kind.examples, start=1):
            decided = Decided(
                f"01920000-0000-7000-8000-{kind.rank:06d}{number:06d}", STREAMS[kind.subject], kind.name, kind.schema_version,
                day_number("2024-05-20"), "120114", kind.departments[0] if kind.departments else "SYS", None, None,
                {"no": f"示例〔2024〕{kind.rank}号"}, None, dict(data),
            )  # fmt: skip
            records.append(record_text(decided, number))
        path.write_text("[\n" + ",\n".join(records) + "\n]\n", "utf-8")
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}" for path in sorted(GOLDEN.glob("*.json"))]
    SUMS.write_text("\n".join(sums) + "\n", "ascii")


if __name__ == "__main__":
    write_missing()
