"""Reading one parcel: who may, for which day, with which knowledge (contract 4)."""

import pytest

from api.hiding import HIDDEN
from given_api import FOREIGN_PARCEL, OTHER_PARCEL, PARCEL, contract, delivered, problem

READS = ["status", "breaches", "quarters", "history", "proof"]


def started(day="2024-12-01", **more):
    return delivered() | {
        "type": "construction.started",
        "occurred_on": day,
        "data": {"evidence": "FOUNDATION_ONE_THIRD"},
    } | more  # fmt: skip


def permitted():
    return delivered() | {"type": "construction.permitted", "data": {"permit_no": "120114202405200101"}}


@pytest.mark.parametrize("what", READS)
def test_401_403_404_400_on_every_read(api, what):
    path = f"/v1/parcels/{PARCEL}/{what}"
    problem(api.get(path, who=None), 401, "UNAUTHENTICATED")
    problem(api.get(path, who="regulator@371500"), 403, "FOREIGN_JURISDICTION")
    problem(api.get(path, who="regulator@371500", nonsense=1), 403, "FOREIGN_JURISDICTION")
    problem(api.get(path), 404, "UNKNOWN_PARCEL")
    problem(api.get("/v1/parcels/nonsense/" + what), 404, "UNKNOWN_PARCEL")
    problem(api.get(path, nonsense=1), 400, "UNKNOWN_PARAMETER")
    assert api.post(delivered()).status_code == 201
    if what != "proof":
        assert api.get(path).status_code == 200
    assert api.get(path, who="TAX").status_code == api.get(path).status_code


def test_a_foreign_parcel_is_403_whether_it_exists_or_not(api):
    assert api.post(delivered(), who="371500/NRP", parcel=FOREIGN_PARCEL).status_code == 201
    for parcel in (FOREIGN_PARCEL, FOREIGN_PARCEL[:-1] + "9"):
        problem(api.get(f"/v1/parcels/{parcel}/status"), 403, "FOREIGN_JURISDICTION")


@pytest.mark.parametrize(
    "params",
    [
        {"as_of": "2024-13-01"},
        {"as_of": "2024-02-30"},
        {"as_of": "20240101"},
        {"as_of": ""},
        {"known_at": "2024-01-01"},
        {"known_at": "2024-01-01T00:00:00"},
        {"known_at": "yesterday"},
        {"known_at": "9999-12-31T23:59:60Z"},
    ],
)
def test_400_for_days_and_instants_of_no_form(api, params):
    problem(api.get(f"/v1/parcels/{PARCEL}/status", **params), 400, "INVALID_PARAMETER")


def test_a_parameter_given_twice_is_refused(api):
    response = api.client.get(
        f"/v1/parcels/{PARCEL}/status?as_of=2024-01-01&as_of=2025-01-01", headers=api.headers("regulator")
    )
    problem(response, 400, "INVALID_PARAMETER")


def test_the_status_of_any_day_and_of_any_state_of_knowledge(api):
    assert api.post(contract()).status_code == 201
    assert api.post(permitted(), who="HUC").status_code == 201
    known = api.post(started(), who="HUC").json()["recorded_at"]
    corrected = {
        "type": "report.withdrawn",
        "occurred_on": "2025-02-01",
        "data": {
            "withdraws": api.get(f"/v1/parcels/{PARCEL}/history").json()["items"][2]["event_id"],
            "reason": "误报",
        },
    }
    assert api.post(corrected, who="HUC", If_Match='"3"').status_code == 201

    def stage(**params):
        return api.get(f"/v1/parcels/{PARCEL}/status", **params).json()

    then, now = stage(as_of="2025-01-20", known_at=known), stage(as_of="2025-01-20")
    assert then["known_at"] == known and then["version"] == 3
    assert {one["kind"] for one in then["breaches"]} == set()
    assert now["version"] == 4 and [one["kind"] for one in now["breaches"]] == ["START"]
    again = stage(as_of="2025-01-20", known_at=now["known_at"])
    assert again == now
    assert stage(as_of="2025-01-20", known_at="2999-01-01T00:00:00Z")["known_at"] == now["known_at"]
    problem(api.get(f"/v1/parcels/{PARCEL}/status", known_at="2000-01-01T00:00:00Z"), 404, "UNKNOWN_PARCEL")


def test_a_plus_that_became_a_blank_is_understood(api):
    known = api.post(delivered()).json()["recorded_at"]
    response = api.client.get(f"/v1/parcels/{PARCEL}/status?known_at={known}", headers=api.headers("regulator"))
    assert response.json()["known_at"] == known


def test_history_in_pages_with_the_links_of_corrections(api):
    first = contract()
    api.post(first)
    for _ in range(3):
        api.post(delivered())
    correction = {
        "type": "report.corrected",
        "occurred_on": "2024-06-01",
        "data": {
            "corrects": first["event_id"],
            "changes": [{"field": "price_wan", "old": "2400.00", "new": "2500.00"}],
            "reason": "误填",
        },
    }
    taken = api.post(correction, If_Match='"4"').json()
    items, cursor = [], None
    while True:
        page = api.get(f"/v1/parcels/{PARCEL}/history", limit=2, **({"cursor": cursor} if cursor else {})).json()
        items += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
        assert len(page["items"]) == 2
    assert [one["version"] for one in items] == [1, 2, 3, 4, 5]
    assert items[0]["corrected_by"] == [taken["event_id"]] and items[4]["corrects"] == first["event_id"]
    assert items[0]["data"]["price_wan"] == "2400.00", "history shows what was reported"
    assert page["data_as_of"]["position"] == taken["position"]
    start = api.get(f"/v1/parcels/{PARCEL}/history", limit=2).json()["next"]
    problem(api.get(f"/v1/parcels/{OTHER_PARCEL}/history", cursor=start), 400, "CURSOR_ALTERED")
    problem(api.get(f"/v1/parcels/{PARCEL}/history", cursor=start[:-2] + "AA"), 400, "CURSOR_ALTERED")
    problem(api.get(f"/v1/parcels/{PARCEL}/history", limit=501), 400, "INVALID_PARAMETER")
    problem(api.get(f"/v1/parcels/{PARCEL}/history", limit=0), 400, "INVALID_PARAMETER")


def test_an_event_is_found_only_with_its_own_parcel(api):
    event_id = api.post(delivered()).json()["event_id"]
    assert api.get(f"/v1/parcels/{PARCEL}/events/{event_id.upper()}").json()["event_id"] == event_id
    api.post(delivered(), parcel=OTHER_PARCEL)
    problem(api.get(f"/v1/parcels/{OTHER_PARCEL}/events/{event_id}"), 404, "NOT_FOUND")
    problem(api.get(f"/v1/parcels/{PARCEL}/events/nonsense"), 404, "NOT_FOUND")


def test_tax_figures_are_hidden_from_those_who_do_not_need_them(api):
    body = {
        "type": "indicators.reported",
        "occurred_on": "2025-03-01",
        "data": {"period": {"from": "2024-01-01", "to": "2024-12-31"}, "scope": "PARCEL", "tax_wan": "95.00"},
    }
    assert api.post(body, who="TAX").status_code == 201

    def tax(who):
        return api.get(f"/v1/parcels/{PARCEL}/history", who=who).json()["items"][0]["data"]["tax_wan"]

    assert tax("CUL") == HIDDEN
    assert tax("TAX") == tax("regulator") == tax("coordinator") == "95.00"


def test_twelve_quarters(api):
    api.post(contract())
    items = api.get(f"/v1/parcels/{PARCEL}/quarters").json()["items"]
    assert len(items) == 12 and items[-1]["quarter"] == "2026Q2"
    assert {"quarter": "2023Q4", "compliance": "NO_DATA", "breaches": []} in items
    assert next(one for one in items if one["quarter"] == "2025Q1")["breaches"] == ["START"]


def test_a_breach_that_a_correction_took_away_stays_listed_as_withdrawn(api):
    api.post(contract())
    api.post(permitted(), who="HUC")
    late = api.post(started(day="2025-02-01"), who="HUC").json()
    correction = {
        "type": "report.corrected",
        "occurred_on": "2025-03-01",
        "data": {
            "corrects": late["event_id"],
            "changes": [{"field": "occurred_on", "old": "2025-02-01", "new": "2024-12-01"}],
            "reason": "误填",
        },
    }

    def breaches():
        listed = api.get(f"/v1/parcels/{PARCEL}/breaches", as_of="2025-04-01").json()["items"]
        return {(one["kind"], one["phase"]) for one in listed}

    assert ("START", "CLOSED_LATE") in breaches()
    assert api.post(correction, who="HUC", If_Match='"3"').status_code == 201
    assert not any(kind == "START" and phase != "WITHDRAWN" for kind, phase in breaches())


def test_unknown_addresses_and_methods_are_problems_too(api):
    problem(api.get("/v1/nothing"), 404, "NOT_FOUND")
    response = api.client.delete(f"/v1/parcels/{PARCEL}/status")
    problem(response, 405, "METHOD_NOT_ALLOWED")
    assert response.headers["allow"] == "GET"
