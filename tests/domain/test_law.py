"""The law in small lives: idle land by stoppage, leases, money, exits, onboarding. Given / when / then."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenario_lives import BOOK

from domain.event import Event, day_number, day_text
from domain.events import RANK
from domain.facts import fold
from domain.supervision import evaluate
from domain.supervision.evaluate import digest

CONTRACT = {
    "supply_mode": "GRANT_LISTING", "area_m2": "30000.00", "price_wan": "1000.00", "term_years": "50.0", "start_due": "2020-01-01",
    "complete_due": "2022-01-01", "development_investment_wan": "4000.00", "instalments": [{"no": 1, "due": "2019-06-01", "amount_wan": "1000.00"}],
    "ld_start_permille_day": "1.000", "ld_complete_permille_day": "1.000",
}  # fmt: skip
START = {"evidence": "PIT_EXCAVATED", "permit_no": "x"}


def life(*entries, contract=CONTRACT, signed="2019-01-01", agreement=None, jurisdiction="120114"):
    lines = [("contract.signed", signed, contract), *entries]
    if agreement is not None:
        lines.insert(0, ("agreement.signed", signed, agreement))
    return [
        Event(f"{number:08d}-0000-4000-8000-000000000000", "120114001002GB00099", number, number, kind, 1, day_number(day), number * 1000, jurisdiction,
              "NRP", None, "C", None, None, data)
        for number, (kind, day, data) in enumerate(lines, start=1)
    ]  # fmt: skip


def on(day, events, known_at=None):
    return evaluate(fold(events, RANK, known_at), day_number(day), BOOK.rules("120114"), BOOK.calendar())


def open_kinds(found):
    return {breach.kind: breach.phase for breach in found.open_breaches()}


def money(found):
    return {one.kind: (one.amount / 10_000, one.state) for one in found.amounts}


PAID = ("payment.received", "2019-05-01", {"instalment_no": 1, "amount_wan": "1000.00"})


def stopped(*more, progress=("5000.00", "500.00")):
    report = {"developed_m2": progress[0], "invest_excl_land_wan": progress[1]}
    return life(PAID, ("construction.started", "2019-12-01", START), ("construction.progress_reported", "2020-05-01", report),
                ("construction.stopped", "2020-06-01", {"cause": "ENTERPRISE_FINANCING"}), *more)  # fmt: skip


def test_land_that_was_stopped_is_idle_after_a_full_year_when_one_ratio_is_below_its_limit():
    events = stopped(progress=("20000.00", "500.00"))
    assert on("2021-06-01", events).idle_clock == "NONE" and on("2021-06-02", events).idle_clock == "Y1"
    assert on("2021-06-02", stopped(progress=("20000.00", "2000.00"))).idle_clock == "NONE", "both ratios are reached"
    assert on("2023-01-01", events).idle_clock == "Y2" and "FI" not in on("2023-01-01", events).exit_eligible, (
        "never free recovery of started land"
    )


def test_stopped_land_with_no_known_ratio_is_not_idle_but_the_missing_report_is_on_the_list():
    events = life(
        PAID,
        ("construction.started", "2019-12-01", START),
        ("construction.stopped", "2020-06-01", {"cause": "ENTERPRISE_MARKET"}),
    )
    found = on("2021-12-31", events)
    assert found.idle_clock == "NONE" and ("SILENCE", "TOWN") in {(q.kind, q.department) for q in found.data_quality}


def test_resumption_alone_after_a_year_keeps_the_clock_and_both_ratios_release_it():
    resumed = stopped(("construction.resumed", "2021-07-01", {}))
    assert on("2021-08-01", resumed).idle_clock == "Y1"
    reached = stopped(
        ("construction.resumed", "2021-07-01", {}),
        (
            "construction.progress_reported",
            "2021-09-01",
            {"developed_m2": "15000.00", "invest_excl_land_wan": "1500.00"},
        ),
    )
    assert on("2021-09-01", reached).idle_clock == "NONE"


def test_a_stop_that_ends_within_the_year_leaves_nothing():
    assert on("2021-12-01", stopped(("construction.resumed", "2021-06-01", {}))).idle_clock == "NONE"


def test_damages_count_the_first_overdue_day_as_one_and_end_with_the_start():
    events = life(PAID, ("construction.started", "2020-01-11", START))
    assert money(on("2020-01-02", events))["LD_START"] == (1.0, "RUNNING")
    assert money(on("2020-06-01", events))["LD_START"] == (10.0, "FIXED")
    assert on("2020-06-01", events).obligations[1].state == "MET_LATE"


def test_unlawful_start_is_no_start():
    events = life(PAID, ("construction.started", "2019-12-01", {"unlawful": True}))
    found = on("2020-02-01", events)
    assert open_kinds(found) == {"START": "OPEN", "UNLAWFUL_START": "OPEN"} and found.stage == "SUPPLIED"


def test_an_overdue_price_runs_a_late_fee_until_paid_and_payment_of_principal_closes():
    events = life(
        ("payment.received", "2019-07-01", {"instalment_no": 1, "amount_wan": "400.00"}),
        ("payment.received", "2019-08-02", {"instalment_no": 1, "amount_wan": "600.00"}),
    )
    rolled = day_number("2019-06-03")  # 1 June 2019 was a Saturday
    found = on("2019-07-15", events)
    assert open_kinds(found)["PAY"] == "OPEN"
    days = day_number("2019-07-15") - rolled
    assert money(found)["LATE_FEE"] == (
        round(400 * 0.001 * (day_number("2019-07-01") - rolled) + 600 * 0.001 * days, 2),
        "RUNNING",
    )
    after = on("2019-08-02", events)
    assert "PAY" not in open_kinds(after) and money(after)["LATE_FEE"][1] == "FIXED"
    assert "FPAY" not in on("2019-07-31", events).exit_eligible and "FPAY" in on("2019-08-01", events).exit_eligible


LEASE = {"supply_mode": "LEASE_THEN_GRANT", "area_m2": "30000.00", "annual_rent_wan": "60.00", "rent_due": "03-01", "term_years": "5.0",
         "term_from": "2019-03-01", "term_to": "2024-02-29", "assessed_price_50y_wan": "3000.00"}  # fmt: skip


def test_a_lease_warns_before_its_end_and_ends_without_conversion():
    events = life(contract=LEASE)
    assert "A-LEASE-180" in {a.code for a in on("2023-09-02", events).alerts}
    assert "A-LEASE-180" not in {a.code for a in on("2023-09-01", events).alerts}
    found = on("2024-03-01", events)
    assert "TERM" in open_kinds(found) and "LE" in found.exit_eligible and "EX" not in found.exit_eligible


def test_rent_is_due_each_year_and_its_arrears_are_a_breach():
    events = life(("payment.received", "2019-03-01", {"instalment_no": "2019", "amount_wan": "60.00"}), contract=LEASE)
    states = {o.key: o.state for o in on("2020-03-03", events).obligations}
    assert (
        states["O-RENT/2019"] == "MET"
        and states["O-RENT/2020"] == "OVERDUE"
        and open_kinds(on("2020-03-03", events)) == {"PAY": "OPEN"}
    )


def test_an_approved_conversion_makes_the_lease_a_grant():
    events = life(
        ("conversion.applied", "2023-06-01", {}),
        ("conversion.decided", "2023-12-01", {"decision": "APPROVED", "term_to": "2069-02-28"}),
        contract=LEASE,
    )
    found = on("2024-03-01", events)
    assert "TERM" not in open_kinds(found) and found.right_to == day_number("2069-02-28")
    mt = next(one for one in found.exit_kinds if one.kind == "MT")
    assert "TENURE" not in mt.blockers and "PRICE_UNPAID" not in mt.blockers


AGREEMENT = {"agreement_no": "A", "exit_clause": {"present": True, "text": "x"},
             "obligations": [{"code": "O-TAX", "direction": "GE", "threshold": "10.00", "unit": "万元/亩", "assess_on": "REACH", "hard": True}]}  # fmt: skip


def assessed(day, actual):
    return (
        "performance.assessed",
        day,
        {"kind": "REACH", "items": [{"code": "O-TAX", "actual": actual, "unit": "万元/亩"}]},
    )


def test_two_failures_in_a_row_and_an_exit_clause_open_the_forced_exit():
    once, twice = (
        life(assessed("2023-01-10", "9.00"), agreement=AGREEMENT),
        life(assessed("2023-01-10", "9.00"), assessed("2024-01-10", "9.99"), agreement=AGREEMENT),
    )
    assert "FP" not in on("2023-06-01", once).exit_eligible and open_kinds(on("2023-06-01", once))["PERF"] == "OPEN"
    assert (
        "FP" in on("2024-02-01", twice).exit_eligible and open_kinds(on("2024-02-01", twice))["PERF"] == "CURE_FAILED"
    )
    passed = life(
        assessed("2023-01-10", "9.00"),
        assessed("2023-06-10", "10.00"),
        assessed("2024-01-10", "9.00"),
        agreement=AGREEMENT,
    )
    assert "FP" not in on("2024-02-01", passed).exit_eligible, "a PASS between them resets the count"


def test_a_figure_per_hectare_is_compared_exactly_with_one_per_mu():
    agreement = AGREEMENT | {
        "obligations": [AGREEMENT["obligations"][0] | {"unit": "万元/公顷", "threshold": "150.00"}]
    }
    assert "PERF" not in open_kinds(on("2023-06-01", life(assessed("2023-01-10", "10.00"), agreement=agreement)))


def test_imported_history_raises_nothing_and_is_not_called_compliant():
    old = CONTRACT | {"onboarding": True, "onboarded_on": "2024-01-01"}
    found = on("2026-11-24", life(contract=old))
    assert (found.compliance, found.alerts, found.breaches, found.idle_clock, money(found)) == (
        "NOT_REPORTED",
        [],
        [],
        "NONE",
        {},
    )
    ahead = on("2022-06-01", life(contract=old | {"onboarded_on": "2019-02-01"}))
    assert open_kinds(ahead)["START"] == "OPEN" and ahead.idle_clock == "Y2"


def test_a_cancelled_title_ends_everything():
    found = on("2023-01-02", life(PAID, ("title.cancelled", "2023-01-01", {})))
    assert (found.stage, found.compliance, found.alerts, found.exit_eligible) == ("EXITED", "CLOSED", [], ())


def test_the_clocks_stand_still_during_an_exit_and_run_as_if_it_had_never_been_when_withdrawn():
    opened = life(PAID, ("exit.opened", "2020-01-11", {"kind": "VS"}))
    assert money(on("2020-06-01", opened))["LD_START"] == (10.0, "FIXED") and not on("2020-06-01", opened).alerts
    withdrawn = [*opened, *life(PAID, ("exit.withdrawn", "2020-03-01", {"reason": "x"}))[2:]]
    withdrawn[-1] = Event(
        **{name: getattr(withdrawn[-1], name) for name in Event.__slots__}
        | {"version": 4, "event_id": "99999999-0000-4000-8000-000000000000"}
    )
    assert money(on("2020-06-01", withdrawn))["LD_START"][0] == float(
        day_number("2020-06-01") - day_number("2020-01-01")
    )


POOL = [
    PAID, ("land.delivered", "2019-03-01", {}), ("title.registered", "2019-06-10", {"kind": "FIRST"}), ("construction.permitted", "2019-11-01", {"permit_no": "x"}),
    ("construction.started", "2020-03-01", START), ("construction.stopped", "2020-09-01", {"cause": "ENTERPRISE_MARKET"}),
    ("construction.progress_reported", "2020-08-01", {"developed_m2": "3000.00", "invest_excl_land_wan": "100.00"}),
    ("construction.resumed", "2022-01-05", {}), ("construction.completed", "2022-05-01", {}), ("rectification.ordered", "2020-01-20", {"obligation": "O-START", "until": "2020-04-20"}),
    ("breach.notified", "2020-01-10", {"obligation": "O-START"}), ("extension.decided", "2020-02-01", {"decision": "APPROVED", "cause": "GOV_OTHER", "new": {"start_due": "2020-06-01", "complete_due": "2022-06-01"}}),
    ("production.started", "2022-09-01", {}), ("exit.opened", "2023-01-01", {"kind": "VS"}), ("exit.withdrawn", "2023-03-01", {"reason": "x"}),
    ("idle.investigated", "2021-10-01", {}), ("idle.determined", "2021-12-01", {"result": "IDLE_ENTERPRISE"}), ("seizure.imposed", "2022-10-01", {"to": "2022-12-31"}),
]  # fmt: skip


@given(
    st.lists(st.sampled_from(POOL), max_size=10, unique_by=lambda entry: entry[0]), st.integers(0, 2500), st.randoms()
)
def test_order_of_arrival_never_matters_and_the_next_change_is_the_day_of_change(chosen, offset, chance):
    day = day_number("2019-01-01") + offset
    events = life(*chosen)
    shuffled = list(events)
    chance.shuffle(shuffled)
    renumbered = [
        Event(**{name: getattr(one, name) for name in Event.__slots__} | {"version": n, "position": n})
        for n, one in enumerate(shuffled, 1)
    ]
    rules, calendar = BOOK.rules("120114"), BOOK.calendar()
    found = evaluate(fold(events, RANK), day, rules, calendar)
    assert digest(evaluate(fold(renumbered, RANK), day, rules, calendar)) == digest(found)
    end = found.next_change_on or day + 1200
    for between in {day + 1, (day + end) // 2, end - 1}:
        if day < between < end:
            assert digest(evaluate(fold(events, RANK), between, rules, calendar)) == digest(found), day_text(between)
    if found.next_change_on is not None:
        assert digest(evaluate(fold(events, RANK), found.next_change_on, rules, calendar)) != digest(found)


@given(st.lists(st.sampled_from(POOL), max_size=8, unique_by=lambda entry: entry[0]), st.integers(0, 2500))
def test_later_knowledge_never_changes_an_earlier_answer(chosen, offset):
    events = life(*chosen)
    day = day_text(day_number("2019-01-01") + offset)
    for count in range(1, len(events) + 1):
        assert digest(on(day, events, known_at=count * 1000)) == digest(on(day, events[:count]))


def test_the_idle_clock_never_goes_back_while_nothing_is_started():
    order = {"NONE": 0, "Y1": 1, "Y2": 2}
    clocks = [order[on(day_text(day_number("2019-06-01") + 50 * n), life(PAID)).idle_clock] for n in range(40)]
    assert all(a <= b for a, b in itertools.pairwise(clocks)) and clocks[-1] == 2


@pytest.mark.parametrize("month", range(1, 13))
def test_a_year_from_a_month_end_is_complete_the_day_after_the_corresponding_day(month):
    start = f"2020-{month:02d}-28"
    events = life(PAID, contract=CONTRACT | {"start_due": start, "complete_due": "2024-01-01"})
    assert on(f"2021-{month:02d}-28", events).idle_clock == "NONE"
    assert on(day_text(day_number(f"2021-{month:02d}-28") + 1), events).idle_clock == "Y1"


def test_a_paid_charge_whose_basis_a_correction_removes_is_reversed_and_due_back():
    contract = CONTRACT | {"far_min": "1.00"}
    verified = (
        "construction.verified",
        "2022-02-01",
        {"land_area_m2": "30000.00", "floor_area_m2": "27000.00", "double_counted_m2": "0.00"},
    )
    charge = ("charge.assessed", "2022-03-01", {"charge_id": "C1", "kind": "LD_FAR", "amount_wan": "100.00"})
    paid = ("charge.paid", "2022-03-10", {"charge_id": "C1", "amount_wan": "100.00"})
    events = life(PAID, verified, charge, paid, contract=contract)
    assert [(a.kind, a.amount, a.state) for a in on("2022-04-01", events).amounts if a.kind == "LD_FAR"] == [
        ("LD_FAR", 1_000_000, "PAID")
    ]
    corrects = {
        "corrects": events[2].event_id,
        "changes": [{"field": "double_counted_m2", "old": "0.00", "new": "6000.00"}],
        "reason": "x",
    }
    corrected = life(PAID, verified, charge, paid, ("report.corrected", "2022-05-01", corrects), contract=contract)
    lines = sorted((a.state, a.amount, a.computed) for a in on("2022-04-01", corrected).amounts if a.kind == "LD_FAR")
    assert lines == [("REFUND_DUE", -1_000_000, None), ("REVERSED", 0, 1_000_000)]


def test_damages_that_were_assessed_are_reversed_by_an_extension_for_government_cause():
    charge = ("charge.assessed", "2020-01-11", {"charge_id": "C1", "kind": "LD_START", "amount_wan": "10.00"})
    extended = (
        "extension.decided",
        "2020-02-01",
        {
            "decision": "APPROVED",
            "cause": "GOV_LATE_DELIVERY",
            "new": {"start_due": "2020-06-01", "complete_due": "2022-06-02"},
        },
    )
    assert money(on("2020-01-20", life(PAID, charge)))["LD_START"] == (10.0, "ASSESSED")
    assert money(on("2020-01-20", life(PAID, charge, extended)))["LD_START"] == (0.0, "REVERSED")


def test_of_two_reports_of_one_milestone_the_supervisors_counts_until_a_coordinator_decides():
    events = life(PAID, ("construction.started", "2019-12-01", START), ("construction.completed", "2021-06-01", {}),
                  ("production.started", "2021-08-01", {}), ("production.started", "2021-09-01", {}))  # fmt: skip
    by = {name: getattr(events[-1], name) for name in Event.__slots__}
    events[-1] = Event(**by | {"department": "MIIT"})
    events[-2] = Event(**{name: getattr(events[-2], name) for name in Event.__slots__} | {"department": "TOWN"})
    prod = CONTRACT | {"production_due": "2022-06-01"}
    events[0] = Event(**{name: getattr(events[0], name) for name in Event.__slots__} | {"data": prod})
    found = on("2022-01-01", events)
    one = next(o for o in found.obligations if o.code == "O-PROD")
    assert day_text(one.fulfilled_on) == "2021-09-01" and len(one.conflict) == 2
    assert {(q.kind, q.department) for q in found.data_quality} >= {("CONFLICT", "MIIT"), ("CONFLICT", "TOWN")}


def test_a_yearly_figure_is_shown_against_the_year_reported():
    agreement = AGREEMENT | {
        "obligations": [
            {"code": "O-RD", "direction": "GE", "threshold": "0.03", "unit": "ratio", "assess_on": "YEARLY"}
        ]
    }
    report = (
        "indicators.reported",
        "2022-02-01",
        {
            "period": {"from": "2021-01-01", "to": "2021-12-31"},
            "scope": "PARCEL",
            "rd_wan": "2.00",
            "revenue_wan": "100.00",
        },
    )
    one = next(o for o in on("2022-03-01", life(PAID, report, agreement=agreement)).obligations if o.code == "O-RD")
    assert (one.actual, one.state) == ("0.0200", "OVERDUE")
    assert "PERF" not in open_kinds(on("2022-03-01", life(PAID, report, agreement=agreement)))
