"""Parcels for map programs, and the lists as GeoJSON (OGC 17-069r4; RFC 7946; contract 4)."""

import json

import pytest

from given_api import FOREIGN_PARCEL, PARCEL, contract, problem, work

PARCELS = [f"120114001002GB{number:05d}" for number in range(31, 36)]
ITEMS = "/ogc/collections/parcels/items"


@pytest.fixture
def city(api):
    """Five parcels of 武清, one of 聊城; the read models are current."""
    for parcel in PARCELS:
        assert api.post(contract(), parcel=parcel).status_code == 201
    assert api.post(contract(), who="371500/NRP", parcel=FOREIGN_PARCEL).status_code == 201
    work(api)
    return api


def link(document, rel):
    (href,) = [one["href"] for one in document["links"] if one["rel"] == rel]
    return href


def test_a_map_program_finds_its_way_from_the_landing_page_to_every_feature_once(city):
    landing = city.get("/ogc/").json()
    assert {"self", "service-desc", "service-doc", "conformance", "data"} == {one["rel"] for one in landing["links"]}
    for rel in ("service-desc", "service-doc"):
        assert city.get(link(landing, rel)).status_code == 200
    classes = city.get(link(landing, "conformance")).json()["conformsTo"]
    assert [name.rsplit("/", 1)[1] for name in classes] == ["core", "geojson"]

    (collection,) = city.get(link(landing, "data")).json()["collections"]
    assert city.get(link(collection, "self")).json() == collection

    seen, address = [], link(collection, "items") + "?limit=2"
    while address:
        answer = city.client.get(address, headers=city.headers("regulator"))
        assert answer.headers["content-type"] == "application/geo+json"
        page = answer.json()
        assert page["type"] == "FeatureCollection" and page["numberReturned"] == len(page["features"]) <= 2
        assert page["timeStamp"].endswith("Z")
        seen += page["features"]
        address = next((one["href"] for one in page["links"] if one["rel"] == "next"), None)
    assert [one["id"] for one in seen] == PARCELS
    assert all(one["geometry"] is None and one["properties"]["stage"] == "SUPPLIED" for one in seen)


def test_one_feature_names_itself_and_its_collection(city):
    answer = city.get(f"{ITEMS}/{PARCELS[0]}")
    found = answer.json()
    assert (answer.status_code, found["type"], found["id"]) == (200, "Feature", PARCELS[0])
    assert city.get(link(found, "self")).json() == found
    assert city.get(link(found, "collection")).json()["id"] == "parcels"


def test_who_may_not_see_a_feature_does_not_see_it(city):
    problem(city.get(ITEMS, who=None), 401, "UNAUTHENTICATED")
    problem(city.get(f"{ITEMS}/{FOREIGN_PARCEL}"), 403, "FOREIGN_JURISDICTION")
    problem(city.get(f"{ITEMS}/{PARCEL}"), 404, "UNKNOWN_PARCEL")
    problem(city.get("/ogc/collections/rivers"), 404, "NOT_FOUND")


@pytest.mark.parametrize(
    "wrong",
    [
        {"bbox": "1,2,3"},
        {"bbox": "a,b,c,d"},
        {"bbox": "117,40,118,39"},
        {"bbox": "nan,1,2,3"},
        {"datetime": "yesterday"},
        {"datetime": "../.."},
        {"datetime": "2024-13-01"},
        {"datetime": "2024-01-01/2024-02-01/2024-03-01"},
        {"limit": 0},
        {"colour": "red"},
    ],
)
def test_a_parameter_that_is_wrong_or_unknown_is_400(api, wrong):
    assert api.get(ITEMS, **wrong).status_code == 400


def test_a_box_or_a_time_finds_none_since_no_feature_has_a_place_or_a_time(city):
    for asked in ({"bbox": "116,38,118,40"}, {"bbox": "116,38,0,118,40,9"}, {"datetime": "2024-01-01T00:00:00Z/.."}):
        page = city.get(ITEMS, **asked).json()
        assert page["features"] == [] and page["numberReturned"] == 0


def test_more_than_the_most_is_taken_as_the_most(city):
    assert city.get(ITEMS, limit=100_000).json()["numberReturned"] == len(PARCELS)


@pytest.mark.parametrize("question", ["parcels", "alerts"])
def test_a_list_comes_as_geojson_with_an_id_of_its_own_for_each_item(city, question):
    answer = city.get(f"/v1/exports/{question}.geojson")
    assert answer.headers["content-type"] == "application/geo+json"
    found = answer.json()
    listed = [json.loads(line) for line in city.get(f"/v1/exports/{question}.ndjson").text.splitlines()]
    assert found["type"] == "FeatureCollection" and [one["properties"] for one in found["features"]] == listed
    assert len({one["id"] for one in found["features"]}) == len(listed) >= len(PARCELS)


def test_an_empty_list_is_an_empty_collection(api):
    assert api.get("/v1/exports/parcels.geojson").json() == {"type": "FeatureCollection", "features": []}
