"""The lists of contract 4 by each of their parameters, with the items that contract 4.1 writes."""

import re
import uuid

from given_api import PARCEL, contract, problem, work
from given_district import PAGE, event, instant

PARCEL_KEYS = {
    "parcel_id", "aliases", "jurisdiction", "holder", "stage", "compliance", "open_breaches", "exit_eligible", "next_due", "version",
}  # fmt: skip


PARCELS_ASKED = [
    ({"jurisdiction": "120114"}, 2),
    ({"stage": "IN_PRODUCTION"}, 1),
    ({"compliance": "BREACH"}, 2),
    ({"department": "MIIT"}, 1),
    ({"department": "HUC"}, 1),
    ({"due_before": "2025-02-01"}, 2),
    ({"due_before": "2024-07-10"}, 0),
    ({"q": "智能装备"}, 2),
    ({"q": "GB00016"}, 1),
    ({"alias": "1201142019B00015"}, 1),
    ({"alias": f"{PARCEL}W00000000"}, 1),
    ({"alias": "1201142019B0001"}, 0),
    ({"limit": 1}, 1),
    ({"min_position": 1}, 2),
]


def test_the_list_of_parcels_by_each_parameter(district):
    for asked, found in PARCELS_ASKED:
        body = district.get("/v1/parcels", **asked).json()
        assert body.keys() == PAGE and len(body["items"]) == found, [one["parcel_id"] for one in body["items"]]
        assert all(one.keys() == PARCEL_KEYS for one in body["items"])
        assert body["data_as_of"].keys() == {"position", "recorded_at", "as_of"}
        assert all(one["next_due"] is None or one["next_due"].keys() == {"code", "due"} for one in body["items"])


WAYS_ASKED = [
    ({}, [("MTA", True)]),
    ({"kind": "MTA"}, [("MTA", True)]),
    ({"kind": "MT"}, []),
    ({"kind": "MT", "eligible": "false", "jurisdiction": "120114"}, [("MT", False), ("MT", False)]),
    ({"kind": "FP", "eligible": "any", "limit": 1}, [("FP", False)]),
]


def test_the_list_of_ways_out_by_each_parameter(district):
    for asked, expected in WAYS_ASKED:
        body = district.get("/v1/exit-eligible", **asked).json()
        assert body.keys() == PAGE and [(one["kind"], one["eligible"]) for one in body["items"]] == expected
        keys = {"parcel_id", "jurisdiction", "holder", "stage", "kind", "eligible", "since", "basis", "blockers"}
        assert all(one.keys() == keys for one in body["items"])
        blockers = [blocker for one in body["items"] for blocker in one["blockers"]]
        assert all(one.keys() == {"code", "message", "cleared_by"} and one["message"] for one in blockers)
        assert blockers or all(eligible for _, eligible in expected)


def test_a_value_that_the_contract_does_not_name_is_400_and_told_which_are_and_no_empty_list(api):
    wrong = [
        ("/v1/parcels", "stage"), ("/v1/parcels", "compliance"), ("/v1/parcels", "department"), ("/v1/exit-eligible", "kind"),
        ("/v1/exit-eligible", "eligible"), ("/v1/data-quality", "department"), ("/v1/data-quality", "kind"), ("/v1/alerts", "department"),
        ("/v1/alerts", "level"), ("/v1/alerts", "state"),
    ]  # fmt: skip
    for path, name in wrong:
        body = problem(api.get(path, **{name: "BREECH"}), 400, "INVALID_PARAMETER")
        assert body["errors"][0]["pointer"] == f"/query/{name}"
        values = body["detail"].removeprefix(f"参数{name}的取值为").split("、")
        assert len(values) > 1 and all(re.fullmatch("[A-Za-z_]+", value) for value in values), body["detail"]


ALERT_KEYS = {
    "alert_id", "parcel_id", "jurisdiction", "code", "level", "breach_id", "breach_level", "state", "since", "raised_at", "departments",
    "message", "rule", "rule_set", "caused_by", "ended_by", "sequence",
}  # fmt: skip


ALERTS_ASKED = [
    ({}, {"A-BREACH-FAR", "A-BREACH-PERF", "A-BREACH-START", "A-BREACH-IDLE", "A-CURE-30", "A-IDLE-Y1"}),
    ({"state": "open", "level": "YELLOW"}, {"A-CURE-30"}),
    ({"state": "all", "department": "MIIT"}, {"A-BREACH-PERF"}),
    ({"state": "closed"}, set()),
    ({"jurisdiction": "120114", "department": "TAX"}, set()),
]


def test_the_list_of_alerts_by_each_parameter(district):
    for asked, codes in ALERTS_ASKED:
        body = district.get("/v1/alerts", **asked).json()
        assert body.keys() == PAGE
        assert {one["code"] for one in body["items"]} == codes
        for one in body["items"]:
            assert one.keys() == ALERT_KEYS
            assert one["state"] == "OPEN" and one["ended_by"] is None and instant(one["raised_at"])
            assert (one["breach_id"] is None) == (one["breach_level"] is None)
    end = district.get("/v1/alerts", limit=500).headers["X-Alert-Position"]
    assert district.get("/v1/alerts", after=end).json()["items"] == []


def test_an_alert_is_acknowledged_answered_and_closed_with_a_note(district):
    alert = next(one for one in district.get("/v1/alerts").json()["items"] if one["code"] == "A-BREACH-PERF")
    path = f"/v1/alerts/{alert['alert_id']}"
    taken = district.post({"note": "已收到"}, who="MIIT", path=f"{path}/acknowledge")
    assert taken.status_code == 200 and taken.json().keys() == ALERT_KEYS
    assert (taken.json()["state"], taken.json()["sequence"] > alert["sequence"]) == ("ACKNOWLEDGED", True)
    assert district.get("/v1/alerts", state="open", department="MIIT").json()["items"] == [taken.json()]
    answered = district.post({"note": "已约谈"}, who="MIIT", path=f"{path}/feedback")
    assert answered.status_code == 200 and answered.json()["state"] == "ACKNOWLEDGED"
    assert district.post({"note": "x"}, who="TAX", path=f"{path}/acknowledge").status_code == 403
    assert district.post({"note": "x"}, who="MIIT", path=f"{path}/close").status_code == 409, "the breach still stands"
    assert district.post({"note": 1}, who="MIIT", path=f"{path}/feedback").status_code == 422
    unknown = district.post({"note": "x"}, who="MIIT", path=f"/v1/alerts/{uuid.uuid4()}/acknowledge")
    problem(unknown, 404, unknown.json()["code"])


def test_what_is_silent_is_on_the_list_of_its_department_and_after_thirty_days_on_the_coordinators(district):
    def silent(who, **asked):
        items = district.get("/v1/data-quality", who=who, kind="SILENCE", **asked).json()["items"]
        keys = {"kind", "parcel_id", "department", "obligation", "due", "since", "event_ids"}
        assert all(one.keys() == keys for one in items)
        return {one["parcel_id"][-2:]: one["since"] for one in items}

    for number, day in ((41, "2026-05-01"), (42, "2026-05-02"), (43, "2026-06-01")):
        done = event("construction.completed", day, {"record_no": "r"})
        for body, who in ((contract(), "NRP"), (done, "HUC")):
            assert district.post(body, who=who, parcel=f"120114001002GB000{number}").status_code == 201
    work(district)
    assert silent("regulator") == {"41": "2026-05-02", "42": "2026-05-03"}
    assert silent("NRP", department="NRP", jurisdiction="120114") == silent("regulator")
    assert silent("coordinator") == {"41": "2026-05-02"}
    assert silent("coordinator", department="NRP") == silent("regulator")
    assert silent("regulator", department="TAX") == {}


def test_a_red_health_check_puts_the_parcel_on_the_list_of_its_department(district):
    assert district.get("/v1/parcels", department="STB").json()["items"] == []
    red = event("health.checked", "2026-05-20", {"result": "RED", "problems": ["停产"]})
    receipt = district.post(red, who="STB").json()
    work(district)
    listed = district.get("/v1/parcels", department="STB", min_position=receipt["position"]).json()["items"]
    assert [one["parcel_id"] for one in listed] == [PARCEL]
    waiting = district.get(f"/v1/parcels/{PARCEL}/status").json()["work"]
    assert [(one["task"], one["department"], one["event_id"]) for one in waiting] == [
        ("HEALTH_RED", "STB", red["event_id"])
    ]
