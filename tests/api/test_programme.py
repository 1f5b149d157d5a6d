"""Jurisdictions, areas, rankings, the catalogue, proof, health (contract 3.1, 4, 4.2; specification 6.4)."""

import hashlib
import uuid

import psycopg
import pytest
from pydantic import SecretStr

from adapters.log_proof import verify_log
from adapters.postgres import open_pool
from adapters.signed_heads import TreeKeeper
from api.problem_codes import HTTP_CODES
from domain.events import CATALOGUE
from domain.refusal_codes import CODES
from given_api import FOREIGN_PARCEL, OTHER_PARCEL, PARCEL, contract, delivered, problem, running, work


def amended(**data):
    return {
        "event_id": str(uuid.uuid4()),
        "type": "rules.amended",
        "occurred_on": "2026-05-01",
        "document": {"no": "津武规〔2026〕1号"},
        "data": {"rule_set": "120114", "key": "remind.milestone_days", "value": 60, "valid_from": "2026-05-01"} | data,
    }


def test_an_amendment_goes_through_the_same_checks_and_acts_at_once(api):
    path = "/v1/jurisdictions/120114/events"
    problem(api.post(amended(), who=None, path=path), 401, "UNAUTHENTICATED")
    problem(api.post(amended(), who="371500/NRP", path=path), 403, "FOREIGN_JURISDICTION")
    problem(api.post(amended(), path="/v1/jurisdictions/12011/events"), 404, "NOT_FOUND")
    problem(api.post(amended(), who="TAX", path=path), 403, "NOT_ENTITLED")
    problem(api.post(delivered(), path=path), 422, "UNKNOWN_TYPE")
    problem(api.post(amended(key="no.such.key"), path=path), 422, "RULE_UNKNOWN")
    api.post(contract(start_due="2026-07-15"))

    def due_soon():
        status = api.get(f"/v1/parcels/{PARCEL}/status").json()
        return next(one["state"] for one in status["obligations"] if one["code"] == "O-START") == "DUE_SOON"

    assert not due_soon()
    body = amended()
    taken = api.post(body, path=path)
    assert taken.status_code == 201 and taken.json()["parcel_id"] == "jurisdiction:120114"
    assert "location" not in taken.headers
    assert api.post(body, path=path).status_code == 200
    assert due_soon()


def test_an_amendment_acts_from_its_day_and_what_was_known_before_stays(api):
    recorded = api.post(contract(start_due="2026-06-25")).json()["recorded_at"]
    taken = api.post(amended(valid_from="2026-05-01"), path="/v1/jurisdictions/120114/events")
    assert taken.status_code == 201

    def state(**asked):
        status = api.get(f"/v1/parcels/{PARCEL}/status", **asked).json()
        return next(one["state"] for one in status["obligations"] if one["code"] == "O-START")

    # 56 and 55 days ahead of the due day
    assert (state(as_of="2026-04-30"), state(as_of="2026-05-01")) == ("SCHEDULED", "DUE_SOON")
    assert state(as_of="2026-05-01", known_at=recorded) == "SCHEDULED"


def published(**data):
    document = {"no": "津武政办〔2026〕9号"}
    said = {"year": 2027, "holidays": ["2027-03-05"], "workdays": ["2027-03-07"]} | data
    return {"type": "calendar.published", "occurred_on": "2026-05-20", "document": document, "data": said}


def test_a_published_calendar_moves_open_deadlines_of_its_district_alone(api):
    path, friday = "/v1/jurisdictions/120114/events", [{"no": 1, "due": "2027-03-05", "amount_wan": "2400.00"}]
    api.post(contract(instalments=friday))
    recorded = api.post(contract(instalments=friday), who="371500/NRP", parcel=FOREIGN_PARCEL).json()["recorded_at"]
    problem(api.post(published(), path=path), 403, "NOT_ENTITLED")
    problem(api.post(published(holidays=["2028-03-05"]), who="GOV", path=path), 422, "OTHER_YEAR")
    assert api.post(published(), who="GOV", path=path).status_code == 201

    def due(parcel=PARCEL, **asked):
        status = api.get(f"/v1/parcels/{parcel}/status", who="regulator@000000", **asked).json()
        return next(one["due"] for one in status["obligations"] if one["code"] == "O-PAY")

    assert (due(), due(FOREIGN_PARCEL)) == ("2027-03-07", "2027-03-05"), "a Sunday that is worked"
    assert due(known_at=recorded) == "2027-03-05"


def evaluated(year, rank=None, **indicators):
    data = {"year": year} | ({"rank": rank} if rank else {}) | ({"indicators": indicators} if indicators else {})
    return {"type": "area.evaluated", "occurred_on": "2026-03-01", "data": data}


def test_areas_are_evaluated_and_ranked(api):
    def report(area, body, who="120000/GOV"):
        return api.post(body, who=who, path=f"/v1/areas/{area}/events")

    problem(report("120101", evaluated(2024), who=None), 401, "UNAUTHENTICATED")
    problem(report("371502", evaluated(2024)), 403, "FOREIGN_JURISDICTION")
    problem(report("120101", evaluated(2024), who="120000/TAX"), 403, "NOT_ENTITLED")
    problem(report("120101", {**evaluated(2024), "data": {}}), 422, "REQUIRED")
    for number, figure in enumerate(("0.50", "0.70", "0.70", "0.90", "0.95"), start=101):
        for year in (2022, 2023, 2024):
            assert report(f"120{number}", evaluated(year, land_per_gdp=figure)).status_code == 201
    items = api.get("/v1/rankings", who="regulator@120000", year=2024).json()["items"]
    assert [(one["area_id"], one["rank"]) for one in items] == [
        ("120101", 1), ("120102", 2), ("120103", 2), ("120104", 4), ("120105", 5)
    ]  # fmt: skip
    assert not any(one["among_last"] or one["interview"] for one in items), "five of sixteen: none of the last three"
    assert api.get("/v1/rankings", year=2024).json()["items"] == []
    evaluation = api.get("/v1/areas/120104/evaluation", who="regulator@120000", year=2024).json()
    assert (evaluation["rank"], evaluation["ranked"]) == (4, 5)
    assert evaluation["indicators"] == {"land_per_gdp": "0.90"}
    problem(api.get("/v1/areas/120104/evaluation", year=2024), 403, "FOREIGN_JURISDICTION")
    problem(api.get("/v1/areas/nowhere/evaluation", year=2024), 404, "NOT_FOUND")
    nothing = api.get("/v1/areas/120105/evaluation", who="regulator@120000", year=2021).json()
    assert (nothing["indicators"], nothing["published"], nothing["rank"], nothing["ranked"]) == ({}, None, None, 0)
    silent = api.get("/v1/areas/120110/evaluation", who="regulator@120000", year=2024).json()
    assert (silent["indicators"], silent["published"], silent["rank"], silent["ranked"]) == ({}, None, None, 5)
    problem(api.get("/v1/areas/120114/evaluation"), 400, "INVALID_PARAMETER")


def test_a_district_without_evaluation_is_ranked_by_what_its_figures_make(api):
    figures = {"120101": "400.00", "120102": "800.00", "120103": "NaN"}
    for area, gdp in figures.items():
        said = {"year": 2024, "indicators": {"gdp_yi": gdp, "construction_land_km2": "200.00"}}
        body = {"type": "indicators.reported", "occurred_on": "2025-03-01", "data": said}
        problem(api.post(body, who="120000/NRP", path=f"/v1/areas/{area}/events"), 403, "NOT_ENTITLED")
        assert api.post(body, who="120000/STAT", path=f"/v1/areas/{area}/events").status_code == 201
    assert (
        api.post(evaluated(2024, land_per_gdp="NaN"), who="120000/GOV", path="/v1/areas/120103/events").status_code
        == 201
    )
    items = api.get("/v1/rankings", who="regulator@120000", year=2024).json()["items"]
    assert [(one["area_id"], one["rank"], one["ranked"]) for one in items] == [("120102", 1, 2), ("120101", 2, 2)]
    evaluation = api.get("/v1/areas/120102/evaluation", who="regulator@120000", year=2024).json()
    assert evaluation["computed"] == {"gdp_per_land": "4.0000", "land_per_gdp": "0.2500"}


def test_the_published_rank_goes_before_the_computed_one(api):
    for number, rank in ((101, 3), (102, 1), (103, 2)):
        body = evaluated(2024, rank, land_per_gdp="0.50")
        assert api.post(body, who="120000/GOV", path=f"/v1/areas/120{number}/events").status_code == 201
    items = api.get("/v1/rankings", who="regulator@120000", year=2024).json()["items"]
    assert [one["area_id"] for one in items] == ["120102", "120103", "120101"]


def ranked(api, ranks_by_year):
    for year, ranks in ranks_by_year.items():
        for number, rank in enumerate(ranks, start=101):
            if rank:
                report = api.post(evaluated(year, rank), who="120000/GOV", path=f"/v1/areas/120{number}/events")
                assert report.status_code == 201, report.text


def interviewed(api, year):
    items = api.get("/v1/rankings", who="regulator@120000", year=year).json()["items"]
    return {one["area_id"][3:]: one["years_among_last"] for one in items if one["interview"]}


def test_the_last_three_of_sixteen_three_years_running_are_called_in(api):
    # 6.4: ranks 14, 15, 16 call for the interview, 14, 13, 16 do not; with a tie at 13 only 15 and 16 are among the last three
    upper = list(range(1, 13))
    ranked(api, {2023: [*upper, 13, 14, 15, 16], 2024: [*upper, 13, 15, 14, 16], 2025: [*upper, 13, 13, 15, 16]})
    assert interviewed(api, 2024) == {}
    assert interviewed(api, 2025) == {"115": 3, "116": 3}
    items = {one["area_id"]: one for one in api.get("/v1/rankings", who="regulator@120000", year=2025).json()["items"]}
    assert not items["120113"]["among_last"] and not items["120114"]["among_last"]


def test_the_last_three_are_those_of_all_districts_of_the_city_however_few_are_on_record(api):
    ranked(api, {2024: [14, 14, 1], 2025: [15, 13, 1], 2026: [16, 16, 3]})
    assert interviewed(api, 2026) == {"101": 3}
    items = api.get("/v1/rankings", who="regulator@120000", year=2026).json()["items"]
    assert {one["area_id"]: one["among_last"] for one in items} == {"120103": False, "120101": True, "120102": True}


def test_a_year_without_evaluation_breaks_the_run(api):
    last = [13, 14, 15, 16]
    ranked(api, {2021: last, 2022: last, 2023: [13, 14, 15, None], 2024: last, 2025: last})
    assert interviewed(api, 2022) == {}
    assert interviewed(api, 2025) == {"102": 5, "103": 5}


def test_how_many_are_last_and_for_how_long_is_a_matter_of_the_rules(api):
    ranked(api, {2024: [13, 14, 15, 16], 2025: [13, 14, 15, 16]})
    assert interviewed(api, 2025) == {}
    for key, value in (("rank.last_n", 1), ("rank.years", 2)):
        body = amended(rule_set="120000", key=key, value=value, valid_from="2024-01-01")
        assert api.post(body, who="120000/NRP", path="/v1/jurisdictions/120000/events").status_code == 201
    assert interviewed(api, 2025) == {"104": 2}


def test_a_rank_is_that_among_the_districts_of_one_city_whoever_asks(api):
    for number, figure in ((101, "0.50"), (114, "0.70"), (118, "0.90")):
        body = evaluated(2024, land_per_gdp=figure)
        assert api.post(body, who="120000/GOV", path=f"/v1/areas/120{number}/events").status_code == 201
    foreign = api.post(evaluated(2024, land_per_gdp="0.10"), who="371500/GOV", path="/v1/areas/371502/events")
    assert foreign.status_code == 201
    own = api.get("/v1/rankings", who="regulator@120114", year=2024).json()["items"]
    assert [(one["area_id"], one["rank"], one["ranked"]) for one in own] == [("120114", 2, 3)]
    everywhere = api.get("/v1/rankings", who="regulator@000000", year=2024).json()["items"]
    assert {one["area_id"]: one["rank"] for one in everywhere} == {"120101": 1, "120114": 2, "120118": 3, "371502": 1}
    evaluation = api.get("/v1/areas/120114/evaluation", who="regulator@120114", year=2024).json()
    assert (evaluation["rank"], evaluation["ranked"]) == (2, 3)


def test_the_catalogue_names_everything_with_labels_guards_and_sources(api):
    problem(api.get("/v1/catalogue", who=None), 401, "UNAUTHENTICATED")
    problem(api.get("/v1/catalogue", lang="zh"), 400, "UNKNOWN_PARAMETER")
    catalogue = api.get("/v1/catalogue", who="NRP").json()
    assert {one["type"] for one in catalogue["types"]} == {kind.name for kind in CATALOGUE.values()}
    codes = {one["code"]: one for one in catalogue["codes"]}
    assert codes.keys() == CODES.keys() | HTTP_CODES.keys()
    assert all(one["zh"] and one["en"] and one["guard"] and one["source"] for one in codes.values())
    nrp = next(one for one in catalogue["departments"] if one["code"] == "NRP")
    assert "武清" in nrp["local"]
    assert {one["code"] for one in catalogue["obligations"]} >= {"O-START", "O-FAR", "O-LAWFUL"}
    for values in catalogue["labels"].values():
        assert all(one["zh"] and one["en"] for one in values.values())
    started = next(one for one in catalogue["types"] if one["type"] == "construction.started")
    assert started["departments"] == ["HUC"] and started["document_required"]


def test_the_log_knows_which_key_its_bodies_were_hashed_with(api):
    """Given a post, when the API starts once more with another key, then neither key calls the other's events altered."""
    assert api.post(contract()).status_code == 201
    with running(api.settings.model_copy(update={"body_hash_key": SecretStr("of a new machine")})) as again:
        assert again.post(contract(), parcel=OTHER_PARCEL).status_code == 201
    with psycopg.connect(api.settings.database_url) as connection:
        found = [verify_log(connection, body_key=key) for key in (b"body", b"of a new machine", b"never used")]
    assert [(one.findings, one.unchecked_bodies) for one in found] == [([], 1), ([], 1), ([], 2)]


def test_the_proof_of_a_parcel_leads_from_each_event_to_a_signed_head(api, tmp_path):
    problem(api.get(f"/v1/parcels/{PARCEL}/proof"), 404, "UNKNOWN_PARCEL")
    problem(api.get("/v1/log/head", who=None), 401, "UNAUTHENTICATED")
    problem(api.get("/v1/log/head"), 404, "NOT_FOUND")
    api.post(contract())
    api.post(delivered())
    with open_pool(api.settings.database_url, max_size=2) as pool:
        TreeKeeper(pool, tmp_path, 0.01).step()
    signed = api.get("/v1/log/head").json()
    proof = api.get(f"/v1/parcels/{PARCEL}/proof").json()
    assert (proof["tree_size"], proof["root"]) == (signed["tree_size"], signed["root"])
    chained = bytes(32)
    for event in proof["events"]:
        chained = hashlib.sha256(b"\x02" + chained + event["record"].encode()).digest()
        assert chained.hex() == event["chain_hash"]
        assert event["leaf_index"] == event["position"] - 1 and event["path"]
    assert api.get("/v1/log/keys").json()["keys"][0]["key_id"] == signed["key_id"]
    grown = api.get("/v1/log/consistency", **{"from": 1, "to": signed["tree_size"]}).json()
    assert grown["to_root"] == signed["root"]
    problem(api.get("/v1/log/consistency", **{"from": 2, "to": 1}), 400, "INVALID_PARAMETER")
    problem(api.get("/v1/log/consistency", **{"from": 1, "to": 10**6}), 400, "INVALID_PARAMETER")
    problem(api.get(f"/v1/parcels/{PARCEL}/proof", tree_size=10**6), 400, "INVALID_PARAMETER")


def test_the_record_of_a_hidden_figure_is_not_in_the_proof(api, tmp_path):
    body = {
        "type": "indicators.reported",
        "occurred_on": "2025-03-01",
        "data": {"period": {"from": "2024-01-01", "to": "2024-12-31"}, "scope": "PARCEL", "tax_wan": "95.00"},
    }
    api.post(body, who="TAX")
    with open_pool(api.settings.database_url, max_size=2) as pool:
        TreeKeeper(pool, tmp_path, 0.01).step()
    assert api.get(f"/v1/parcels/{PARCEL}/proof", who="CUL").json()["events"][0]["record"] is None
    assert "95.00" in api.get(f"/v1/parcels/{PARCEL}/proof", who="TAX").json()["events"][0]["record"]


def test_the_process_lives_and_says_whether_it_can_serve(api):
    assert api.client.get("/livez").json() == {"status": "live"}
    work(api)
    ready = api.client.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded"), ready.text  # no relay works: alerts wait
    api.get("/v1/parcels")
    text = api.client.get("/metrics").text
    assert 'landcycle_http_request_seconds_count{method="GET",route="/v1/parcels",status="200"}' in text


@pytest.mark.parametrize("missing", ["key_pepper", "body_hash_key", "cursor_key"])
def test_production_does_not_start_without_its_secrets(database_url, tmp_path, missing):
    from pydantic import SecretStr

    from adapters.settings import UnsafeSettings
    from api.app import create_app
    from given_api import settings_for

    changes = {"environment": "production", "today": None, missing: SecretStr("")}
    with pytest.raises(UnsafeSettings, match=f"LANDCYCLE_{missing.upper()}"):
        create_app(settings_for(database_url, tmp_path).model_copy(update=changes))


def test_the_filings_of_a_district_on_time_and_late_stand_in_its_evaluation(api):
    parcel = "371502002004GB00088"

    def post(kind, day, who, **data):
        body = {"type": kind, "occurred_on": day, "document": {"no": "聊政〔2021〕1号"}, "data": data}
        assert api.post(body, who=f"371502/{who}", parcel=parcel).status_code == 201

    papers = [("SPECIAL_PLAN", "2020-12-28", "2021-01-20"), ("SCHEME", "2021-03-15", "2021-04-15"), ("LAND_APPROVAL", "2021-05-31", "2021-07-01"), ("PROGRESS", "2026-03-20", None), ("SCHEME", "2026-05-20", None)]  # fmt: skip
    for number, (paper, approved, filed) in enumerate(papers):
        post("document.approved", approved, "GOV", doc_type=paper, doc_ref=f"文{number}", doc_date=approved)
        if filed:
            post("filing.submitted", filed, "TOWN", doc_type=paper, doc_ref=f"文{number}", doc_date=approved, filed_on=filed)  # fmt: skip
    assert api.post(evaluated(2021), who="371502/GOV", path="/v1/areas/371502/events").status_code == 201
    work(api)

    def filings(year):
        answer = api.get("/v1/areas/371502/evaluation", who="regulator@371500", year=year).json()
        return answer["filings"]

    assert filings(2021) == {"due": 3, "on_time": 2, "late": 1, "on_time_ratio": "0.6667", "longest_delay_days": 1}
    # one fell due on 2026-04-20 and is 42 days late on 2026-06-01, the other is still ahead
    assert filings(2026) == {"due": 1, "on_time": 0, "late": 1, "on_time_ratio": "0.0000", "longest_delay_days": 42}
    assert filings(2022) == {"due": 0, "on_time": 0, "late": 0, "on_time_ratio": None, "longest_delay_days": 0}
