"""The description of the API: committed, complete, true to the routes, and free of other people's servers."""

import re
from pathlib import Path

import orjson
import pytest

from api.app import create_app
from api.openapi import committed_form, docs_page
from domain.events import CATALOGUE

COMMITTED = Path(__file__).parents[2] / "docs" / "openapi.json"


@pytest.fixture(scope="module")
def schema():
    return create_app().openapi()


def test_the_committed_description_is_that_of_the_code(schema):
    assert COMMITTED.read_bytes() == committed_form(schema), "run: python -m api.openapi > docs/openapi.json"


def test_every_event_type_that_people_post_is_a_member_of_a_union(schema):
    schemas = schema["components"]["schemas"]
    members = {
        (subject, name)
        for subject in ("parcel", "jurisdiction", "area")
        for name in schemas[f"{subject.capitalize()}Event"]["discriminator"]["mapping"]
    }
    assert members == {(kind.subject, kind.name) for kind in CATALOGUE.values() if not kind.system_only}


def test_every_reference_leads_somewhere(schema):
    text = orjson.dumps(schema).decode()
    for name in set(re.findall(r'"#/components/schemas/([^"]+)"', text)):
        assert name in schema["components"]["schemas"], name


def test_every_operation_names_its_refusals(schema):
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            if operation.get("security") == []:
                continue
            assert {"400", "401", "403", "404"} <= operation["responses"].keys(), (method, path)
            assert "422" in operation["responses"] or method == "get"


def test_operation_ids_are_unique(schema):
    ids = [operation["operationId"] for methods in schema["paths"].values() for operation in methods.values()]
    assert len(ids) == len(set(ids))


def test_the_page_for_people_loads_nothing_from_elsewhere(schema):
    page = docs_page(schema)
    assert "construction.started" in page and "/v1/parcels/{parcel_id}/status" in page
    assert not re.search(r"(src|href)=.https?:", page) and "<script" not in page


def test_the_description_is_served(api):
    assert api.client.get("/openapi.json").json() == orjson.loads(COMMITTED.read_bytes())
    assert api.client.get("/docs").headers["content-type"].startswith("text/html")
