"""Every path of contract 4 but the lists, called as an outsider would, with the shape that the contract writes."""

import re
from itertools import product

from adapters.postgres import open_pool
from adapters.signed_heads import TreeKeeper
from given_api import PARCEL, problem
from given_district import PAGE, instant, shaped

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
MONEY = re.compile(r"-?\d+\.\d{2}")


def test_the_status(district):
    status = district.get(f"/v1/parcels/{PARCEL}/status", as_of="2026-06-01", known_at="2046-01-01T00:00:00+08:00")
    body = status.json()
    shaped(body, {
        "parcel_id": str, "version": int, "as_of": DAY, "known_at": str, "jurisdiction": str, "holder": dict, "stage": str, "compliance": str,
        "idle": dict, "obligations": list, "breaches": list, "amounts": list, "alerts": list, "exit": dict, "filings": list,
        "next_change_on": (DAY, None), "rule_set": dict,
    })  # fmt: skip
    assert (body["version"], body["stage"], body["compliance"]) == (13, "IN_PRODUCTION", "BREACH")
    assert instant(body["known_at"]) and body["known_at"] < "2046", "capped at the last event"
    shaped(body["holder"], {"uscc": str, "name": str})
    assert body["idle"] == {"clock": "NONE", "determination": "NONE", "since": None}
    shaped(body["rule_set"], {"id": re.compile(r"120114/\d+"), "status": str, "engine": str})
    for one in body["obligations"]:
        shaped(one, {"key": str, "code": str, "supervisor": str, "due": (DAY, None), "state": str, "fulfilled_on": (DAY, None),
                     "days_late": int, "threshold": (str, None), "actual": (str, None), "unit": (str, None), "explanation": list,
                     "conflict": (list, None)}, one["key"])  # fmt: skip
        assert one["explanation"], one["key"]
        for step in one["explanation"]:
            shaped(step, {"step": str, "date": (DAY, None), "rule": str}, one["key"])
    dues = [(one["due"] is None, one["due"] or "", one["key"]) for one in body["obligations"]]
    assert dues == sorted(dues), "by due day, then key (11.23)"
    for one in body["breaches"]:
        shaped(one, {"breach_id": str, "obligation": (str, None), "kind": str, "phase": str, "level": int, "effective_from": DAY,
                     "detected_at": DAY, "cure_until": (DAY, None), "rests_on": list})  # fmt: skip
    assert {one["kind"]: one["obligation"] for one in body["breaches"]} == {"FAR": "O-FAR", "PERF": "O-REACH"}
    assert [item["code"] for one in body["breaches"] if one["kind"] == "PERF" for item in one["items"]] == ["O-TAX"]
    for one in body["amounts"]:
        shaped(one, {"kind": str, "amount_wan": MONEY, "state": str, "basis": str, "computed_wan": (MONEY, None), "charge_id": (str, None),
                     "obligation": (str, None), "due": (DAY, None), "paid_wan": MONEY, "rests_on": list})  # fmt: skip
        for rest in one["rests_on"]:
            shaped(rest, {"key": str, "status": re.compile("DRAFT|DEFAULT"), "source": str})
    # 31 days late at 0.5 ‰ of 2 400; 2 400 × 0.1/1; (20 − 15) × 60 亩
    assert {one["kind"]: (one["amount_wan"], one["state"]) for one in body["amounts"]} == {
        "LD_START": ("37.20", "FIXED"), "LD_FAR": ("240.00", "RUNNING"), "TOP_UP": ("300.00", "ASSESSED")
    }  # fmt: skip
    for one in body["alerts"]:
        shaped(
            one,
            {
                "code": str,
                "alert_id": str,
                "level": re.compile("YELLOW|RED"),
                "since": DAY,
                "departments": list,
                "message": str,
            },
        )
    assert {one["code"]: one["departments"] for one in body["alerts"]} == {
        "A-BREACH-FAR": ["NRP"], "A-BREACH-PERF": ["MIIT"], "A-CURE-30": ["NRP"]
    }  # fmt: skip
    shaped(body["exit"], {"eligible": list, "in_progress": (dict, None), "kinds": list})
    for one in body["exit"]["kinds"]:
        shaped(one, {"kind": str, "eligible": bool, "blockers": list, "since": (DAY, None), "basis": list})
    kinds = [one["kind"] for one in body["exit"]["kinds"]]
    assert set(kinds) == set("VS AB ABP MT MTA MTP HL EXC FI FP FPAY FUSE EX LE PI JD WD".split())
    assert body["exit"]["eligible"] == ["MTA"]


def test_another_day_has_alerts_without_an_id_and_the_same_question_the_same_answer(district):
    asked = {"as_of": "2020-01-01", "known_at": "2046-01-01T00:00:00+08:00"}
    first = district.get(f"/v1/parcels/{PARCEL}/status", **asked).json()
    assert [(one["code"], one["alert_id"]) for one in first["alerts"]] == [("A-START-30", None)]
    again = district.get(f"/v1/parcels/{PARCEL}/status", **asked | {"known_at": first["known_at"]}).json()
    assert again == first


def test_the_history_and_one_event(district):
    body = district.get(f"/v1/parcels/{PARCEL}/history", limit=500).json()
    assert body.keys() == PAGE and body["next"] is None
    keys = {
        "event_id", "parcel_id", "type", "schema_version", "version", "position", "occurred_on", "recorded_at", "department",
        "on_behalf_of", "contract_no", "document", "attachments", "data", "corrects", "corrected_by", "withdrawn_by", "chain_hash",
    }  # fmt: skip
    assert all(one.keys() == keys for one in body["items"])
    assert [one["version"] for one in body["items"]] == list(range(1, 14))
    last = body["items"][-1]
    assert re.fullmatch(r"[0-9a-f]{64}", last["chain_hash"]) and instant(last["recorded_at"])
    assert (last["corrects"], last["corrected_by"], last["withdrawn_by"]) == (None, [], None)
    assert district.get(f"/v1/parcels/{PARCEL}/events/{last['event_id']}").json() == last
    pages, cursor = [], None
    while cursor is not None or not pages:
        page = district.get(f"/v1/parcels/{PARCEL}/history", limit=5, **({"cursor": cursor} if cursor else {})).json()
        pages.append([one["version"] for one in page["items"]])
        cursor = page["next"]
    assert pages == [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10], [11, 12, 13]]
    early = district.get(f"/v1/parcels/{PARCEL}/history", known_at=body["items"][3]["recorded_at"]).json()["items"]
    assert [one["version"] for one in early] == [1, 2, 3, 4]


def test_breaches_and_quarters(district):
    body = district.get(f"/v1/parcels/{PARCEL}/breaches").json()
    assert {one["kind"]: one["phase"] for one in body["items"]} == {
        "START": "CLOSED_LATE",
        "FAR": "IN_CURE",
        "PERF": "OPEN",
    }
    then = district.get(f"/v1/parcels/{PARCEL}/breaches", as_of="2020-02-01").json()["items"]
    assert [(one["kind"], one["phase"]) for one in then] == [("START", "OPEN")]
    quarters = district.get(f"/v1/parcels/{PARCEL}/quarters").json()["items"]
    assert all(one.keys() == {"quarter", "compliance", "breaches"} for one in quarters)
    assert [one["quarter"] for one in quarters][::11] == ["2023Q3", "2026Q2"] and len(quarters) == 12
    assert {one["quarter"]: (one["compliance"], one["breaches"]) for one in quarters}["2025Q1"] == (
        "BREACH",
        ["FAR", "PERF"],
    )


def test_the_tax_figure_is_hidden_wherever_it_stands_from_who_does_not_need_it(district):
    def seen(who):
        found = {}
        for what in ("status", "breaches", "history"):
            text = district.get(f"/v1/parcels/{PARCEL}/{what}", who=who).text
            found[what] = [figure for figure in ('"15.00"', '"15.0000"', '"900.00"') if figure in text]
        return found

    assert seen("LRC") == seen("HUC") == {"status": [], "breaches": [], "history": []}
    everything = {"status": ['"15.0000"'], "breaches": ['"15.0000"'], "history": ['"15.00"', '"900.00"']}
    assert seen("TAX") == seen("MIIT") == seen("coordinator") == seen("regulator") == everything


def test_the_log_its_heads_and_proofs(district, tmp_path):
    with open_pool(district.settings.database_url, max_size=2) as pool:
        TreeKeeper(pool, tmp_path, 0.01).step()
    head = district.get("/v1/log/head").json()
    shaped(head, {"tree_size": int, "root": re.compile("[0-9a-f]{64}"), "algorithm": re.compile("sha256"), "issued_at": str,
                  "key_id": str, "signature": str, "epoch": int})  # fmt: skip
    for key in district.get("/v1/log/keys").json()["keys"]:
        shaped(key, {"key_id": str, "public_key": str, "not_before": str, "not_after": (str, None)})
    proof = district.get(f"/v1/parcels/{PARCEL}/proof", tree_size=head["tree_size"]).json()
    shaped(proof, {"parcel_id": str, "algorithm": str, "tree_size": int, "root": str, "events": list})
    assert proof["root"] == head["root"]
    keys = {"version", "position", "recorded_at", "leaf_index", "record", "chain_hash", "path"}
    assert all(one.keys() >= keys and one["leaf_index"] == one["position"] - 1 for one in proof["events"])
    consistency = district.get("/v1/log/consistency", **{"from": 1, "to": head["tree_size"]}).json()
    shaped(consistency, {"from": int, "to": int, "from_root": str, "to_root": str, "path": list})
    assert consistency["to_root"] == head["root"]


def test_every_file(district):
    for question, form in product(["parcels", "alerts", "exit-eligible"], ["xlsx", "csv", "ndjson", "geojson"]):
        answer = district.get(f"/v1/exports/{question}.{form}")
        assert answer.status_code == 200 and answer.content
        problem(district.get(f"/v1/exports/{question}.{form}", who=None), 401, "UNAUTHENTICATED")


OPEN_TO_ALL = ["/livez", "/openapi.json", "/asyncapi.json", "/docs"]
WITH_A_KEY = ["/metrics", "/ogc/", "/ogc/conformance", "/ogc/collections"]


def test_pages_of_operation_and_maps_answer(api):
    assert {path: api.get(path, who=None).status_code for path in OPEN_TO_ALL} == dict.fromkeys(OPEN_TO_ALL, 200)
    assert {path: api.get(path).status_code for path in WITH_A_KEY} == dict.fromkeys(WITH_A_KEY, 200)


def test_an_unknown_parameter_is_400_everywhere(district):
    parcel = [f"/v1/parcels/{PARCEL}/{what}" for what in ("status", "history", "breaches", "quarters")]
    lists = ["/v1/parcels", "/v1/exit-eligible", "/v1/alerts", "/v1/data-quality", "/v1/catalogue", "/v1/log/keys"]
    years = ["/v1/areas/120114/evaluation", "/v1/rankings"]
    asked = {path: {"nonsense": "1"} for path in parcel + lists} | {
        path: {"year": 2024, "nonsense": "1"} for path in years
    }
    assert {path: district.get(path, **params).status_code for path, params in asked.items()} == dict.fromkeys(
        asked, 400
    )
