"""Breaches through their whole life (specification 4.1, 4.4, 4.7, 11.1, 11.20, 11.21, 11.37)."""

import pytest
from law_lives import (
    AGREEMENT,
    BOOK,
    BUILT,
    CONTRACT,
    PAID,
    START,
    TAX,
    blockers,
    codes,
    extended,
    life,
    money,
    on,
    phases,
)

from domain.answers import status_answer
from domain.event import day_number, day_text
from domain.events import RANK
from domain.facts import fold
from domain.supervision import assess_on, breaches_for_life


def assessed(day, actual, kind="REACH"):
    return (
        "performance.assessed",
        day,
        {"kind": kind, "items": [{"code": "O-TAX", "actual": actual, "unit": "万元/亩"}]},
    )


def notified(day, name):
    return ("breach.notified", day, {"obligation": name})


def ordered(day, name, until):
    return ("rectification.ordered", day, {"obligation": name, "until": until})


def inspected(day, name, result="CURED"):
    return ("rectification.inspected", day, {"obligation": name, "result": result})


def decided(day, name, decision):
    return ("breach.decided", day, {"obligation": name, "decision": decision, "reason": "x"})


def one(found, kind):
    return next(breach for breach in found.breaches if breach.kind == kind)


def test_a_breach_goes_from_open_to_cure_failed_and_its_level_only_rises():
    events = life(
        *PAID, notified("2020-01-10", "O-START"), decided("2020-01-20", "O-START", "CONFIRMED"), ordered("2020-02-01", "START", "2020-05-01"),
        ("interview.held", "2020-07-01", {"with": "x"}), ordered("2020-08-01", "O-START", "2020-09-01"),
    )  # fmt: skip
    seen = [(phases(found := on(day, events))["START"], one(found, "START").level) for day in
            ("2020-01-02", "2020-01-10", "2020-01-20", "2020-02-01", "2020-05-01", "2020-05-02", "2020-07-01", "2020-08-01", "2020-09-02")]  # fmt: skip
    assert seen == [
        ("OPEN", 0),
        ("NOTICED", 1),
        ("CONFIRMED", 1),
        ("IN_CURE", 2),
        ("IN_CURE", 2),
        ("CURE_FAILED", 2),
        ("CURE_FAILED", 4),
        ("IN_CURE", 4),
        ("CURE_FAILED", 4),
    ]
    assert on("2020-05-01", events).compliance == "IN_CURE" and on("2020-05-02", events).compliance == "ESCALATED"


def test_the_cure_warns_in_its_last_thirty_days():
    events = life(*PAID, ordered("2020-01-05", "START", "2020-04-05"))
    assert "A-CURE-30" not in codes(on("2020-03-05", events)) and "A-CURE-30" in codes(on("2020-03-06", events))


def test_where_a_date_closes_the_inspection_alone_does_not_but_a_failed_one_ends_the_cure():
    events = life(
        *PAID,
        ordered("2020-01-05", "START", "2020-04-05"),
        inspected("2020-02-01", "START"),
        inspected("2020-03-01", "START", "NOT_CURED"),
    )
    assert phases(on("2020-02-02", events)) == {"START": "IN_CURE"} and phases(on("2020-03-01", events)) == {
        "START": "CURE_FAILED"
    }


def test_an_order_speaks_of_the_breach_that_is_open_on_its_day():
    events = life(*PAID, ordered("2019-12-15", "START", "2020-04-05"))
    assert phases(on("2020-01-05", events)) == {"START": "OPEN"}


def test_a_start_on_the_due_day_is_on_time_and_a_later_one_closes_late():
    assert not on("2020-02-01", life(*PAID, ("construction.started", "2020-01-01", START))).breaches
    late = on("2020-02-01", life(*PAID, ("construction.started", "2020-01-02", START)))
    assert one(late, "START").phase == "CLOSED_LATE" and late.obligations[2].days_late == 1


def test_a_government_extension_acts_on_the_past_and_an_exempted_breach_is_listed():
    events = life(*PAID, extended("GOV_OTHER", start_due="2020-06-01", complete_due="2022-06-01"))

    def assess(facts, as_of):
        return assess_on(facts, as_of, BOOK.rules("120114"), BOOK.calendar())

    assert (
        phases(on("2020-01-15", events, known_at=3000)) == {"START": "OPEN"} and not on("2020-01-15", events).breaches
    )
    listed = breaches_for_life(fold(events, RANK), day_number("2020-03-01"), assess)
    assert [(b.kind, b.phase) for b in listed] == [("START", "EXEMPTED")]
    assert [
        (b.kind, b.phase) for b in breaches_for_life(fold(events, RANK, 3000), day_number("2020-01-20"), assess)
    ] == [("START", "OPEN")]
    again = on("2020-06-02", events)
    assert one(again, "START").breach_id != listed[0].breach_id, "two periods are two breaches"


def test_a_decision_takes_a_breach_away_on_every_day_with_its_money():
    events = life(*PAID, decided("2020-03-01", "START", "EXEMPTED"))
    found = on("2020-01-15", events)
    assert not phases(found) and one(found, "START").phase == "EXEMPTED" and "LD_START" not in money(found)
    assert next(o.state for o in found.obligations if o.key == "O-START") == "WAIVED"


def test_a_withdrawn_report_opens_the_breach_in_the_past_and_shows_when_it_was_detected():
    start = ("construction.started", "2019-12-20", START)
    events = life(*PAID, start)
    back = ("report.withdrawn", "2021-05-01", {"withdraws": events[-1].event_id, "reason": "x"})
    found = on("2021-06-01", life(*PAID, start, back))
    breach = one(found, "START")
    assert (day_text(breach.effective_from), day_text(breach.detected_at)) == ("2020-01-02", "2021-05-01")


def test_performance_two_failures_in_a_row_end_the_cure_a_pass_of_any_kind_closes():
    events = life(
        *BUILT, assessed("2024-08-01", "9.00"), ordered("2024-08-10", "O-TAX", "2025-08-10"), assessed("2025-02-01", "9.99", "PROCESS"),
        ordered("2025-03-01", "PERF", "2025-09-01"), assessed("2025-08-01", "10.00", "EXPIRY"), agreement=AGREEMENT,
    )  # fmt: skip
    seen = [
        phases(on(day, events)).get("PERF")
        for day in ("2024-08-01", "2024-08-10", "2025-02-01", "2025-03-01", "2025-08-01")
    ]
    assert seen == ["OPEN", "IN_CURE", "CURE_FAILED", "IN_CURE", None]
    assert "FP" in on("2025-02-01", events).exit_eligible and "FP" not in on("2025-08-01", events).exit_eligible
    assert on("2025-08-01", events).stage == "IN_PRODUCTION", "only REACH moves the stage"
    assert day_text(next(k.since for k in on("2025-03-01", events).exit_kinds if k.kind == "FP")) == "2025-02-01"


def test_a_waived_failure_does_not_count_towards_the_forced_exit():
    events = life(
        *BUILT, assessed("2024-08-01", "9.00"), decided("2024-09-01", "PERF", "EXEMPTED"), assessed("2025-02-01", "9.00"), agreement=AGREEMENT,
    )  # fmt: skip
    found = on("2025-03-01", events)
    assert phases(found) == {"PERF": "OPEN"} and blockers(found, "FP") == {"FAILURES_BELOW_2"}


def test_without_the_clause_no_forced_exit():
    agreement = {"agreement_no": "A", "obligations": [TAX]}
    found = on(
        "2025-03-01", life(*BUILT, assessed("2024-08-01", "9.00"), assessed("2025-02-01", "9.00"), agreement=agreement)
    )
    assert blockers(found, "FP") == {"NO_EXIT_CLAUSE"}


def test_capacity_is_opened_by_notice_alone_and_closed_by_a_passed_assessment():
    silent = on("2024-11-01", life(*BUILT, agreement=AGREEMENT))
    assert not phases(silent) and codes(silent) == {"A-ASSESS-OVERDUE"} and silent.compliance == "WARNING"
    events = life(*BUILT, notified("2024-11-05", "O-REACH"), assessed("2025-01-05", "11.00"), agreement=AGREEMENT)
    assert phases(on("2024-11-05", events)) == {"CAPACITY": "NOTICED"}
    found = on("2025-01-05", events)
    assert not phases(found) and found.stage == "AT_CAPACITY"
    assert next(o for o in found.obligations if o.key == "O-REACH").state == "MET_LATE"


@pytest.mark.parametrize(("day", "state"), [("2024-10-01", "MET"), ("2024-10-02", "MET_LATE")])
def test_capacity_is_met_when_the_pass_comes_within_three_months(day, state):
    found = on("2025-01-01", life(*BUILT, assessed(day, "11.00"), agreement=AGREEMENT))
    assert next(o for o in found.obligations if o.key == "O-REACH").state == state


def test_use_is_opened_by_notice_and_an_order_opens_the_way_to_termination():
    events = life(
        *BUILT,
        notified("2023-01-10", "O-USE"),
        ordered("2023-02-01", "O-USE", "2023-05-01"),
        inspected("2023-04-01", "O-USE"),
    )
    assert phases(on("2023-01-10", events)) == {"USE": "NOTICED"} and blockers(on("2023-01-10", events), "FUSE") == {
        "NO_DECISION"
    }
    assert "FUSE" in on("2023-02-01", events).exit_eligible
    found = on("2023-04-01", events)
    assert not phases(found) and one(found, "USE").phase == "CURED" and "FUSE" not in found.exit_eligible


def test_a_new_notice_after_the_cure_is_another_breach():
    events = life(
        *BUILT, notified("2023-01-10", "O-LET"), inspected("2023-04-01", "O-LET"), notified("2024-01-10", "O-LET")
    )
    found = on("2024-02-01", events)
    assert [b.phase for b in found.breaches] == ["CURED", "NOTICED"] and len({b.breach_id for b in found.breaches}) == 2


def test_a_change_of_control_without_consent_opens_equity():
    assert phases(
        on("2023-02-01", life(*BUILT, ("equity.changed", "2023-01-10", {"percent": "60", "consent": False})))
    ) == {"EQUITY": "OPEN"}
    assert not phases(
        on("2023-02-01", life(*BUILT, ("equity.changed", "2023-01-10", {"percent": "60", "consent": True})))
    )


def test_both_office_shares_are_one_breach_with_two_items():
    terms = [
        {"code": code, "direction": "LE", "threshold": limit, "unit": "ratio", "assess_on": "COMPLETION", "hard": True}
        for code, limit in (("O-OFFICE-L", "0.07"), ("O-OFFICE-F", "0.15"))
    ]
    areas = {
        "land_area_m2": "30000.00",
        "floor_area_m2": "40000.00",
        "office_land_m2": "2100.30",
        "office_floor_m2": "6000.01",
    }
    found = on(
        "2022-03-01",
        life(*BUILT, ("construction.verified", "2022-02-01", areas), agreement=AGREEMENT | {"obligations": terms}),
    )
    assert phases(found) == {"OFFICE": "OPEN"} and [item["code"] for item in one(found, "OFFICE").items] == [
        "O-OFFICE-L",
        "O-OFFICE-F",
    ]


def test_a_supplement_under_which_the_figure_holds_closes_the_breach():
    areas = {"land_area_m2": "30000.00", "floor_area_m2": "27000.00"}
    events = life(
        *BUILT,
        ("construction.verified", "2022-02-01", areas),
        ("conditions.changed", "2022-05-01", {"far_min": "0.90"}),
    )
    assert phases(on("2022-04-30", events)) == {"FAR": "OPEN"} and not phases(on("2022-05-01", events))


def test_an_exit_that_is_withdrawn_leaves_no_trace_on_level_and_clocks():
    events = life(
        *PAID, ("exit.opened", "2020-02-01", {"kind": "VS"}), ("exit.withdrawn", "2020-03-01", {"reason": "x"})
    )
    assert one(on("2020-02-15", events), "START").level == 5 and not on("2020-02-15", events).alerts
    found = on("2020-03-01", events)
    assert one(found, "START").level == 0 and money(found)["LD_START"] == (60.0, "RUNNING")


def test_a_split_parent_is_exited_and_the_child_carries_what_was_open():
    parcel = "120114001002GB00099"
    data = {"from_codes": [parcel], "to_codes": ["120114001002GB00101"], "area_m2": ["30000.00"]}
    parent = on("2020-03-01", life(*PAID, ("parcel.split", "2020-02-01", data)))
    assert (parent.stage, parent.compliance, phases(parent)) == ("EXITED", "CLOSED", {})
    carried = {
        "parents": [],
        "obligations": ["O-COMPLETE"],
        "contract": {k: v for k, v in CONTRACT.items() if k != "instalments"},
    }
    child = on(
        "2022-03-01", life(("lineage.recorded", "2020-02-01", carried), contract=None, parcel="120114001002GB00101")
    )
    assert phases(child) == {"COMPLETE": "OPEN"} and child.stage == "UNDER_CONSTRUCTION" and child.idle_clock == "NONE"


def test_a_duty_of_imported_history_that_is_reported_later_begins_with_the_onboarding_day():
    contract = CONTRACT | {"onboarding": True, "onboarded_on": "2024-01-01"}
    quiet = on("2024-06-01", life(contract=contract))
    assert (quiet.compliance, quiet.alerts, phases(quiet), quiet.idle_clock, money(quiet)) == (
        "NOT_REPORTED",
        [],
        {},
        "NONE",
        {},
    )
    assert {(q.kind, q.obligation) for q in quiet.data_quality} >= {
        ("DATA_MISSING", "O-START"),
        ("DATA_MISSING", "O-PAY/1"),
    }
    found = on(
        "2024-06-01", life(notified("2024-05-01", "O-START"), notified("2024-05-02", "O-PAY/1"), contract=contract)
    )
    assert {(b.kind, b.phase, day_text(b.effective_from), day_text(b.detected_at)) for b in found.breaches} == {
        ("START", "NOTICED", "2024-01-01", "2024-05-01"), ("PAY", "NOTICED", "2024-01-01", "2024-05-02")}  # fmt: skip
    ahead = on("2024-07-02", life(contract=contract))
    assert next(o.state for o in ahead.obligations if o.key == "O-REACH") == "NOT_REPORTED", (
        "this day lies ahead of the import"
    )


def test_departments_that_differ_are_both_kept_and_the_supervisor_counts_until_a_coordinator_decides():
    reports = [("production.started", "2022-06-01", {}, "TOWN"), ("production.started", "2022-08-01", {}, "MIIT")]
    events = life(*BUILT[:-1], *reports)
    found = on("2022-09-01", events)
    prod = next(o for o in found.obligations if o.key == "O-PROD")
    assert (prod.state, len(prod.conflict)) == ("MET_LATE", 2) and {
        q.department for q in found.data_quality if q.kind == "CONFLICT"
    } == {"TOWN", "MIIT"}
    choice = {"obligation": "O-PROD", "field": "occurred_on", "event_id": events[-2].event_id, "reason": "x"}
    after = on("2022-09-01", life(*BUILT[:-1], *reports, ("conflict.decided", "2022-08-20", choice)))
    assert next(o for o in after.obligations if o.key == "O-PROD").state == "MET" and not [
        q for q in after.data_quality if q.kind == "CONFLICT"
    ]


def test_a_report_that_comes_after_the_day_does_not_change_that_day():
    year = {"from": "2024-01-01", "to": "2024-12-31"}
    events = life(
        *BUILT, ("performance.assessed", "2025-03-01", {"kind": "REACH", "period": year, "items": [{"code": "O-TAX", "actual": "11.00"}]}),
        ("indicators.reported", "2025-05-01", {"period": year, "scope": "PARCEL", "tax_wan": "100.00"}, "TAX"), agreement=AGREEMENT,
    )  # fmt: skip
    assert not phases(on("2025-04-30", events))
    found = on("2025-05-01", events)
    assert phases(found) == {"PERF": "OPEN"} and day_text(one(found, "PERF").detected_at) == "2025-05-01"


def test_the_answer_has_the_shape_of_the_contract():
    events = life(*PAID, ordered("2020-01-05", "START", "2020-04-05"))
    facts = fold(events, RANK)
    answer = status_answer(
        on("2020-02-01", events), facts, known_at=1_700_000_000_000_000, as_of=day_number("2020-02-01"), alert_ids={}
    )
    assert answer["known_at"] == "2023-11-15T06:13:20.000000+08:00"
    assert [one["key"] for one in answer["obligations"]][:3] == ["O-PAY/1", "O-PAY/2", "O-START"]
    assert {one["kind"]: one["amount_wan"] for one in answer["amounts"]} == {"LD_START": "31.00"}
    assert len(answer["exit"]["kinds"]) == 17 and "VS" not in answer["exit"]["eligible"]
    assert answer["breaches"][0].keys() >= {
        "breach_id",
        "obligation",
        "kind",
        "phase",
        "level",
        "effective_from",
        "detected_at",
        "cure_until",
    }


@pytest.mark.parametrize(("unit", "good", "bad"), [("万元/吨标煤", "2.70", "2.60"), ("吨标煤/万元", "2.60", "2.70")])
def test_value_per_energy_is_a_floor_and_energy_per_value_a_ceiling(unit, good, bad):
    energy = {"code": "O-ENERGY", "threshold": "2.694", "unit": unit, "assess_on": "REACH", "hard": True}
    for actual, found in ((good, {}), (bad, {"PERF": "OPEN"})):
        held = (
            "performance.assessed",
            "2024-08-01",
            {"kind": "REACH", "items": [{"code": "O-ENERGY", "actual": actual, "unit": unit}]},
        )
        events = life(*BUILT, held, agreement=AGREEMENT | {"obligations": [energy]})
        assert {kind: phase for kind, phase in phases(on("2024-08-02", events)).items() if kind == "PERF"} == found


@pytest.mark.parametrize("second, expected", [("2022-06-01", {"FAR": "OPEN"}), ("2022-03-15", {})])
def test_a_verification_that_fails_after_a_decision_opens_a_breach_of_its_own(second, expected):
    low = {"land_area_m2": "30000.00", "floor_area_m2": "27000.00"}
    waived = decided("2022-04-01", "O-FAR", "WITHDRAWN")
    events = life(*BUILT, ("construction.verified", "2022-02-01", low), waived, ("construction.verified", second, low))
    open_on_the_day = {name: phase for name, phase in phases(on("2022-07-01", events)).items() if name == "FAR"}
    assert open_on_the_day == expected
    assert "FAR" not in phases(on("2022-03-31", events))
