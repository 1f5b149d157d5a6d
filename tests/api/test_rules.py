"""`GET /v1/rules`, and the rule, pack and events that breaches, amounts and alerts name (specification 8.12, 10, 11.25)."""

from domain.policy_keys import KEYS
from given_api import PARCEL, contract, problem
from test_programme import amended


def test_every_parameter_is_listed_with_its_source_layer_and_status_on_a_day(api):
    problem(api.get("/v1/rules", who=None), 401, "UNAUTHENTICATED")
    problem(api.get("/v1/rules", jurisdiction="371502"), 403, "FOREIGN_JURISDICTION")
    problem(api.get("/v1/rules", as_of="2026-02-30"), 400, "INVALID_PARAMETER")
    assert api.post(amended(), path="/v1/jurisdictions/120114/events").status_code == 201

    def listed(**asked):
        answer = api.get("/v1/rules", **asked).json()
        assert [one["key"] for one in answer["items"]] == list(KEYS)
        return {one["key"]: one for one in answer["items"]}

    before, after = listed(as_of="2026-04-30"), listed(as_of="2026-05-01")
    assert (before["remind.milestone_days"]["value"], before["remind.milestone_days"]["status"]) == (30, "DEFAULT")
    assert (after["remind.milestone_days"]["value"], after["remind.milestone_days"]["source"]) == (
        60,
        "津武规〔2026〕1号",
    )
    usual = after["term.usual_max_years"]
    assert (usual["value"], usual["layer"], usual["status"], usual["pack"]) == (20, "CITY", "DRAFT", "120000/1")
    assert (after["idle.area_ratio"]["value"], after["idle.area_ratio"]["recorded"]) == ("1/3", None)
    assert after["rent.adjust"]["value"] == ["0.02", "5", "0.1"]
    assert "起草" in after["cure.O-START"]["recorded"], "a parameter that is only recorded says so"


def test_classes_bear_the_names_of_the_province(api):
    names = {
        who: api.get("/v1/catalogue", who=who).json()["labels"]["enterprise_class"]["D"]["zh"]
        for who in ("120114/NRP", "371500/NRP")
    }
    assert names == {"120114/NRP": "落后整治类", "371500/NRP": "限制发展类"}


def test_breaches_amounts_and_alerts_name_their_rule_the_pack_and_the_events(api):
    signed = contract(start_due="2026-02-02", ld_start_permille_day="1.000")
    api.post(signed)
    status = api.get(f"/v1/parcels/{PARCEL}/status").json()
    for one in (*status["breaches"], *status["amounts"]):
        assert one["rule_set"] == status["rule_set"]["id"] == "120114/1"
        assert one["caused_by"] == [signed["event_id"]]
    assert status["amounts"] and all(one["basis"] for one in status["amounts"])
    assert status["alerts"] and all(one["rule"] and one["rule_set"] == "120114/1" for one in status["alerts"])
    (breach,) = api.get(f"/v1/parcels/{PARCEL}/breaches").json()["items"]
    assert breach["clocks"] == [
        {"clock": "NOTICE", "until": "2026-02-24", "done_on": None, "rule": "breach.notice_workdays", "status": "DEFAULT", "source": "规范4.4 [DD]"}
    ]  # fmt: skip
