"""Terms, leases, renewal, conversion and the ways out (specification 2.5, 5.1, 5.4, 8.1, 11.37)."""

import pytest
from law_lives import AGREEMENT, BUILT, CONTRACT, LEASE, PAID, START, blockers, codes, life, on, phases, whole

from domain.event import day_number, day_text

TERM = CONTRACT | {"term_to": "2030-06-30", "capacity_due": None}
APPLIED = "renewal.applied"


def renewed(day, start="2030-07-01", end="2050-06-30", decision="APPROVED"):
    return ("renewal.decided", day, {"decision": decision, "new_end": end, "effective_from": start})


@pytest.mark.parametrize(
    ("day", "wanted"),
    [("2028-12-29", set()), ("2028-12-30", {"A-TERM-RENEW"}), ("2029-07-02", {"A-TERM-RENEW"}), ("2029-07-03", {"A-TERM-LATE"}), ("2030-06-30", {"A-TERM-LATE"})],
)  # fmt: skip
def test_the_term_warns_eighteen_months_before_its_end_and_is_late_after_a_year_before(day, wanted):
    assert codes(on(day, life(*BUILT, contract=TERM))) == wanted


def test_an_application_in_time_ends_the_warning_and_a_late_one_keeps_it_until_decided():
    in_time = life(*BUILT, (APPLIED, "2029-06-30", {}), contract=TERM)
    assert not codes(on("2029-06-30", in_time)) and not codes(on("2030-06-30", in_time))
    late = life(*BUILT, (APPLIED, "2029-07-03", {}), renewed("2030-02-01", decision="REFUSED"), contract=TERM)
    assert codes(on("2030-01-31", late)) == {"A-TERM-LATE"} and not codes(on("2030-02-01", late))


def test_the_day_after_the_end_the_right_is_over():
    events = life(*BUILT, contract=TERM)
    assert not phases(on("2030-06-30", events)) and "MT" in on("2030-06-30", events).exit_eligible
    found = on("2030-07-01", events)
    assert phases(found) == {"TERM": "OPEN"} and found.exit_eligible == ("EX",) and not codes(found)
    assert (
        "TERM_OVER" in blockers(found, "VS")
        and day_text(next(k.since for k in found.exit_kinds if k.kind == "EX")) == "2030-07-01"
    )


def test_an_order_has_no_effect_on_term_and_the_title_closes_it():
    events = life(*BUILT, ("rectification.ordered", "2030-08-01", {"obligation": "TERM", "until": "2030-12-01"}), ("exit.opened", "2030-09-01", {"kind": "EX"}),
                  ("title.cancelled", "2030-10-01", {}), contract=TERM)  # fmt: skip
    assert phases(on("2030-08-02", events)) == {"TERM": "OPEN"}
    running = on("2030-09-01", events)
    assert (running.stage, running.exit_in_progress[0], running.alerts, running.exit_eligible) == (
        "EXIT_IN_PROGRESS",
        "EX",
        [],
        (),
    )
    assert not phases(on("2030-10-01", events))


def test_no_term_breach_begins_during_an_exit():
    events = life(*BUILT, ("exit.opened", "2030-06-01", {"kind": "AB"}), contract=TERM)
    assert not phases(on("2030-07-01", events))


def test_a_renewal_from_the_end_leaves_no_gap_and_a_later_one_closes_the_breach():
    in_time = life(*BUILT, (APPLIED, "2029-01-01", {}), renewed("2030-01-01"), contract=TERM)
    assert on("2030-06-30", in_time).right_to == day_number("2030-06-30")
    found = on("2030-07-01", in_time)
    assert found.right_to == day_number("2050-06-30") and not found.breaches
    late = life(*BUILT, renewed("2030-09-01"), contract=TERM)
    assert phases(on("2030-08-31", late)) == {"TERM": "OPEN"}
    after = on("2030-09-01", late)
    assert not phases(after) and [(b.kind, b.phase) for b in after.breaches] == [("TERM", "CLOSED_LATE")]


def test_the_term_runs_from_delivery_where_no_end_is_stated():
    assert on("2022-01-01", life(("land.delivered", "2020-02-29", {}))).right_to == day_number("2070-02-27")
    half = life(("land.delivered", "2020-02-29", {}), contract=CONTRACT | {"term_years": "20.5"})
    assert on("2022-01-01", half).right_to == day_number("2040-08-28")


def test_a_lease_warns_180_days_before_its_end_and_knows_no_renewal_alert():
    events = life(contract=LEASE)
    assert "A-LEASE-180" not in codes(on("2023-09-01", events)) and "A-LEASE-180" in codes(on("2023-09-02", events))
    found = on("2024-03-01", events)
    assert "TERM" in phases(found) and "LE" in found.exit_eligible and "EX" not in found.exit_eligible
    assert not any(code.startswith("A-TERM") for day in ("2023-01-01", "2023-12-01") for code in codes(on(day, events)))


def test_a_refused_conversion_keeps_the_warning_and_an_approved_one_makes_a_grant():
    refused = life(("conversion.decided", "2023-12-01", {"decision": "REFUSED"}), contract=LEASE)
    assert "A-LEASE-180" in codes(on("2024-02-01", refused))
    approved = ("conversion.decided", "2023-12-01", {"decision": "APPROVED", "term_to": "2069-02-28"})
    found = on(
        "2024-03-01", life(("title.registered", "2019-04-01", {"right_to": "2024-02-29"}), approved, contract=LEASE)
    )
    assert (
        "TERM" not in phases(found) and found.right_to == day_number("2069-02-28") and "A-LEASE-180" not in codes(found)
    )
    assert not blockers(found, "MT") & {"TENURE", "PRICE_UNPAID", "NO_TITLE"}
    assert not any(one.key == "O-RENT/2024" for one in found.obligations)


@pytest.mark.parametrize(
    ("without", "blocker"), [("payment.received", "PRICE_UNPAID"), ("title.registered", "NO_TITLE"), ("construction.completed", "INVESTMENT_BELOW")]
)  # fmt: skip
def test_a_transfer_needs_price_title_and_investment(without, blocker):
    found = on("2022-06-15", life(*(one for one in BUILT if one[0] != without)))
    assert blocker in blockers(found, "MT")


def test_a_transfer_is_open_from_the_day_of_its_last_condition_or_at_a_quarter_of_the_investment():
    found = on("2022-06-15", life(*BUILT))
    assert (
        found.exit_eligible == ("MT",)
        and day_text(next(k.since for k in found.exit_kinds if k.kind == "MT")) == "2021-12-01"
    )
    for sum_, eligible in (("999.99", False), ("1000.00", True)):
        report = ("construction.progress_reported", "2020-06-01", {"invest_excl_land_wan": sum_})
        assert ("MT" in on("2020-07-01", life(*BUILT[:5], report)).exit_eligible) is eligible


def test_with_a_breach_that_a_transferee_may_take_over_only_with_consent():
    low = ("construction.verified", "2022-02-01", {"land_area_m2": "30000.00", "floor_area_m2": "27000.00"})
    found = on("2022-06-15", life(*BUILT, low))
    assert found.exit_eligible == ("MTA",) and blockers(found, "MT") == {"OPEN_BREACH:FAR"}
    assert blockers(on("2022-06-15", life(*BUILT)), "MTA") == {"NO_BREACH"}
    both = on("2022-06-15", life(*BUILT, low, ("breach.notified", "2022-03-01", {"obligation": "O-USE"})))
    assert "OPEN_BREACH:USE" in blockers(both, "MTA")


def test_a_seizure_in_force_bars_the_market_and_opens_the_court():
    seized = ("seizure.imposed", "2022-06-10", {"case_no": "1", "from": "2022-06-20", "to": "2022-12-31"})
    lifted = ("seizure.lifted", "2022-08-01", {"case_no": "1"})
    assert on("2022-06-19", life(*BUILT, seized)).exit_eligible == ("MT",)
    for events, day, kinds in ((life(*BUILT, seized), "2022-06-20", ("JD",)), (life(*BUILT, seized), "2022-12-31", ("JD",)),
                               (life(*BUILT, seized), "2023-01-01", ("MT",)), (life(*BUILT, seized, lifted), "2022-08-01", ("MT",))):  # fmt: skip
        assert on(day, events).exit_eligible == kinds
    other = ("seizure.lifted", "2022-08-01", {"case_no": "2"})
    assert on("2022-08-01", life(*BUILT, seized, other)).exit_eligible == ("JD",)
    assert whole("2022-08-01", life(*BUILT, seized)).next_change_on == day_number("2023-01-01")


def test_a_transfer_of_the_whole_ends_the_exit_and_the_holder_changes():
    sold = (
        "transfer.registered",
        "2022-08-01",
        {"kind": "WHOLE", "transferee_uscc": "91120114MA06TEK57Q", "transferee_name": "乙公司"},
    )
    events = life(*BUILT, ("exit.opened", "2022-07-01", {"kind": "MT"}), sold)
    assert on("2022-07-31", events).stage == "EXIT_IN_PROGRESS"
    found = on("2022-08-01", events)
    assert (found.stage, found.exit_in_progress, found.holder["name"]) == ("IN_PRODUCTION", None, "乙公司")


@pytest.mark.parametrize(
    ("kind", "entry", "blocker"),
    [
        ("PI", ("exit.signed_off", "2022-03-01", {"kind": "PI", "result": "APPROVED"}), "NO_DECISION"), ("HL", ("letting.reported", "2022-03-01", {}), "NO_REQUEST"),
        ("EXC", ("exit.signed_off", "2022-03-01", {"kind": "EXC", "result": "APPROVED"}), "NO_DECISION"), ("MTP", ("transfer.requested", "2022-03-01", {"kind": "PART"}), "NO_REQUEST"),
        ("ABP", ("exit.signed_off", "2022-03-01", {"kind": "ABP", "result": "APPROVED"}), "NO_DECISION"),
    ],
)  # fmt: skip
def test_ways_out_that_rest_on_a_request_or_decision(kind, entry, blocker):
    assert blockers(on("2022-06-01", life(*BUILT)), kind) == {blocker}
    found = on("2022-06-01", life(*BUILT, entry))
    assert (
        kind in found.exit_eligible
        and day_text(next(k.since for k in found.exit_kinds if k.kind == kind)) == "2022-03-01"
    )


def test_allocated_land_alone_can_be_withdrawn_and_has_no_term():
    signed = ("exit.signed_off", "2022-03-01", {"kind": "WD", "result": "APPROVED"})
    assert blockers(on("2022-06-01", life(*BUILT, signed)), "WD") == {"TENURE"}
    found = on("2035-06-01", life(*BUILT, signed, contract=TERM | {"supply_mode": "ALLOCATION"}))
    assert "WD" in found.exit_eligible and "TERM" not in phases(found)


def test_stages_wait_for_a_missing_prerequisite():
    events = life(
        *PAID,
        ("construction.completed", "2021-12-01", {}),
        ("construction.started", "2019-12-20", START),
        ("land.delivered", "2022-03-01", {}),
    )
    assert on("2021-12-31", events).stage == "SUPPLIED" and on("2022-03-01", events).stage == "COMPLETED"


def test_admission_needs_every_reviewer_and_one_refusal_rejects():
    reviews = [("admission.reviewed", f"2019-01-0{n}", {"result": result}, by) for n, (by, result) in enumerate(
        [("DRC", "PASS"), ("MIIT", "CONDITIONAL"), ("NRP", "PASS"), ("EEB", "PASS")], start=1)]  # fmt: skip
    assert (
        on("2019-01-03", life(*reviews, contract=None)).stage == "LEAD"
        and on("2019-01-04", life(*reviews, contract=None)).stage == "ADMITTED"
    )
    assert (
        on(
            "2019-02-01", life(*reviews, ("admission.reviewed", "2019-01-05", {"result": "FAIL"}, "NRP"), contract=None)
        ).stage
        == "REJECTED"
    )
    found = on("2019-01-04", life(*reviews, contract=None))
    assert found.exit_eligible == () and blockers(found, "VS") == {"NO_DECISION"}


def test_conversion_is_assessed_by_the_conditions_of_the_contract():
    contract = LEASE | {
        "conversion": {
            "apply_by": "2023-09-01",
            "conditions": [{"code": "O-TAX", "direction": "GE", "threshold": "12.00", "unit": "万元/亩"}],
        }
    }
    assess = (
        "performance.assessed",
        "2023-10-01",
        {"kind": "CONVERSION", "items": [{"code": "O-TAX", "actual": "11.99"}]},
    )
    assert "PERF" in phases(on("2023-10-01", life(*BUILT[2:], assess, contract=contract, agreement=AGREEMENT)))


def test_a_transition_shows_its_end_and_opens_nothing_by_the_clock():
    found = on("2025-02-01", life(*BUILT, ("transition.started", "2020-01-05", {"start_on": "2020-01-01"})))
    price = next(one for one in found.obligations if one.key == "O-PRICE5")
    assert (price.state, day_text(price.due)) == ("OVERDUE", "2025-01-01") and "USE" not in phases(found)
