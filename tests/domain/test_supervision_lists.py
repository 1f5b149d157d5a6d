"""What waits for a department: silence, conflicts, red health checks, the next assessment (6.1, 11.7, 11.16, 11.33)."""

from dataclasses import replace

import pytest
from law_lives import AGREEMENT, BUILT, CONTRACT, PAID, START, TAX, life, on, whole

from domain.answers import status_answer
from domain.event import day_number, day_text
from domain.events import RANK
from domain.facts import fold

OUTPUT = {
    "code": "O-OUTPUT", "direction": "GE", "threshold": "200.00", "unit": "万元/亩", "assess_on": "DATE", "due": "2023-06-30", "supervisor": "STAT",
}  # fmt: skip
COMPLETED = [("construction.verified", "2021-12-02", {"land_area_m2": "30000.00", "floor_area_m2": "36000.00"}, "NRP")]


def passed(day, kind="REACH", actual="12.00"):
    items = [{"code": "O-TAX", "actual": actual, "unit": "万元/亩"}]
    return ("performance.assessed", day, {"kind": kind, "items": items}, "MIIT")


def silence(found):
    return {(q.department, q.obligation, q.due and day_text(q.due)) for q in found.data_quality if q.kind == "SILENCE"}


def conflicts(found):
    return [(q.department, q.obligation) for q in found.data_quality if q.kind == "CONFLICT"]


def tasks(day, *entries):
    found = on(day, life(*BUILT, *COMPLETED, *entries, agreement=AGREEMENT))
    return [
        (one.task, one.department, day_text(one.since), one.until and day_text(one.until), one.event_id)
        for one in found.work
    ]


# --- silence


def test_an_assessment_that_is_owed_is_silence_of_the_lead_from_the_next_day():
    given = life(*BUILT, *COMPLETED, agreement=AGREEMENT)
    assert silence(on("2024-10-01", given)) == set()
    assert silence(on("2024-10-02", given)) == {("MIIT", "O-REACH", "2024-10-01")}
    assert silence(on("2024-10-02", life(*BUILT, *COMPLETED, passed("2024-09-30"), agreement=AGREEMENT))) == set()


def test_a_verification_that_is_owed_is_silence_of_nrp():
    assert silence(on("2021-12-01", life(*BUILT, agreement=AGREEMENT))) == set()
    assert silence(on("2021-12-02", life(*BUILT, agreement=AGREEMENT))) == {("NRP", "O-FAR", "2021-12-01")}


@pytest.mark.parametrize(
    ("day", "reports", "state", "owed"),
    [
        ("2023-06-30", {}, "DUE_SOON", set()),
        ("2023-07-01", {}, "NOT_REPORTED", {("STAT", "O-OUTPUT", "2023-06-30")}),
        ("2023-07-01", {"output_wan": "9000.00"}, "MET", set()),
        ("2023-06-30", {"output_wan": "8999.00"}, "DUE_SOON", set()),
        ("2023-07-01", {"output_wan": "8999.00"}, "OVERDUE", set()),
    ],
)
def test_a_figure_with_a_day_of_its_own_is_silence_of_its_supervisor_until_it_is_reported(day, reports, state, owed):
    year = {"period": {"from": "2022-01-01", "to": "2022-12-31"}, "scope": "PARCEL"}
    said = [("indicators.reported", "2023-03-01", year | reports, "STAT")] if reports else []
    found = on(day, life(*BUILT, *COMPLETED, *said, agreement={**AGREEMENT, "obligations": [TAX, OUTPUT]}))
    assert next(one.state for one in found.obligations if one.code == "O-OUTPUT") == state
    assert silence(found) == owed and found.open_breaches() == []


def test_a_process_assessment_that_is_owed_is_silence_of_the_lead_after_five_years():
    reach = passed("2024-08-15")
    given = life(*BUILT, *COMPLETED, reach, agreement=AGREEMENT)
    assert silence(on("2029-08-15", given)) == set()
    assert silence(on("2029-08-16", given)) == {("MIIT", "O-REACH", "2029-08-15")}
    assert whole("2028-01-01", given).next_change_on == day_number("2029-08-16")
    assert on("2029-08-16", given).alerts == [], "the alert is off (assess.process.alerts)"
    done = life(*BUILT, *COMPLETED, reach, passed("2029-08-10", "PROCESS"), agreement=AGREEMENT)
    assert silence(on("2029-08-16", done)) == set()


@pytest.mark.parametrize(
    ("items", "owed"),
    [
        (None, {("DRC", "O-INVEST", "2021-12-01")}),
        ([{"code": "O-INVEST", "unit": "万元/公顷"}], {("DRC", "O-INVEST", "2021-12-01")}),
        ([{"code": "O-INVEST", "actual": "4000.00", "unit": "万元/公顷"}], set()),
    ],
)
def test_a_figure_that_is_assessed_at_completion_is_silence_of_its_supervisor_until_it_is_known(items, owed):
    term = {
        "code": "O-INVEST",
        "direction": "GE",
        "threshold": "4500.00",
        "unit": "万元/公顷",
        "assess_on": "COMPLETION",
    }
    said = [("performance.assessed", "2022-01-10", {"kind": "START_COMPLETE", "items": items})] if items else []
    given = life(*BUILT, *COMPLETED, *said, agreement={**AGREEMENT, "obligations": [{**term, "hard": True}]})
    assert silence(on("2021-12-01", given)) == set()
    assert silence(on("2022-01-10", given)) == owed


def test_a_filing_that_is_late_is_silence_of_every_authority_that_answers_for_it():
    given = life(contract={**CONTRACT, "redevelopment": True}, agreement=AGREEMENT, signed="2021-01-04")
    assert silence(on("2021-02-04", given, jurisdiction="371500")) == set()
    late = {("TOWN", "O-FILE", "2021-02-04"), ("GOV", "O-FILE", "2021-02-04")}
    assert silence(on("2021-02-05", given, jurisdiction="371500")) == late


@pytest.mark.parametrize(
    ("figures", "known"),
    [
        ({"invest_fixed_total_wan": "500.00"}, False),
        ({"invest_excl_land_wan": "500.00"}, True),
        ({"developed_m2": "500.00"}, True),
    ],
)
def test_of_stopped_land_a_report_that_gives_neither_ratio_is_as_good_as_none(figures, known):
    report = ("construction.progress_reported", "2020-01-15", figures, "TOWN")
    stopped = ("construction.stopped", "2020-02-01", {"cause": "ENTERPRISE_MARKET"})
    found = on("2020-02-02", life(*PAID, ("construction.started", "2019-12-20", START), report, stopped))
    assert silence(found) == (set() if known else {("TOWN", None, "2020-02-01")})


# --- conflicts


def test_two_offices_that_differ_on_one_day_are_both_asked_and_the_supervisor_counts():
    town = ("construction.progress_reported", "2020-06-30", {"invest_excl_land_wan": "900.00"}, "TOWN")
    stat = ("construction.progress_reported", "2020-06-30", {"invest_excl_land_wan": "1100.00"}, "STAT")
    term = {
        "code": "O-INVEST",
        "direction": "GE",
        "threshold": "3000.00",
        "unit": "万元/公顷",
        "assess_on": "COMPLETION",
    }
    for supervisor, eligible in (("TOWN", False), ("STAT", True)):
        agreement = {**AGREEMENT, "obligations": [{**term, "supervisor": supervisor}]}
        events = life(*BUILT[:4], ("construction.started", "2019-12-20", START), town, stat, agreement=agreement)
        found = on("2020-07-01", events)
        assert ("MT" in found.exit_eligible) is eligible, "a quarter of 4 000 is 1 000"
        assert sorted(conflicts(found)) == [("STAT", "O-INVEST"), ("TOWN", "O-INVEST")]
        shown = next(one.conflict for one in found.obligations if one.code == "O-INVEST")
        assert {one["department"]: one["value"] for one in shown} == {"TOWN": "900.00", "STAT": "1100.00"}
        chosen = {
            "obligation": "O-INVEST",
            "field": "invest_excl_land_wan",
            "event_id": events[-2].event_id,
            "reason": "x",
        }
        decided = ("conflict.decided", "2020-07-10", chosen, None)
        after = on("2020-07-10", life(*BUILT[:4], ("construction.started", "2019-12-20", START), town, stat, decided, agreement=agreement))  # fmt: skip
        assert "MT" not in after.exit_eligible and conflicts(after) == []


@pytest.mark.parametrize("day", ["2020-06-29", "2020-07-01"])
def test_figures_of_different_days_or_alike_are_no_conflict(day):
    town = ("construction.progress_reported", "2020-06-30", {"invest_excl_land_wan": "900.00"}, "TOWN")
    later = ("construction.progress_reported", day, {"invest_excl_land_wan": "1100.00"}, "STAT")
    same = ("construction.progress_reported", "2020-06-30", {"invest_excl_land_wan": "900.00"}, "STAT")
    assert conflicts(on("2020-07-01", life(*BUILT[:5], town, later))) == []
    assert conflicts(on("2020-07-01", life(*BUILT[:5], town, same))) == []


# --- work


def test_a_red_health_check_waits_for_an_order_that_names_it_and_opens_nothing():
    red = ("health.checked", "2023-03-01", {"result": "RED", "problems": ["停产"]}, "TOWN")
    ordered = life(*BUILT, *COMPLETED, red, agreement=AGREEMENT)[-1].event_id
    assert tasks("2023-02-28", red) == []
    assert tasks("2023-03-01", red) == [("HEALTH_RED", "TOWN", "2023-03-01", None, ordered)]
    found = on("2023-03-01", life(*BUILT, *COMPLETED, red, agreement=AGREEMENT))
    assert (found.alerts, found.open_breaches(), found.compliance) == ([], [], "NORMAL")
    order = ("rectification.ordered", "2023-03-10", {"health_event_id": ordered, "until": "2023-09-10"}, "TOWN")
    assert tasks("2023-03-10", red, order) == []
    green = ("health.checked", "2023-04-01", {"result": "GREEN"}, "MIIT")
    assert tasks("2023-04-01", red, green) == []
    assert tasks("2023-04-01", red, ("title.cancelled", "2023-04-01", {}, "REG")) == []


def test_the_window_of_the_next_process_assessment_opens_after_three_years_and_raises_no_alert():
    reach = passed("2024-08-15")
    [(task, department, since, until, _)] = tasks("2027-08-15", reach)
    assert (task, department, since, until) == ("PROCESS_ASSESSMENT", "MIIT", "2027-08-15", "2029-08-15")
    assert tasks("2027-08-14", reach) == []
    assert len(tasks("2029-08-16", reach)) == 1 and on("2029-08-16", life(*BUILT, *COMPLETED, reach)).alerts == []
    assert tasks("2029-08-16", reach, passed("2028-01-10", "PROCESS")) == []


def test_an_assessment_of_the_completion_moves_no_window_of_the_operation():
    reach, again = passed("2024-08-15"), passed("2025-01-10", "START_COMPLETE")
    [(_, _, since, until, event)] = tasks("2027-08-15", reach, again)
    assert (since, until) == ("2027-08-15", "2029-08-15")
    assert event == life(*BUILT, *COMPLETED, reach, agreement=AGREEMENT)[-1].event_id


def test_the_status_shows_what_waits():
    red = ("health.checked", "2023-03-01", {"result": "RED"}, "TOWN")
    events = life(*BUILT, *COMPLETED, red, agreement=AGREEMENT)
    facts = fold(events, RANK)
    day = day_number("2023-03-01")
    shown = status_answer(on("2023-03-01", events), facts, known_at=0, as_of=day, alert_ids={})["work"]
    assert shown == [
        {"task": "HEALTH_RED", "department": "TOWN", "since": "2023-03-01", "until": None, "event_id": events[-1].event_id}
    ]  # fmt: skip


def filed_in(events, day):
    found = on(day, events, jurisdiction="371502")
    return [(one.doc_type, one.doc_ref, one.state, one.filed_on) for one in found.filings]


def test_one_filing_is_of_one_document_and_of_none_that_is_still_to_come():
    """Given a paper that states neither number nor date, when a supplement follows, then that is not filed by it (8.1)."""
    project = CONTRACT | {"redevelopment": True}
    bare = ("filing.submitted", "2020-12-10", {"doc_type": "AGREEMENT"})
    amended = ("agreement.amended", "2021-03-01", {"agreement_no": "B", "obligations": []})
    agreement = {"agreement_no": "A-1", "obligations": []}
    events = life(bare, amended, contract=project, signed="2020-11-10", agreement=agreement)
    papers = [one for one in filed_in(events, "2021-06-01") if one[0] == "AGREEMENT"]
    assert papers == [
        ("AGREEMENT", "A-1", "ON_TIME", day_number("2020-12-10")),
        ("AGREEMENT", "B", "OVERDUE", None),
    ]


def test_a_document_without_a_number_is_filed_by_its_date():
    project = CONTRACT | {"redevelopment": True}
    sent = {"doc_type": "SUPPLY_RESULT", "doc_ref": "东昌土2020-1", "doc_date": "2020-11-10"}
    [unnumbered] = [replace(one, contract_no=None) for one in life(contract=project, signed="2020-11-10")]
    filed = life(("filing.submitted", "2020-12-08", sent), contract=project, signed="2020-11-10")[1]
    assert filed_in([unnumbered, filed], "2021-06-01") == [("SUPPLY_RESULT", None, "ON_TIME", day_number("2020-12-08"))]
