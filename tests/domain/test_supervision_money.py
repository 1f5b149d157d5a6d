"""Money, recomputed from facts (specification 3.3, 4.7, 11.14, 11.22, 11.37). Given a life, when a day is asked, then."""

import pytest
from law_lives import (
    AGREEMENT,
    BUILT,
    CONTRACT,
    LEASE,
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
    whole,
)

from test_policy import amended, book

from domain.event import day_number, day_text
from domain.events import RANK
from domain.facts import fold
from domain.supervision import evaluate
from domain.supervision.measures import wan


def charge(day, kind, amount, identity="c", **more):
    return ("charge.assessed", day, {"charge_id": identity, "kind": kind, "amount_wan": amount, **more})


def paid(day, amount, identity="c"):
    return ("charge.paid", day, {"charge_id": identity, "amount_wan": amount})


def e_day(event):
    return day_text(event.occurred_on)


def lines(found, kind):
    return [
        (one.amount / 10_000, one.state, None if one.computed is None else one.computed / 10_000)
        for one in found.amounts
        if one.kind == kind
    ]


def test_damages_for_a_late_start_run_by_the_day_and_are_fixed_by_the_start():
    events = life(*PAID, ("construction.started", "2020-01-11", START))
    assert "LD_START" not in money(on("2020-01-01", events))
    assert money(on("2020-01-02", events))["LD_START"] == (1.0, "RUNNING")
    assert money(on("2020-06-01", events))["LD_START"] == (10.0, "FIXED")


def test_damages_for_late_completion_count_from_the_later_of_due_day_and_start():
    late = life(*PAID, ("construction.started", "2022-03-01", START), ("construction.completed", "2022-03-11", {}))
    assert "LD_COMPLETE" not in money(on("2022-02-28", late)), "not while nothing is started"
    assert money(on("2022-06-01", late))["LD_COMPLETE"] == (10.0, "FIXED")
    in_time = life(*PAID, ("construction.started", "2020-01-01", START))
    assert money(on("2022-01-06", in_time))["LD_COMPLETE"] == (5.0, "RUNNING")


def test_without_a_rate_there_are_no_damages():
    bare = {key: value for key, value in CONTRACT.items() if not key.startswith("ld_")}
    found = on("2020-06-01", life(*PAID, contract=bare))
    assert phases(found) == {"START": "OPEN"} and not found.amounts


def test_a_running_amount_that_was_assessed_stays_and_shows_its_growth_and_a_further_charge_assesses_the_rest():
    events = life(
        *PAID,
        charge("2020-01-11", "LD_START", "10.00"),
        charge("2020-01-21", "LD_START", "10.00", "d"),
        paid("2020-01-15", "10.00"),
    )
    assert lines(on("2020-01-16", events), "LD_START") == [(10.0, "PAID", 15.0)]
    assert lines(on("2020-01-31", events), "LD_START") == [(10.0, "PAID", 30.0), (10.0, "ASSESSED", 30.0)]
    assert phases(on("2020-01-31", events)) == {"START": "OPEN"}, "payment closes nothing"
    assert next(b.level for b in on("2020-01-31", events).breaches) == 3


def test_an_extension_that_takes_the_basis_away_reverses_the_charge_and_gives_back_what_was_paid():
    events = life(
        *PAID,
        charge("2020-01-11", "LD_START", "10.00"),
        paid("2020-01-15", "10.00"),
        extended("GOV_OTHER", start_due="2020-12-01", complete_due="2022-12-01"),
    )
    before = on("2020-01-20", events, known_at=(len(events) - 1) * 1000)
    assert lines(before, "LD_START") == [(10.0, "PAID", 19.0)]
    assert lines(on("2020-01-20", events), "LD_START") == [(-10.0, "REFUND_DUE", None), (0.0, "REVERSED", 10.0)]


def test_damages_that_run_again_stand_beside_the_charge_that_was_reversed():
    """Given a charge that an extension reversed, when the new due day has passed too, then what runs since then stands
    without a charge, and is assessed in its turn (specification 2.5, 11.22, 11.37)."""
    moved = extended("GOV_OTHER", start_due="2020-06-01", complete_due="2022-06-02")
    events = [*PAID, charge("2020-01-11", "LD_START", "10.00"), moved]
    assert lines(on("2020-06-01", life(*events)), "LD_START") == [(0.0, "REVERSED", 10.0)]
    assert lines(on("2020-06-21", life(*events)), "LD_START") == [(20.0, "RUNNING", None), (0.0, "REVERSED", 10.0)]
    again = life(*events, charge("2020-06-21", "LD_START", "20.00", "d"))
    assert lines(on("2020-06-26", again), "LD_START") == [(0.0, "REVERSED", 10.0), (20.0, "ASSESSED", 25.0)]


def test_an_idle_fee_falls_with_the_idle_breach():
    steps = [
        ("idle.investigated", "2021-01-10", {}),
        ("idle.determined", "2021-02-01", {"result": "IDLE_ENTERPRISE"}),
        charge("2021-02-10", "IDLE_FEE", "200.00"),
    ]
    events = life(*PAID, *steps, paid("2021-02-20", "200.00"), ("construction.started", "2021-05-01", START))
    assert lines(on("2021-06-01", events), "IDLE_FEE") == [(200.0, "PAID", 200.0)], "a later start takes nothing back"
    withdrawn = life(*PAID, *steps, ("idle.determined", "2021-03-01", {"result": "NOT_IDLE"}))
    assert [one[1] for one in lines(on("2021-03-01", withdrawn), "IDLE_FEE")] == ["REVERSED"]


def test_a_late_fee_that_was_assessed_is_taken_back_with_the_day_that_it_rested_on():
    late = ("payment.received", "2019-07-01", {"instalment_no": 1, "amount_wan": "600.00"})
    fee = charge("2019-07-02", "LATE_FEE", "16.80")
    found = on("2019-09-01", life(late, fee, paid("2019-08-01", "16.80")))
    assert lines(found, "LATE_FEE") == [(16.8, "PAID", 16.8)]
    received = life(late)[1].event_id
    fix = {
        "corrects": received,
        "changes": [{"field": "occurred_on", "old": "2019-07-01", "new": "2019-05-31"}],
        "reason": "x",
    }
    corrected = life(late, fee, paid("2019-08-01", "16.80"), ("report.corrected", "2019-08-20", fix))
    assert lines(on("2019-09-01", corrected), "LATE_FEE") == [(-16.8, "REFUND_DUE", None), (0, "REVERSED", 16.8)]


def test_late_fees_run_from_the_rolled_day_part_by_part_and_principal_alone_closes():
    events = life(
        ("payment.received", "2019-07-01", {"instalment_no": 1, "amount_wan": "200.00"}), ("payment.received", "2019-08-02", {"instalment_no": 1, "amount_wan": "400.00"}),
        ("payment.received", "2019-08-20", {"instalment_no": 1, "amount_wan": "29.60"}),
    )  # fmt: skip
    assert not codes(on("2019-05-01", events)) and codes(on("2019-05-02", events)) == {"A-PAY-30"}
    weekend = on("2019-06-03", events)  # 1 June 2019 is a Saturday: Monday is on time
    assert not phases(weekend) and "A-PAY-30" in codes(weekend)
    assert money(on("2019-06-04", events))["LATE_FEE"] == (0.6, "RUNNING") and phases(on("2019-06-04", events)) == {
        "PAY": "OPEN"
    }
    after = on("2019-08-02", events)
    assert not phases(after) and money(after)["LATE_FEE"] == (200 * 0.028 + 400 * 0.060, "FIXED")
    assert money(on("2019-08-20", events))["LATE_FEE"] == (29.6, "PAID")


def test_termination_for_non_payment_counts_sixty_days_from_the_unrolled_day():
    events = life(*PAID[1:])
    assert (
        blockers(on("2019-07-31", events), "FPAY") == {"NOT_DUE"} and "FPAY" in on("2019-08-01", events).exit_eligible
    )
    notified = life(
        *PAID[1:],
        ("breach.notified", "2019-06-10", {"obligation": "O-PAY/1"}),
        ("rectification.ordered", "2019-06-20", {"obligation": "PAY", "until": "2019-07-20"}),
    )
    assert phases(on("2019-08-01", notified)) == {"PAY": "NOTICED"}, "orders have no effect on PAY"
    found = on("2019-09-10", life(*PAID[1:], ("exit.opened", "2019-08-05", {"kind": "FPAY"})))
    assert phases(found) == {"PAY": "OPEN"} and money(found)["LATE_FEE"] == (59.4, "RUNNING"), (
        "late fees go on during an exit"
    )


def test_each_instalment_overdue_is_a_breach_of_its_own():
    found = on("2020-01-01", life())
    assert sorted(one.obligation for one in found.open_breaches()) == ["O-PAY/1", "O-PAY/2"]
    assert len({one.breach_id for one in found.breaches}) == 2


def test_part_of_a_sum_before_its_day_is_partially_met():
    events = life(("payment.received", "2019-04-01", {"instalment_no": 1, "amount_wan": "100.00"}))
    states = {one.key: one.state for one in on("2019-04-20", events).obligations}
    assert (states["O-PAY/1"], states["O-PAY/2"]) == ("PARTIALLY_MET", "SCHEDULED")


def test_rent_is_owed_on_each_day_of_the_lease_inclusive_and_arrears_bar_a_transfer():
    found = on(
        "2020-03-03",
        life(("payment.received", "2019-03-01", {"instalment_no": 2019, "amount_wan": "60.00"}), contract=LEASE),
    )
    states = {one.key: one.state for one in found.obligations if one.code == "O-RENT"}
    assert states == {
        "O-RENT/2019": "MET",
        "O-RENT/2020": "OVERDUE",
        "O-RENT/2021": "SCHEDULED",
        "O-RENT/2022": "SCHEDULED",
        "O-RENT/2023": "SCHEDULED",
    }
    assert phases(found)["PAY"] == "OPEN" and {"TENURE", "OPEN_BREACH:PAY"} <= blockers(found, "MT")


def test_no_rent_is_owed_after_the_day_on_which_the_title_was_cancelled():
    """Given a lease that is bought back in June 2021, when the rent days of later years pass, then only what was due
    until the cancellation is owed, that day included (specification 2.1, 11.37)."""
    rents = [
        ("payment.received", f"{year}-02-20", {"instalment_no": year, "amount_wan": "60.00"}) for year in (2019, 2020)
    ]
    opened = ("exit.opened", "2021-02-01", {"kind": "AB"})
    for cancelled, last in (("2021-02-28", 2020), ("2021-03-01", 2021)):
        events = life(*rents, opened, ("title.cancelled", cancelled, {}), contract=LEASE)
        found = whole("2024-03-05", events)
        assert max(one.key for one in found.obligations if one.code == "O-RENT") == f"O-RENT/{last}"
        owed = [one.obligation for one in found.open_breaches()]
        assert owed == ["O-RENT/2021"][: last - 2020] and found.next_change_on is None


def test_a_bond_that_the_agreement_dates_is_a_payment_without_late_fee():
    bond = {"code": "O-BOND", "direction": "BY_DATE", "assess_on": "DATE", "due": "2019-03-01"}
    agreement = AGREEMENT | {"bond": {"amount_wan": "20.00", "form": "CASH"}, "obligations": [bond]}
    events = life(*PAID, ("bond.posted", "2019-04-01", {"amount_wan": "20.00"}), agreement=agreement)
    found = on("2019-03-02", events)
    assert [(one.obligation, one.phase) for one in found.open_breaches()] == [
        ("O-BOND", "OPEN")
    ] and "LATE_FEE" not in money(found)
    assert next(one for one in on("2019-04-01", events).obligations if one.key == "O-BOND").state == "MET_LATE"


@pytest.mark.parametrize(
    "closing",
    [
        ("construction.verified", "2022-08-01", {"land_area_m2": "30000.00", "floor_area_m2": "30000.00"}),
        ("conditions.changed", "2022-08-01", {"far_min": "0.80", "reason": "调整"}),
    ],
    ids=["a later pass", "a lower condition"],
)
def test_plot_ratio_damages_that_stand_fixed_do_not_run_again_under_a_higher_condition(closing):
    low = ("construction.verified", "2022-02-01", {"land_area_m2": "30000.00", "floor_area_m2": "27000.00"})
    events = life(*BUILT, low, closing, ("conditions.changed", "2023-01-01", {"far_min": "1.10", "reason": "调整"}))
    assert money(on("2022-07-31", events))["LD_FAR"] == (100.0, "RUNNING")
    for day in ("2022-08-01", "2023-01-01", "2025-01-01"):
        assert money(on(day, events))["LD_FAR"] == (100.0, "FIXED") and "FAR" not in phases(on(day, events))


def test_plot_ratio_damages_stay_due_after_a_later_pass_and_only_a_correction_reverses_them():
    low = {"land_area_m2": "30000.00", "floor_area_m2": "27000.00"}
    events = life(
        *BUILT,
        ("construction.verified", "2022-02-01", low),
        ("construction.verified", "2022-08-01", low | {"floor_area_m2": "30000.00"}),
    )
    assert money(on("2022-02-01", events))["LD_FAR"] == (100.0, "RUNNING") and phases(on("2022-02-01", events)) == {
        "FAR": "OPEN"
    }
    assert money(on("2022-08-01", events))["LD_FAR"] == (100.0, "FIXED") and not phases(on("2022-08-01", events))
    corrected = life(
        *BUILT,
        ("construction.verified", "2022-02-01", low),
        charge("2022-02-10", "LD_FAR", "100.00"),
        paid("2022-02-20", "100.00"),
    )
    target = corrected[-3].event_id
    change = {
        "corrects": target,
        "changes": [{"field": "double_counted_m2", "old": None, "new": "5000.00"}],
        "reason": "层高",
    }
    both = life(*[(e.type, e_day(e), e.data) for e in corrected[1:]], ("report.corrected", "2022-03-01", change))
    assert lines(on("2022-02-25", both), "LD_FAR") == [(-100.0, "REFUND_DUE", None), (0.0, "REVERSED", 100.0)]


def test_a_plot_ratio_above_the_maximum_is_a_breach_without_damages():
    found = on(
        "2022-03-01",
        life(
            *BUILT, ("construction.verified", "2022-02-01", {"land_area_m2": "30000.00", "floor_area_m2": "60003.00"})
        ),
    )
    assert phases(found) == {"FAR": "OPEN"} and "LD_FAR" not in money(found)


def test_missed_investment_at_completion_is_a_breach_with_damages_until_reassessed():
    invest = {
        "code": "O-INVEST",
        "direction": "GE",
        "threshold": "4500.00",
        "unit": "万元/公顷",
        "assess_on": "COMPLETION",
        "hard": True,
    }
    assess = [
        ("performance.assessed", day, {"kind": "START_COMPLETE", "items": [{"code": "O-INVEST", "actual": actual, "unit": "万元/公顷"}]})
        for day, actual in (("2022-02-01", "3600.00"), ("2022-12-01", "4500.00"))
    ]  # fmt: skip
    events = life(*BUILT, *assess, agreement=AGREEMENT | {"obligations": [invest]})
    found = on("2022-03-01", events)
    assert phases(found) == {"INVEST": "OPEN"} and money(found)["LD_INVEST"] == (200.0, "RUNNING")
    after = on("2022-12-01", events)
    assert not phases(after) and money(after)["LD_INVEST"] == (200.0, "FIXED")


def test_a_top_up_is_the_shortfall_over_the_contract_area_and_falls_with_a_correction_of_the_figure():
    year = {"from": "2024-01-01", "to": "2024-12-31"}
    report = ("indicators.reported", "2025-02-01", {"period": year, "scope": "PARCEL", "tax_wan": "405.00"}, "TAX")
    assess = (
        "performance.assessed",
        "2025-03-01",
        {"kind": "REACH", "period": year, "items": [{"code": "O-TAX", "actual": "12.00"}]},
    )
    events = life(
        *BUILT,
        report,
        assess,
        charge("2025-03-10", "TOP_UP", "45.00", obligation="O-TAX"),
        agreement=AGREEMENT | {"obligations": [TAX]},
    )
    found = on("2025-04-01", events)  # 45 mu: 9.0 of 10 reported, whatever the assessment wrote
    assert phases(found) == {"PERF": "OPEN"} and lines(found, "TOP_UP") == [(45.0, "ASSESSED", 45.0)]
    entries = [(e.type, e_day(e), e.data, e.department) for e in events[2:]]
    fix = {
        "corrects": events[2 + len(BUILT)].event_id,
        "changes": [{"field": "tax_wan", "old": "405.00", "new": "450.00"}],
        "reason": "x",
    }
    corrected = life(
        *entries, ("report.corrected", "2025-04-05", fix, "TAX"), agreement=AGREEMENT | {"obligations": [TAX]}
    )
    assert not phases(on("2025-04-01", corrected)) and lines(on("2025-04-01", corrected), "TOP_UP") == [
        (0.0, "REVERSED", 45.0)
    ]


@pytest.mark.parametrize(
    ("amount", "shown"), [(15_049, "1.50"), (15_050, "1.51"), (-50, "-0.01"), (-49, "0.00"), (0, "0.00")]
)
def test_money_is_rounded_half_up_once(amount, shown):
    assert wan(amount) == shown


@pytest.mark.parametrize(
    ("key", "kind", "principal", "due"),
    [
        ("pay.late_permille_day", "LATE_FEE", 400, "2019-12-02"),
        ("ld.start_permille_day", "LD_START", 1000, "2020-01-01"),
    ],
)
def test_a_rate_per_day_that_is_amended_counts_from_its_day_and_the_days_before_keep_the_old_one(
    key, kind, principal, due
):
    """Given a sum that is overdue, when 1 ‰ becomes 3 ‰ from 2024 on, then no day before costs more (8.12 no. 14)."""
    known = book(amended(98, "120114", key, "1", "2019-01-01"), amended(99, "120114", key, "3", "2024-01-01"))
    own = {name: value for name, value in CONTRACT.items() if name != "ld_start_permille_day"}
    events = life(*PAID[:1], contract=own)

    def sum_on(day):
        found = evaluate(fold(events, RANK), day_number(day), known.rules("120114"), known.calendar())
        return next(line.amount for line in found.amounts if line.kind == kind)

    before = 10 * principal * (day_number("2023-12-31") - day_number(due))
    assert [sum_on(day) for day in ("2023-12-31", "2024-01-01", "2024-01-11")] == [
        before,
        before + 10 * principal * 3,
        before + 10 * principal * 3 * 11,
    ]


def test_completion_damages_lose_their_basis_with_the_start_on_which_they_rest():
    """Given damages that were assessed with a reason, when the start turns out never to have been, then nothing is due."""
    before = [
        ("construction.started", "2020-03-02", START),
        charge("2022-03-01", "LD_COMPLETE", "10.00", override_reason="约定"),
    ]
    taken = ("report.withdrawn", "2022-04-01", {"withdraws": life(*before)[1].event_id, "reason": "误报"})
    lines = [
        [(one.state, one.amount) for one in on("2022-05-01", life(*events)).amounts if one.kind == "LD_COMPLETE"]
        for events in (before, [*before, taken])
    ]
    assert lines == [[("ASSESSED", 100_000)], [("REVERSED", 0)]]


def test_what_was_paid_above_a_sum_that_was_corrected_is_due_back():
    assessed = charge("2020-03-02", "OTHER", "50.00", override_reason="约定")
    lower = {
        "corrects": life(assessed)[1].event_id,
        "changes": [{"field": "amount_wan", "old": "50.00", "new": "30.00"}],
    }
    events = life(assessed, paid("2020-04-01", "50.00"), ("report.corrected", "2020-05-01", lower))
    lines = [(one.state, one.amount) for one in on("2020-06-01", events).amounts if one.kind == "OTHER"]
    assert sorted(lines) == [("PAID", 300_000), ("REFUND_DUE", -200_000)]


def test_the_day_on_which_a_late_fee_overtakes_what_came_in_for_it_is_a_day_of_change():
    """Given more paid on one instalment than it asks, when the fee of the next one runs up, then the ways out name it
    as open from the day on which it is more than was paid, and the assessment before says that day."""
    over = ("payment.received", "2019-05-01", {"instalment_no": 1, "amount_wan": "30.00"})
    events = life(PAID[0], over, *BUILT[2:])
    facts, rules, calendar = fold(events, RANK), book().rules("120114"), book().calendar()
    day = day_number("2020-01-05")
    while True:
        found = evaluate(facts, day, rules, calendar)
        open_items = {code for one in found.exit_kinds if one.kind == "VS" for code in one.blockers}
        fee = next(one for one in found.amounts if one.kind == "LATE_FEE")
        assert ("AMOUNT_OPEN" in open_items) == (fee.amount > fee.paid)
        if fee.amount > fee.paid:
            break
        assert found.next_change_on is not None
        day = found.next_change_on
    before = evaluate(facts, day - 1, rules, calendar)
    assert {code for one in before.exit_kinds if one.kind == "VS" for code in one.blockers} == {"PRICE_UNPAID"}
