"""The description of the topics: committed, valid by the official schema, and true of what the relay sends."""

from pathlib import Path

import orjson
import pytest
from jsonschema_rs import Draft7Validator

from adapters.cloud_events import LoggedEvent, event_message, history_item
from adapters.kafka import TOPICS
from api.asyncapi import describe
from api.openapi import committed_form
from domain.event import Event, instant_text
from domain.events import CATALOGUE
from domain.events.union import example_envelopes
from projections import history

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def document():
    return orjson.loads(committed_form(describe()))


def validator(document, name):
    return Draft7Validator({"$ref": f"#/components/schemas/{name}", "components": document["components"]})


def event_of(kind, body, version=1):
    from domain.event import day_number

    stream = {"parcel": "120114001002GB00015", "jurisdiction": "jurisdiction:120114", "area": "area:wuqing"}[
        kind.subject
    ]
    return Event(
        body["event_id"], stream, version, 41, kind.name, kind.schema_version, day_number(body["occurred_on"]),
        1_700_000_000_000_001, "120114", "NRP", body.get("on_behalf_of"), None, body.get("document"), None, body["data"], bytes(32),
    )  # fmt: skip


def logged(event):
    from adapters.event_codec import decided_of, record_text

    return LoggedEvent(
        event.position, event.parcel_id, event.version, event.event_id, event.type, instant_text(event.recorded_at),
        event.chain_hash.hex(), 1, record_text(decided_of(event), event.version),
    )  # fmt: skip


def examples():
    return [(kind, event_of(kind, body)) for kind in CATALOGUE.values() for body in example_envelopes(kind)]


def test_the_committed_description_is_that_of_the_code(document):
    committed = (ROOT / "docs" / "asyncapi.json").read_bytes()
    assert committed == committed_form(document), "run: python -m api.asyncapi > docs/asyncapi.json"


def test_the_description_holds_by_the_official_schema_of_asyncapi(document):
    official = orjson.loads((ROOT / "tests" / "asyncapi" / "asyncapi-3.0.0.json").read_bytes())
    faults = [f"{one.instance_path}: {one.message[:200]}" for one in Draft7Validator(official).iter_errors(document)]
    assert faults == []
    assert {one["address"] for one in document["channels"].values()} == set(TOPICS)
    del document["channels"]["alerts"]["address"], document["info"]["version"]
    assert list(Draft7Validator(official).iter_errors(document)), "the official schema refuses what is incomplete"
    document["channels"]["alerts"]["address"], document["info"]["version"] = "parcel.alerts.v1", "1.0.0"


def test_every_reference_leads_somewhere(document):
    def references(value):
        if isinstance(value, dict):
            yield from ([value["$ref"]] if "$ref" in value else [])
            value = list(value.values())
        for one in value if isinstance(value, list) else ():
            yield from references(one)

    for reference in set(references(document)):
        found = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]


def test_every_example_of_every_type_is_one_member_of_its_union(document):
    unions = {"parcel": validator(document, "ParcelEvent"), "other": validator(document, "RuleEvent")}
    for kind, event in examples():
        item = orjson.loads(event_message(logged(event)).value)
        union = unions["parcel" if kind.subject == "parcel" else "other"]
        assert [f"{kind.name}: {one.message[:300]}" for one in union.iter_errors(item)] == []
        assert list(union.iter_errors(item | {"type": "no.such"})) and list(union.iter_errors(item | {"data": None}))


def test_what_is_cut_out_of_a_record_is_the_history_item():
    tricky = {
        "note": '","jurisdiction":"999999","occurred_on":"x', "jurisdiction": "000000", "occurred_on": "2020-01-01",
        "nested": {"event_id": "e", "jurisdiction": "1", "occurred_on": "2"}, "算法": "\u0001\\", "algorithm": "md5",
    }  # fmt: skip
    corrects = {"corrects": "01920000-0000-7000-8000-000000000001", "withdraws": "01920000-0000-7000-8000-000000000002"}
    events = [event for _, event in examples()]
    from dataclasses import replace

    events += [replace(events[0], data=tricky), replace(events[0], type="report.corrected", data=corrects)]
    events += [
        replace(events[0], type="report.withdrawn", data=corrects),
        replace(events[0], department=None, document=None),
    ]
    for event in events:
        assert orjson.loads(history_item(logged(event))) == history.item(event)


def test_the_description_is_served(api):
    assert api.client.get("/asyncapi.json").json() == orjson.loads((ROOT / "docs" / "asyncapi.json").read_bytes())
