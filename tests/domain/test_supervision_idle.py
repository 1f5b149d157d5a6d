"""Idle land 闲置土地 to the day (specification 4.3, 4.7, 11.4, 11.37). Given a life, when a day is asked, then."""

import pytest
from law_lives import CONTRACT, PAID, START, blockers, codes, extended, life, money, on, phases

REPORT = "construction.progress_reported"
LOW = {"developed_m2": "5000.00", "invest_excl_land_wan": "500.00"}
REACHED = {"developed_m2": "15000.00", "invest_excl_land_wan": "1500.00"}
STOP = ("construction.stopped", "2020-06-01", {"cause": "ENTERPRISE_FINANCING"})


def stopped(*more, progress=LOW, contract=CONTRACT):
    return life(
        *PAID, ("construction.started", "2019-12-01", START), (REPORT, "2020-05-01", progress), STOP, *more, contract=contract
    )  # fmt: skip


@pytest.mark.parametrize(
    ("day", "clock", "alerts"),
    [
        ("2020-11-01", "NONE", set()), ("2020-11-02", "NONE", {"A-IDLE-NEAR"}), ("2021-01-01", "NONE", {"A-IDLE-NEAR"}),
        ("2021-01-02", "Y1", {"A-IDLE-Y1"}), ("2021-11-01", "Y1", {"A-IDLE-Y1"}), ("2021-11-02", "Y1", {"A-IDLE-Y1", "A-IDLE2-NEAR"}),
        ("2022-01-01", "Y1", {"A-IDLE-Y1", "A-IDLE2-NEAR"}), ("2022-01-02", "Y2", {"A-IDLE-Y2"}),
    ],
)  # fmt: skip
def test_land_not_started_counts_full_years_from_the_start_date(day, clock, alerts):
    found = on(day, life(*PAID))
    assert (found.idle_clock, {code for code in codes(found) if "IDLE" in code}) == (clock, alerts)


def test_a_year_from_29_february_ends_on_28_february():
    events = life(*PAID, contract=CONTRACT | {"start_due": "2020-02-29"})
    assert on("2021-02-28", events).idle_clock == "NONE" and on("2021-03-01", events).idle_clock == "Y1"


@pytest.mark.parametrize(
    ("progress", "clock"),
    [
        (LOW, "Y1"), (REACHED, "NONE"), ({"developed_m2": "15000.00"}, "NONE"), ({"developed_m2": "9999.99"}, "Y1"), ({"developed_m2": "10000.00"}, "NONE"),
        ({"developed_m2": "15000.00", "invest_excl_land_wan": "999.99"}, "Y1"), ({"invest_excl_land_wan": "1000.00", "developed_m2": "1.00"}, "Y1"), ({}, "NONE"),
    ],
)  # fmt: skip
def test_stopped_land_is_idle_when_one_known_ratio_is_below_its_limit(progress, clock):
    assert on("2021-06-01", stopped(progress=progress)).idle_clock == "NONE"
    assert on("2021-06-02", stopped(progress=progress)).idle_clock == clock


def test_stopped_land_is_never_recovered_for_nothing():
    found = on(
        "2023-01-01",
        stopped(
            ("idle.investigated", "2021-07-01", {}), ("idle.determined", "2021-08-01", {"result": "IDLE_ENTERPRISE"})
        ),
    )
    assert (found.idle_clock, found.idle_determination, phases(found)["IDLE"]) == (
        "Y2",
        "IDLE_ENTERPRISE",
        "DETERMINED",
    )
    assert blockers(found, "FI") == {"STARTED"} and found.compliance == "ESCALATED"


def test_a_stop_that_ends_within_the_year_leaves_nothing_and_the_day_after_the_year_leaves_the_clock():
    assert on("2021-12-01", stopped(("construction.resumed", "2021-06-01", {}))).idle_clock == "NONE"
    assert on("2021-12-01", stopped(("construction.resumed", "2021-06-02", {}))).idle_clock == "Y1"


def test_resumed_below_the_ratios_the_clock_keeps_its_value():
    resumed = stopped(("construction.resumed", "2021-07-01", {}))
    for day in ("2021-07-01", "2022-06-02", "2024-01-01"):
        found = on(day, resumed)
        assert (found.idle_clock, phases(found)["IDLE"]) == ("Y1", "OPEN")
        assert "A-IDLE2-NEAR" not in codes(found)


def test_work_resumed_and_both_ratios_reached_close_the_breach_and_release():
    events = stopped(
        ("idle.investigated", "2021-06-10", {}), ("idle.determined", "2021-06-20", {"result": "IDLE_ENTERPRISE"}),
        ("construction.resumed", "2021-07-01", {}), (REPORT, "2021-09-01", REACHED),
    )  # fmt: skip
    assert on("2021-08-31", events).idle_determination == "IDLE_ENTERPRISE"
    found = on("2021-09-01", events)
    assert (found.idle_clock, found.idle_determination) == ("NONE", "RELEASED") and "IDLE" not in phases(found)
    closed = next(one for one in found.breaches if one.kind == "IDLE")
    assert (closed.phase, closed.breach_id) == (
        "CLOSED",
        next(b.breach_id for b in on("2021-06-02", events).breaches if b.kind == "IDLE"),
    )


def test_ratios_reached_without_resumption_do_not_release_the_clock():
    found = on("2021-10-01", stopped((REPORT, "2021-09-01", REACHED)))
    assert found.idle_clock == "Y1" and phases(found)["IDLE"] == "OPEN"


def test_completion_ends_the_idle_clock_and_its_breach_but_not_a_missing_start():
    found = on("2021-09-01", stopped(("construction.completed", "2021-08-01", {})))
    assert found.idle_clock == "NONE" and [(b.kind, b.phase) for b in found.breaches] == [("IDLE", "CLOSED")]
    bare = on("2021-09-01", life(*PAID, ("construction.completed", "2021-08-01", {})))
    assert bare.idle_clock == "NONE" and phases(bare) == {"START": "OPEN"} and bare.stage == "SUPPLIED"


def test_the_start_closes_the_breach_and_releases_the_determination():
    events = life(
        *PAID, ("idle.investigated", "2021-02-01", {}), ("idle.determined", "2021-03-01", {"result": "IDLE_ENTERPRISE"}), ("construction.started", "2021-04-01", START),
    )  # fmt: skip
    assert on("2021-03-31", events).idle_determination == "IDLE_ENTERPRISE"
    found = on("2021-04-01", events)
    assert (found.idle_clock, found.idle_determination) == ("NONE", "RELEASED") and not phases(found)
    assert {(b.kind, b.phase) for b in found.breaches} == {("START", "CLOSED_LATE"), ("IDLE", "CLOSED")}


@pytest.mark.parametrize("result", ["IDLE_GOVERNMENT", "FORCE_MAJEURE", "NOT_IDLE"])
def test_after_another_determination_clock_and_alert_stay_and_the_breach_ends_with_that_day(result):
    events = life(*PAID, ("idle.investigated", "2021-02-01", {}), ("idle.determined", "2021-03-01", {"result": result}))
    assert phases(on("2021-02-28", events))["IDLE"] == "OPEN"
    found = on("2021-03-01", events)
    assert "IDLE" not in phases(found) and found.idle_clock == "Y1" and "A-IDLE-Y1" in codes(found)
    ended = next(one for one in found.breaches if one.kind == "IDLE")
    assert ended.phase == ("WITHDRAWN" if result == "NOT_IDLE" else "EXEMPTED")
    assert blockers(on("2022-01-02", events), "FI") == {"NOT_DETERMINED"}


@pytest.mark.parametrize(
    ("cause", "day"), [("GOV_LATE_DELIVERY", "2021-06-02"), ("FORCE_MAJEURE", "2021-06-02"), ("PRELIMINARY_WORK", "2021-06-02"),
                       ("JUDICIAL", "2021-01-02"), ("ENTERPRISE_MARKET", "2021-01-02")],
)  # fmt: skip
def test_only_some_causes_move_the_idle_clock(cause, day):
    events = life(*PAID, extended(cause, start_due="2020-06-01", complete_due="2022-06-01"))
    first = next(
        d for d in ("2021-01-01", "2021-01-02", "2021-06-01", "2021-06-02") if on(d, events).idle_clock == "Y1"
    )
    assert first == day


def test_after_an_enterprise_extension_a_government_one_moves_the_idle_date_by_the_days_it_grants():
    events = life(
        *PAID, extended("ENTERPRISE_MARKET", start_due="2020-06-01"),
        ("extension.decided", "2020-05-01", {"decision": "APPROVED", "cause": "GOV_OTHER", "new": {"start_due": "2020-06-11"}}),
    )  # fmt: skip
    assert on("2021-01-11", events).idle_clock == "NONE" and on("2021-01-12", events).idle_clock == "Y1"


def test_the_clock_stands_still_from_the_opening_of_an_exit_and_is_none_after_the_title():
    events = life(*PAID, ("exit.opened", "2021-06-01", {"kind": "VS"}), ("title.cancelled", "2022-06-01", {}))
    assert on("2022-05-31", events).idle_clock == "Y1"
    found = on("2022-06-01", events)
    assert (found.idle_clock, found.idle_determination, phases(found)) == ("NONE", "NONE", {})
    assert money(found)["LD_START"] == (517.0, "FIXED"), "the day of the opening still counts"


def test_an_unlawful_start_is_no_start():
    events = life(
        *PAID,
        ("construction.started", "2019-12-01", {"unlawful": True}),
        ("rectification.inspected", "2020-03-01", {"obligation": "O-LAWFUL", "result": "CURED"}),
    )
    assert phases(on("2020-02-01", events)) == {"START": "OPEN", "UNLAWFUL_START": "OPEN"}
    found = on("2021-01-02", events)
    assert found.idle_clock == "Y1" and "UNLAWFUL_START" not in phases(found) and found.stage == "SUPPLIED"


def test_a_start_counts_from_its_own_day_once_its_permit_is_on_record():
    events = life(
        *PAID,
        ("construction.started", "2019-12-01", {"evidence": "PIT_EXCAVATED"}),
        ("construction.permitted", "2020-02-01", {"permit_no": "p"}),
    )
    assert phases(on("2020-01-31", events)) == {"START": "OPEN"}
    found = on("2020-02-01", events)
    assert not phases(found) and next(o for o in found.obligations if o.key == "O-START").fulfilled_on is not None
