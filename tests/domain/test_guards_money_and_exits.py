"""Guards of money, extensions, disposal, transfer and the open items of an exit (specification 4.3, 4.5, 5.1, 5.2, 5.4)."""

import pytest
from law_lives import AGREEMENT, BUILT, CONTRACT, LEASE, PAID, START, life, on
from test_guards import refused, take, warned
from test_policy_bites import book

from domain.event import day_text

PART = {"kind": "PART", "transferee_uscc": "91350100M000100Y43", "assumes_agreement": True}
LATE = ("payment.received", "2019-06-11", {"instalment_no": 1, "amount_wan": "600.00"})
DETERMINED = [
    ("idle.investigated", "2021-02-01", {}),
    ("idle.determined", "2021-03-01", {"result": "IDLE_GOVERNMENT", "cause": "GOV_POLICY"}),
]


def ways(day, events):
    return {one.kind: one for one in on(day, events).exit_kinds}


def test_a_late_fee_is_paid_once_and_as_it_is_shown():
    # given the first instalment of 600 万元, 8 days late: 600 × 1 ‰ × 8 = 4.80 (due Saturday 1 June, rolled to 3 June)
    fee = {"instalment_no": 1, "amount_wan": "4.80"}
    more = ("payment.received", "2019-06-12", fee | {"amount_wan": "4.81"})
    assert refused(life(LATE), *more, by="FIN") == "PAYMENT_ABOVE_OPEN"
    assert take(life(LATE), "payment.received", "2019-06-12", fee, by="FIN")
    paid = life(LATE, ("payment.received", "2019-06-12", fee))
    assert (
        refused(paid, "payment.received", "2019-06-13", fee | {"amount_wan": "0.01"}, by="FIN") == "PAYMENT_ABOVE_OPEN"
    )


def test_a_fee_below_a_cent_may_be_paid_as_it_is_shown():
    # 1.25 × 1 ‰ × 4 days = 0.005, shown as 0.01
    contract = CONTRACT | {"price_wan": "1.25", "instalments": [{"no": 1, "due": "2019-06-03", "amount_wan": "1.25"}]}
    events = life(("payment.received", "2019-06-07", {"instalment_no": 1, "amount_wan": "1.25"}), contract=contract)
    assert next(one.amount for one in on("2019-06-08", events).amounts if one.kind == "LATE_FEE") == 100
    assert take(events, "payment.received", "2019-06-08", {"instalment_no": 1, "amount_wan": "0.01"}, by="FIN")


def test_a_bond_is_not_owed_by_a_payment_without_number():
    bond = {
        "agreement_no": "A",
        "bond": {"amount_wan": "50.00"},
        "obligations": [{"code": "O-BOND", "due": "2020-06-01"}],
    }
    events = life(*PAID, agreement=bond)
    assert refused(events, "payment.received", "2020-01-02", {"amount_wan": "50.00"}, by="FIN") == "PAYMENT_ABOVE_OPEN"


@pytest.mark.parametrize("complete", ["2026-03-02", "2026-03-03"])
def test_dependent_dates_move_by_as_many_days_as_the_start_over_a_leap_day(complete):
    # given a start moved by the full year 2023-03-01 → 2024-03-01, which has 366 days
    contract = CONTRACT | {"start_due": "2023-03-01", "complete_due": "2025-03-01"}
    contract = {key: value for key, value in contract.items() if key not in ("production_due", "capacity_due")}
    new = {"start_due": "2024-03-01", "complete_due": complete}
    decided = ("extension.decided", "2023-03-02", {"decision": "APPROVED", "cause": "GOV_POLICY", "new": new})
    if complete == "2026-03-02":
        assert take(life(contract=contract), *decided)
    else:
        assert refused(life(contract=contract), *decided) == "EXTENSION_ABOVE_CAP"


@pytest.mark.parametrize(("asked", "warnings"), [("2021-12-02", set()), ("2021-12-03", {"EXTENSION_ASKED_LATE"})])
def test_thirty_days_are_counted_to_the_date_that_the_enterprise_wants_moved(asked, warnings):
    # given a lawful start and a completion due on 2022-01-01
    requested = ("extension.requested", asked, {"cause": "ENTERPRISE_MARKET"})
    new = {"complete_due": "2022-06-01", "production_due": "2022-11-29", "capacity_due": "2024-11-29"}
    data = {"decision": "APPROVED", "cause": "ENTERPRISE_MARKET", "new": new}
    events = life(*PAID, ("construction.started", "2019-12-20", START), requested)
    assert warned(events, "extension.decided", "2021-12-10", data) == warnings


def test_an_extension_moves_what_the_contract_fixes_and_may_leave_the_dates_of_the_agreement():
    contract = {key: value for key, value in CONTRACT.items() if key not in ("production_due", "capacity_due")}
    events = life(
        *PAID, contract=contract, agreement=AGREEMENT | {"obligations": [{"code": "O-PROD", "due": "2022-07-01"}]}
    )
    data = {
        "decision": "APPROVED",
        "cause": "GOV_OTHER",
        "new": {"start_due": "2020-03-01", "complete_due": "2022-03-02"},
    }
    assert not warned(events, "extension.decided", "2019-12-10", data)
    assert refused(life(*PAID), "extension.decided", "2019-12-10", data) == "EXTENSION_INCOMPLETE"


def test_damages_are_assessed_by_a_supervisor_or_by_the_grantor():
    data = {"charge_id": "c", "kind": "LD_START", "amount_wan": "9.00"}
    for department in ("HUC", "NRP"):
        assert take(life(*PAID), "charge.assessed", "2020-01-10", data, by=department)
    assert refused(life(*PAID), "charge.assessed", "2020-01-10", data, by="FIN") == "NOT_SUPERVISOR"


def test_a_charge_that_was_reversed_says_nothing_of_what_may_be_assessed():
    """Given 10.00 assessed and reversed by an extension, when 20 days have run since the new due day, then 20.00 is
    assessed, and the rest of that later on (specification 2.5, 2.7, 11.37)."""
    moved = {"start_due": "2020-06-01", "complete_due": "2022-06-02"}
    extension = ("extension.decided", "2020-02-01", {"decision": "APPROVED", "cause": "GOV_OTHER", "new": moved})
    damages = {"charge_id": "c", "kind": "LD_START", "amount_wan": "10.00"}
    reversed_ = [*PAID, ("charge.assessed", "2020-01-11", damages), extension]
    second = ("charge.assessed", "2020-06-21", damages | {"charge_id": "d", "amount_wan": "20.00"})
    assert refused(life(*reversed_), *second[:2], damages | {"charge_id": "d"}) == "AMOUNT_DIFFERS"
    assert take(life(*reversed_), *second)
    third = ("charge.assessed", "2020-06-26", damages | {"charge_id": "e", "amount_wan": "5.00"})
    assert take(life(*reversed_, second), *third)
    assert refused(life(*reversed_), "charge.assessed", "2020-05-30", damages | {"charge_id": "d"}) == "NO_BASIS"


def test_a_late_fee_names_its_instalment_where_two_are_overdue():
    # given 600 万元 due on 2019-06-03 and 400 due on 2019-12-02, a day of 2020-01-02: 213 and 31 days
    fee = {"charge_id": "f", "kind": "LATE_FEE", "amount_wan": "140.20"}
    first = fee | {"amount_wan": "127.80", "obligation": "O-PAY/1"}
    second = fee | {"amount_wan": "12.40", "obligation": "O-PAY/2"}
    assert refused(life(), "charge.assessed", "2020-01-02", fee, by="FIN") == "BREACH_AMBIGUOUS"
    assert take(life(), "charge.assessed", "2020-01-02", first, by="FIN")
    assert take(life(), "charge.assessed", "2020-01-02", second, by="FIN")
    wrong = second | {"amount_wan": "127.80"}
    assert refused(life(), "charge.assessed", "2020-01-02", wrong, by="FIN") == "AMOUNT_DIFFERS"
    assessed = life(("charge.assessed", "2020-01-02", first, "FIN"))
    rest = first | {"charge_id": "g", "amount_wan": "0.60"}
    assert take(assessed, "charge.assessed", "2020-01-03", rest, by="FIN")


def test_the_idle_fee_is_owed_once_while_the_land_lies_idle():
    idle = [("idle.investigated", "2021-02-01", {}), ("idle.determined", "2021-03-01", {"result": "IDLE_ENTERPRISE"})]
    fee = {"charge_id": "f", "kind": "IDLE_FEE", "amount_wan": "150.00"}
    part = ("charge.assessed", "2021-03-05", fee | {"override_reason": "分两次核定"})
    second = fee | {"charge_id": "g", "amount_wan": "200.00"}
    assert take(life(*PAID, *idle), "charge.assessed", "2021-03-06", second)
    assert refused(life(*PAID, *idle, part), "charge.assessed", "2021-03-06", second) == "AMOUNT_DIFFERS"
    assert take(life(*PAID, *idle, part), "charge.assessed", "2021-03-06", second | {"amount_wan": "50.00"})


def test_an_item_of_an_assessment_is_its_supervisors_and_the_assessment_leads():
    data = {"obligation": "O-TAX", "deadline_to_answer": "2024-03-01"}
    events = life(*BUILT, agreement=AGREEMENT)
    for department in ("TAX", "MIIT"):
        assert warned(events, "breach.notified", "2024-02-01", data, by=department) == {"BREACH_NOT_OPEN"}
    assert refused(events, "breach.notified", "2024-02-01", data, by="STAT") == "NOT_SUPERVISOR"


def test_land_idle_by_the_government_is_disposed_of_in_the_ways_of_the_law_alone():
    events = life(*DETERMINED)
    assert refused(events, "idle.disposed", "2021-04-01", {"option": "FEE"}) == "OPTION_NOT_FOR_CAUSE"
    assert refused(events, "idle.disposed", "2021-04-01", {"option": "FREE_RECOVERY"}) == "FREE_RECOVERY_NOT_ALLOWED"
    assert take(events, "idle.disposed", "2021-04-01", {"option": "EXCHANGE"})
    other = life(DETERMINED[0], ("idle.determined", "2021-03-01", {"result": "NOT_IDLE"}))
    assert refused(other, "idle.disposed", "2021-04-01", {"option": "OTHER"}) == "NOT_DETERMINED"


def test_the_court_transfers_what_it_seized_once_its_disposal_is_open():
    seized = ("seizure.imposed", "2022-01-01", {"from": "2022-01-01"})
    whole = ("transfer.registered", "2022-03-01", {"kind": "WHOLE", "transferee_uscc": "91350100M000100Y43"})
    assert refused(life(*BUILT, seized), *whole, by="REG") == "SEIZED"
    assert take(life(*BUILT, seized, ("exit.opened", "2022-02-01", {"kind": "JD"})), *whole, by="REG")


@pytest.mark.parametrize("kind", ["WHOLE", "PART"])
def test_land_is_transferred_with_its_agreement_and_only_where_mt_or_mta_allows(kind):
    transfer = ("transfer.registered", "2022-08-01", {"kind": kind, "assumes_agreement": True})
    assert take(life(*BUILT), *transfer, by="REG")
    assert refused(life(*BUILT[1:]), *transfer, by="REG") == "TRANSFER_NOT_ALLOWED"
    assert refused(life(*BUILT), transfer[0], transfer[1], {"kind": kind}, by="REG") == "AGREEMENT_NOT_ASSUMED"


def test_a_transfer_before_registration_needs_no_quarter_of_the_investment():
    early = ("transfer.registered", "2019-08-01", {"kind": "PRE_REGISTRATION", "assumes_agreement": True})
    assert take(life(), *early, by="REG")


def test_an_application_on_the_first_working_day_after_the_last_day_is_not_late():
    contract = CONTRACT | {"term_from": "2002-10-03", "term_to": "2022-10-02"}
    assert warned(life(contract=contract), "renewal.applied", "2021-10-08", {}) == set()
    assert warned(life(contract=contract), "renewal.applied", "2021-10-09", {}) == {"RENEWAL_LATE"}


def test_part_of_the_land_leaves_only_where_the_whole_could():
    asked = ("transfer.requested", "2022-08-01", PART)
    assert ways("2022-08-09", life(*BUILT, asked))["MTP"].since == on("2022-08-01", life()).as_of
    assert ways("2022-08-02", life(*BUILT))["MTP"].blockers == ("NO_REQUEST",)
    seized = ways("2022-08-02", life(*BUILT, asked, ("seizure.imposed", "2022-08-02", {"from": "2022-08-02"})))["MTP"]
    assert not seized.eligible and "SEIZED" in seized.blockers


def test_a_surrender_names_what_is_to_be_settled_and_is_open_all_the_same():
    events = life(
        ("bond.posted", "2019-01-02", {"amount_wan": "50.00"}), ("mortgage.decided", "2019-02-01", {"result": "REGISTERED"})
    )  # fmt: skip
    surrender = ways("2020-02-01", events)["VS"]
    assert surrender.eligible
    assert surrender.blockers == ("PRICE_UNPAID", "AMOUNT_OPEN", "BOND_HELD", "MORTGAGED")
    assert "VS" not in on("2020-02-01", events).exit_eligible


def test_a_missing_reminder_is_said_and_bars_no_termination():
    unpaid = ways("2019-08-01", life())["FPAY"]
    assert (unpaid.eligible, unpaid.blockers) == (True, ("NOT_REMINDED",))
    reminded = life(("breach.notified", "2019-07-01", {"obligation": "O-PAY/1"}))
    assert ways("2019-08-01", reminded)["FPAY"].blockers == ()


@pytest.mark.parametrize(("deducted", "open_"), [("-427.00", None), ("-400.00", "LD_START 27.00万元")])
def test_what_the_settlement_sets_off_is_no_longer_open(deducted, open_):
    # given damages of 1 ‰ of 1,000 万元 a day, from 2020-01-02 to the surrender on 2021-03-03: 427 days
    settled = {"lines": [{"item": "REFUND", "amount_wan": "900.00"}, {"item": "LD_START", "amount_wan": deducted}]}
    events = life(*PAID, ("exit.opened", "2021-03-03", {"kind": "VS"}), ("exit.settled", "2021-04-01", settled))
    found = take(events, "title.cancelled", "2021-05-06", {}, by="REG").warnings
    assert [one.message.partition("：")[2] for one in found if one.code == "SETTLEMENT_OPEN"] == (
        [open_] if open_ else []
    )


def test_the_cancellation_names_every_open_item():
    events = life(
        *PAID, ("bond.posted", "2019-01-02", {"amount_wan": "50.00"}), ("seizure.imposed", "2021-01-01", {"from": "2021-01-01"}),
        ("exit.opened", "2021-02-01", {"kind": "AB"}),
    )  # fmt: skip
    found = take(events, "title.cancelled", "2021-05-01", {}, by="REG").warnings
    text = next(one.message for one in found if one.code == "SETTLEMENT_OPEN")
    assert all(words in text for words in ("LD_START", "保证金50.00万元", "查封", "评估"))
    settled = [
        ("bond.released", "2021-03-01", {"amount_wan": "50.00"}),
        ("exit.valued", "2021-03-01", {"land_value_wan": "1.00"}),
    ]
    started = ("construction.started", "2019-12-01", START)
    events = life(
        *PAID, started, ("bond.posted", "2019-01-02", {"amount_wan": "50.00"}), ("exit.opened", "2021-02-01", {"kind": "AB"}), *settled
    )  # fmt: skip
    assert warned(events, "title.cancelled", "2021-05-01", {}, by="REG") == {"SIGN_OFFS_MISSING"}
    signed = [
        ("exit.signed_off", "2021-04-01", {"kind": "AB", "result": "APPROVED"}, by)
        for by in ("NRP", "MIIT", "EEB", "TAX", "FIN", "TOWN", "REG")
    ]
    refused_by_fin = ("exit.signed_off", "2021-04-02", {"kind": "AB", "result": "REFUSED"}, "FIN")
    opened = life(*PAID, started, ("exit.opened", "2021-02-01", {"kind": "AB"}), *settled, *signed)
    assert warned(opened, "title.cancelled", "2021-05-01", {}, by="REG") == set()
    events = life(*PAID, started, ("exit.opened", "2021-02-01", {"kind": "AB"}), *settled, *signed, refused_by_fin)
    assert "财政" in take(events, "title.cancelled", "2021-05-01", {}, by="REG").warnings[0].message


def test_damages_are_a_claim_and_no_bar_where_idle_land_is_recovered_by_force():
    """Given open damages and a pack that refuses a cancellation before the settlement, when land is recovered as idle,
    then they are named as a claim, while a buy-back waits for them (specification 5.2 item 2, 11.9)."""
    strict = book("120114", {"exit.cancel_guard": "REFUSE"})
    idle = [("idle.investigated", "2021-02-01", {}), ("idle.determined", "2021-03-01", {"result": "IDLE_ENTERPRISE"})]

    def leaving(kind, *more):
        signed = [
            ("exit.signed_off", "2022-02-01", {"kind": kind, "result": "APPROVED"}, by)
            for by in ("NRP", "MIIT", "EEB", "TAX", "FIN", "TOWN", "REG", "GOV")
        ]
        valued = ("exit.valued", "2022-02-11", {"land_value_wan": "1.00"})
        return life(*PAID, *idle, *signed, ("exit.opened", "2022-02-10", {"kind": kind}), valued, *more)

    cancelled = ("title.cancelled", "2022-03-01", {})
    found = take(leaving("FI"), *cancelled, by="REG", book=strict).warnings
    assert [(one.code, "LD_START 771.00万元" in one.message) for one in found] == [("SETTLEMENT_OPEN", True)]
    assert refused(leaving("AB"), *cancelled, by="REG", book=strict) == "SETTLEMENT_OPEN"
    bond = ("bond.posted", "2019-02-01", {"amount_wan": "1.00"})
    assert refused(leaving("FI", bond), *cancelled, by="REG", book=strict) == "SETTLEMENT_OPEN"


def test_a_rent_after_the_cancelled_title_is_not_taken():
    """Given a lease whose title was cancelled in June 2021, then there is no rent of 2022 to pay (specification 11.37)."""
    gone = [("exit.opened", "2021-05-01", {"kind": "AB"}), ("title.cancelled", "2021-06-10", {})]
    rent = ("payment.received", "2022-03-01", {"instalment_no": 2022, "amount_wan": "60.00"})
    assert take(life(contract=LEASE), *rent, by="FIN")
    assert refused(life(*gone, contract=LEASE), *rent, by="FIN") == "INSTALMENT_UNKNOWN"


def test_a_conversion_without_a_stated_beginning_counts_from_the_delivery():
    lease = {"supply_mode": "LEASE_LONG", "term_years": "10.0", "area_m2": "30000.00"}
    events = life(("land.delivered", "2020-01-01", {}), ("conversion.applied", "2029-01-01", {}), contract=lease)
    decided = {"decision": "APPROVED", "term_to": "2070-01-01"}
    assert refused(events, "conversion.decided", "2029-06-01", decided, by="GOV") == "TERM_OUT_OF_RANGE"
    assert take(events, "conversion.decided", "2029-06-01", decided | {"term_to": "2069-12-31"}, by="GOV")


def test_a_failure_is_known_from_the_correction_of_the_figure_that_counted_whatever_the_assessment_said():
    # given the assessment said 8 while the tax office's report, which counts, made it 15 万元/亩 on 45 亩
    period = {"from": "2023-01-01", "to": "2023-12-31"}
    report = ("indicators.reported", "2024-02-01", {"period": period, "tax_wan": "675.00"}, "TAX")
    assessed = (
        "performance.assessed",
        "2024-03-01",
        {"kind": "REACH", "period": period, "items": [{"code": "O-TAX", "actual": "8.00"}]},
        "MIIT",
    )
    events = life(report, assessed, contract=CONTRACT, agreement=AGREEMENT)
    assert not [one for one in on("2024-09-01", events).breaches if one.kind == "PERF"]
    # when the office corrects it to 405, which is 9
    change = {
        "corrects": events[2].event_id,
        "changes": [{"field": "tax_wan", "old": "675.00", "new": "405.00"}],
        "reason": "误计",
    }
    corrected = life(report, assessed, ("report.corrected", "2024-08-01", change, "TAX"), agreement=AGREEMENT)
    found = next(one for one in on("2024-09-01", corrected).breaches if one.kind == "PERF")
    # then it fails since the assessment and is known since the correction
    assert (day_text(found.effective_from), day_text(found.detected_at)) == ("2024-03-01", "2024-08-01")


def test_a_merger_brings_the_money_and_the_duties_of_every_parent_into_the_child():
    # given two parents of 30,000 m² each, 1,000 and 500 万元, of which 600 and nothing are paid
    other = "120114001002GB00098"
    contract = CONTRACT | {
        "price_wan": "500.00",
        "instalments": [{"no": 1, "due": "2019-06-03", "amount_wan": "500.00"}],
    }
    merged = {
        "from_codes": ["120114001002GB00099", other],
        "to_codes": ["120114001002GB00097"],
        "area_m2": ["60000.00"],
    }
    decided = take(
        life(PAID[0]), "parcel.merged", "2019-07-01", merged, related={other: life(contract=contract, parcel=other)}
    )
    child = next(one for one in decided.events if one.type == "lineage.recorded").data
    # then the child owes what both owed, each instalment by a number of its own
    assert child["contract"]["price_wan"] == "1500.00" and child["contract"]["area_m2"] == "60000.00"
    owed = [(one["no"], one["amount_wan"]) for one in child["contract"]["instalments"]]
    assert owed == [("1", "600.00"), ("2", "400.00"), ("1-2", "500.00")]
    assert [(one["instalment_no"], one["amount_wan"]) for one in child["contract"]["payments"]] == [("1", "600.00")]
    assert {"O-START", "O-PAY/2", "O-PAY/1-2"} <= set(child["obligations"]) and "O-PAY/1" not in child["obligations"]


def test_the_price_of_the_remaining_years_is_given_back():
    """28 whole years to 2068-01-02 and 364 of 365 days: 1,000 × 28.9973 / 50 (specification 3.3, 11.15)."""
    contract = CONTRACT | {"term_from": "2019-01-01", "term_to": "2068-12-31"}
    decided = ("exit.signed_off", "2040-01-01", {"kind": "PI", "result": "APPROVED"}, "GOV")

    def settled(kind, refund):
        events = life(*PAID, decided, ("exit.opened", "2040-01-02", {"kind": kind}), contract=contract)
        lines = {"lines": [{"item": "BUILDINGS", "amount_wan": "20.00"}, {"item": "REFUND", "amount_wan": refund}]}
        return warned(events, "exit.settled", "2041-01-01", lines)

    assert settled("PI", "579.95") == set() == settled("FP", "579.95")
    assert settled("PI", "579.94") == {"REFUND_DIFFERS"} == settled("FP", "600.00")
    assert settled("AB", "600.00") == set(), "a buy-back is agreed"


def test_who_supervises_the_bond_has_no_say_on_the_price():
    """Each payment has supervisors of its own (specification 3.2, 8.12 no. 11)."""
    overdue, notice = life(contract=CONTRACT), {"obligation": "O-PAY/1"}
    assert refused(overdue, "breach.notified", "2019-07-01", notice, by="TOWN") == "NOT_SUPERVISOR"
    assert take(overdue, "breach.notified", "2019-07-01", notice, by="FIN").events
