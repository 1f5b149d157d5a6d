"""Posting one event: the order of the checks, idempotence, versions (contract 3)."""

import json
import uuid

import pytest

from given_api import FOREIGN_PARCEL, OTHER_PARCEL, PARCEL, contract, delivered, problem, running, settings_for


def raw(api, text, who="NRP", parcel=PARCEL, content_type="application/json", query="", **headers):
    headers = {"content-type": content_type, **headers, **api.headers(who)}
    return api.client.post(f"/v1/parcels/{parcel}/events{query}", content=text, headers=headers)


def test_401_without_a_key_or_with_a_wrong_one(api):
    problem(api.post(delivered(), who=None), 401, "UNAUTHENTICATED")
    for wrong in ("lc_000000000000_" + "x" * 32, "nonsense", "lc_"):
        response = api.client.post(
            f"/v1/parcels/{PARCEL}/events", json=delivered(), headers={"Authorization": f"Bearer {wrong}"}
        )
        problem(response, 401, "UNAUTHENTICATED")
        assert response.headers["www-authenticate"].startswith("Bearer")


def test_a_key_is_taken_from_x_api_key_too(api):
    response = api.client.post(f"/v1/parcels/{PARCEL}/events", json=delivered(), headers={"X-API-Key": api.key("NRP")})
    assert response.status_code == 201


def test_403_for_a_parcel_of_another_jurisdiction_before_anything_is_read_of_the_body(api):
    problem(raw(api, b"{not json", parcel=FOREIGN_PARCEL), 403, "FOREIGN_JURISDICTION")
    problem(api.post(delivered(), who="371500/NRP"), 403, "FOREIGN_JURISDICTION")


def test_a_key_of_the_city_posts_in_its_district_never_the_other_way(api):
    assert api.post(delivered(), who="120000/NRP").status_code == 201
    problem(api.post(delivered(), who="120114/NRP", parcel="120000001002GB00015"), 403, "FOREIGN_JURISDICTION")


def test_422_for_an_id_of_no_form(api):
    problem(api.post(delivered(), parcel="120114001002GB0001"), 422, "PARCEL_ID")


def test_400_415_413_before_entitlement(api):
    problem(raw(api, b"{not json", who="TAX"), 400, "MALFORMED_JSON")
    problem(raw(api, b"{}", who="TAX", query="?dry_run=true"), 400, "UNKNOWN_PARAMETER")
    problem(raw(api, b"{}", who="TAX", content_type="text/plain"), 415, "UNSUPPORTED_MEDIA_TYPE")
    problem(raw(api, b"{}", who="TAX", content_type="application/json; charset=gbk"), 415, "UNSUPPORTED_MEDIA_TYPE")
    taken = raw(api, json.dumps(delivered()), content_type='application/json; profile=x; charset="UTF-8"')
    assert taken.status_code == 201
    large = json.dumps(delivered(note="x" * api.settings.max_body_bytes)).encode()
    problem(raw(api, large, who="TAX"), 413, "BODY_TOO_LARGE")


@pytest.mark.parametrize(
    "text",
    [
        b'{"type": "land.delivered", "type": "land.delivered"}',
        b'{"data": {"a": 1, "a": 2}}',
        b'{"data": {"a": 1, "a": "\\u003a"}}',
        b'{"data": {"a:": ":", "a:": ""}}',
        b'{"data": NaN}',
        b'{"data": Infinity}',
        b"\xff\xfe{}",
        b"\xef\xbb\xbf{}",
        b"",
        b"[" * 5000,
        b'{"a": "\\ud800"}',
    ],
)
def test_400_for_json_that_others_would_read_differently(api, text):
    problem(raw(api, text), 400, "MALFORMED_JSON")


def test_403_names_the_office_that_has_the_duty(api):
    body = problem(api.post({"type": "land.delivered", "bad": 1}, who="TAX"), 403, "NOT_ENTITLED")
    assert "NRP" in body["detail"] and "武清分局" in body["detail"]
    assert body["departments"] == ["NRP"]


def test_403_for_regulators_and_for_coordinators_beyond_their_duty(api):
    problem(api.post(delivered(), who="regulator"), 403, "ROLE_NOT_ALLOWED")
    problem(api.post(delivered(), who="coordinator"), 403, "NOT_ENTITLED")


def test_422_for_a_parcel_code_that_begins_with_no_division(api):
    """Given a key of the whole country, then a code of a division abolished since is taken, one of none is refused."""
    found = problem(api.post(delivered(), who="000000/NRP", parcel="999999001002GB00001"), 422, "DIVISION_UNKNOWN")
    assert found["errors"][0]["pointer"] == "/parcel_id" and "999999" in found["detail"]
    line = json.dumps({**delivered(), "parcel_id": "999999001002GB00001"})
    batch = api.client.post(
        "/v1/events:batch",
        content=line,
        headers={**api.headers("000000/NRP"), "Content-Type": "application/x-ndjson"},
    )
    assert batch.json()["problem"]["code"] == "DIVISION_UNKNOWN"
    assert api.post(delivered(), who="000000/NRP", parcel="120222001002GB00001").status_code == 201


def test_422_with_a_pointer_to_every_fault(api):
    body = delivered(day="2026-06-02")
    body["data"]["unknown"] = 1
    found = problem(api.post(body), 422, "OCCURRED_IN_FUTURE")
    assert {error["pointer"] for error in found["errors"]} >= {"/occurred_on", "/data/unknown"}
    problem(api.post([1]), 422, "NOT_AN_OBJECT")
    problem(api.post({**delivered(), "type": "land.sold"}), 422, "UNKNOWN_TYPE")
    problem(api.post({**delivered(), "type": "lineage.recorded"}), 422, "UNKNOWN_TYPE")
    nul = problem(api.post(delivered(document={"no": "a\0b"})), 422, "NUL_CHARACTER")
    assert nul["errors"][0]["pointer"] == "/document/no"


def test_409_when_an_id_is_used_again_for_something_else(api):
    first = delivered()
    assert api.post(first).status_code == 201
    problem(api.post(first | {"document": {"no": "别的文号"}}), 409, "EVENT_ID_REUSED")
    problem(api.post(first, parcel=OTHER_PARCEL), 409, "EVENT_ID_REUSED")


def test_a_repeated_id_comes_before_428_and_412(api):
    assert api.post(contract()).status_code == 201
    target = delivered()
    assert api.post(target).status_code == 201
    withdrawal = {
        "event_id": str(uuid.uuid4()),
        "type": "report.withdrawn",
        "occurred_on": "2024-06-01",
        "data": {"withdraws": target["event_id"], "reason": "误报"},
    }
    problem(api.post(withdrawal), 428, "IF_MATCH_REQUIRED")
    problem(api.post(withdrawal, If_Match='"1"'), 412, "VERSION_STALE")
    problem(api.post(withdrawal, If_Match="12"), 400, "INVALID_HEADER")
    taken = api.post(withdrawal, If_Match='"2"')
    assert taken.status_code == 201
    for headers in ({}, {"If_Match": '"1"'}):
        again = api.post(withdrawal, **headers)
        assert (again.status_code, again.json()["position"]) == (200, taken.json()["position"])
    problem(api.post(withdrawal | {"data": {**withdrawal["data"], "reason": "别的"}}), 409, "EVENT_ID_REUSED")


def test_201_with_receipt_location_and_etag(api):
    body = delivered()
    response = api.post(body)
    assert response.status_code == 201
    receipt = response.json()
    assert receipt["event_id"] == body["event_id"]
    assert (receipt["parcel_id"], receipt["version"], receipt["epoch"]) == (PARCEL, 1, 1)
    assert receipt["position"] > 0 and len(receipt["chain_hash"]) == 64
    assert receipt["recorded_at"].endswith("+08:00") and len(receipt["recorded_at"]) == 32
    assert response.headers["etag"] == '"1"'
    item = api.get(response.headers["location"]).json()
    assert (item["event_id"], item["recorded_at"]) == (body["event_id"], receipt["recorded_at"])


def test_200_and_the_first_receipt_for_the_same_body_in_another_order_of_keys(api):
    body = delivered()
    first = api.post(body)
    again = api.post(dict(reversed(body.items())))
    assert (first.status_code, again.status_code) == (201, 200)
    same = ("event_id", "version", "position", "recorded_at", "chain_hash")
    assert {name: first.json()[name] for name in same} == {name: again.json()[name] for name in same}


def test_a_repeated_post_gets_the_first_receipt_with_its_warnings_whatever_was_learned_since(api):
    early, body = delivered("2023-12-01"), contract()
    assert [one["code"] for one in api.post(early).json()["warnings"]] == ["OUT_OF_SEQUENCE"]
    first = api.post(body).json()
    assert {one["code"] for one in first["warnings"]} == {"NO_ADMISSION_RECORD", "NO_AGREEMENT"}
    agreement = {"agreement_no": "A-1", "signed_on": "2024-01-11", "exit_clause": {"present": False}, "obligations": []}
    later = {"type": "agreement.signed", "occurred_on": "2024-01-11", "document": {"no": "协议"}, "data": agreement}
    assert api.post(later, who="TOWN").status_code == 201
    required = {"rule_set": "120114", "key": "agreement.required", "value": True, "valid_from": "2020-01-01"}
    amendment = {"type": "rules.amended", "occurred_on": "2026-05-01", "document": {"no": "文"}, "data": required}
    assert api.post(amendment, path="/v1/jurisdictions/120114/events").status_code == 201
    again = api.post(body)
    assert (again.status_code, again.json()) == (200, first)
    assert [one["code"] for one in api.post(early).json()["warnings"]] == ["OUT_OF_SEQUENCE"]


def test_an_idempotency_key_that_is_a_uuid_takes_the_place_of_the_id(api):
    body = delivered()
    key = body.pop("event_id")
    first = api.post(body, Idempotency_Key=key)
    assert (first.status_code, first.json()["event_id"]) == (201, key)
    assert api.post(body, Idempotency_Key=key).status_code == 200
    made = api.post(body, Idempotency_Key="no uuid")
    assert made.status_code == 201 and uuid.UUID(made.json()["event_id"]).version == 7


def test_a_parcel_without_a_code_belongs_to_the_key_that_posted_its_first_event(api):
    body = {
        "type": "project.registered",
        "occurred_on": "2024-01-05",
        "data": {"project_name": "智能装备项目", "uscc": "91120114MA06TEK14B", "industry_code": "C3425"},
    }
    parcel = "xm-2101-120114-04-01-123456"
    assert api.post(body, who="IPB", parcel=parcel).status_code == 201
    problem(api.post(body, who="120101/IPB", parcel=parcel), 403, "FOREIGN_JURISDICTION")
    problem(api.get(f"/v1/parcels/{parcel}/status", who="regulator@371500"), 403, "FOREIGN_JURISDICTION")
    assert api.get(f"/v1/parcels/{parcel}/history", who="regulator@120000").status_code == 200


def test_a_key_of_an_area_stays_in_it(api):
    assert api.post(contract(area_id="wq-east")).status_code == 201
    problem(api.post(delivered(), who="NRP@area=wq-west"), 403, "FOREIGN_JURISDICTION")
    assert api.post(delivered(), who="NRP@area=wq-east").status_code == 201


def test_a_fault_of_ours_does_not_tell_its_text(database_url, tmp_path):
    def broken(facts, command, context):
        raise RuntimeError("secret text")

    with running(settings_for(database_url, tmp_path), decide_by=broken) as api:
        response = api.post(delivered())
    problem(response, 500, "INTERNAL")
    assert "secret" not in response.text


def test_the_trace_of_the_caller_is_kept(api):
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    response = api.post(delivered(), who=None, traceparent=f"00-{trace}-00f067aa0ba902b7-01")
    assert response.json()["trace_id"] == trace == response.headers["x-trace-id"]


def test_only_a_coordinator_decides_between_two_figures_and_has_no_department(api):
    figures = [
        api.post(
            {
                "type": "indicators.reported",
                "occurred_on": "2025-03-01",
                "data": {"period": {"from": "2024-01-01", "to": "2024-12-31"}, "scope": "PARCEL", "output_wan": output},
            },
            who=who,
        ).json()
        for who, output in (("STAT", "900.00"), ("STB", "800.00"))
    ]
    decision = {
        "type": "conflict.decided",
        "occurred_on": "2025-04-01",
        "data": {
            "obligation": "O-OUTPUT",
            "field": "output_wan",
            "event_id": figures[0]["event_id"],
            "reason": "以统计为准",
        },
    }
    body = problem(api.post(decision), 403, "NOT_ENTITLED")
    assert "协调者" in body["detail"]
    problem(api.post(decision, who="admin"), 403, "NOT_ENTITLED")
    taken = api.post(decision, who="coordinator")
    assert taken.status_code == 201, taken.text
    assert api.get(taken.headers["location"]).json()["department"] is None
