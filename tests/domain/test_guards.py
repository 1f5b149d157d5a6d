"""Guards that the scenarios do not reach: registration gates, payments, splits, corrections. Given / when / then."""

import pytest
from scenario_lives import BOOK
from law_lives import on
from test_law import AGREEMENT, CONTRACT, LEASE, PAID, START, assessed, life

from domain.decision import Command, Context
from domain.errors import Kind, Refusal
from domain.event import day_number
from domain.events import CATALOGUE, RANK, normalise
from domain.facts import fold
from domain.parcel import GUARDS, decide

PARCEL = "120114001002GB00099"


def take(events, kind, day, data, by="NRP", related=None, contract_no=None, book=BOOK):
    facts = fold(events, RANK)
    command = Command(
        "77777777-0000-4000-8000-000000000000",
        PARCEL,
        kind,
        1,
        day_number(day),
        "120114",
        by,
        None,
        contract_no,
        None,
        None,
        normalise(kind, data),
    )
    return decide(
        facts, command, Context(day_number("2046-01-01"), book.rules("120114"), book.calendar(), related or {}, book)
    )


def refused(*arguments, **more):
    with pytest.raises(Refusal) as caught:
        take(*arguments, **more)
    return caught.value.code


def warned(*arguments, **more):
    return {warning.code for warning in take(*arguments, **more).warnings}


STOPPED = [
    PAID, ("construction.started", "2019-12-01", START), ("construction.progress_reported", "2020-05-01", {"developed_m2": "3000.00"}),
    ("construction.stopped", "2020-06-01", {"cause": "ENTERPRISE_MARKET"}), ("idle.investigated", "2021-07-01", {}),
    ("idle.determined", "2021-08-01", {"result": "IDLE_ENTERPRISE"}),
]  # fmt: skip


def test_nothing_is_registered_on_determined_idle_land_until_it_is_disposed_of():
    mortgage = ("mortgage.decided", "2021-09-01", {"result": "REGISTERED"})
    assert refused(life(*STOPPED), *mortgage, by="REG") == "IDLE_NOT_DISPOSED"
    assert take(life(*STOPPED), "mortgage.decided", "2021-09-01", {"result": "REFUSED"}, by="REG")
    assert take(life(*STOPPED, ("idle.disposed", "2021-08-15", {"option": "EXTEND"})), *mortgage, by="REG")


def test_an_idle_fee_on_stopped_land_needs_the_contract_to_say_so():
    charge = ("charge.assessed", "2021-09-01", {"charge_id": "c", "kind": "IDLE_FEE", "amount_wan": "200.00"})
    assert refused(life(*STOPPED), *charge) == "IDLE_FEE_NOT_COVERED"
    assert take(life(*STOPPED, contract=CONTRACT | {"idle_fee_covers_stopped": True}), *charge)


def test_no_registration_while_rent_is_in_arrears_and_a_refusal_is_recorded():
    events = life(contract=LEASE)
    assert refused(events, "title.registered", "2019-05-01", {"kind": "FIRST"}, by="REG") == "RENT_IN_ARREARS"
    assert take(events, "mortgage.decided", "2019-05-01", {"result": "REFUSED"}, by="REG")


def test_rents_of_imported_history_are_no_arrears_until_a_department_reports_them():
    events = life(contract=LEASE | {"onboarding": True, "onboarded_on": "2022-06-01"})
    first = ("title.registered", "2022-07-01", {"kind": "FIRST"})
    assert take(events, *first, by="REG")
    assert refused(events, first[0], "2023-04-03", first[2], by="REG") == "RENT_IN_ARREARS", "a rent of our own time"
    told = ("breach.notified", "2022-06-20", {"obligation": "O-RENT/2021"})
    reported = life(told, contract=LEASE | {"onboarding": True, "onboarded_on": "2022-06-01"})
    assert refused(reported, *first, by="REG") == "RENT_IN_ARREARS"


def test_without_instalments_no_more_than_the_price_is_taken():
    """Given a price of 1,000 万元 and no instalments, then 1,000.00 in parts is taken and a further 0.01 is refused."""
    contract = {name: value for name, value in CONTRACT.items() if name != "instalments"}
    half = ("payment.received", "2019-05-01", {"amount_wan": "500.00"})
    assert take(life(half, contract=contract), *half, by="FIN")
    assert refused(life(half, half, contract=contract), "payment.received", "2019-05-02", {"amount_wan": "0.01"}, by="FIN") == "PAYMENT_ABOVE_OPEN"  # fmt: skip
    denser = ("conditions.changed", "2019-05-01", {"far_max": "2.50", "price_delta_wan": "500.00", "reason": "x"})
    assert take(life(half, half, denser, contract=contract), *half, by="FIN"), "a change of the price is open too"
    rent = life(half, half, contract=contract | {"annual_rent_wan": "20.00"})
    assert take(rent, *half, by="FIN"), "a rent without its day is no part of the price"


def test_a_payment_above_what_is_open_is_refused_and_one_before_any_contract_is_kept():
    assert (
        refused(life(), "payment.received", "2019-05-01", {"instalment_no": 1, "amount_wan": "1000.01"}, by="FIN")
        == "PAYMENT_ABOVE_OPEN"
    )
    assert (
        refused(life(PAID), "payment.received", "2019-05-02", {"instalment_no": 1, "amount_wan": "0.01"}, by="FIN")
        == "PAYMENT_ABOVE_OPEN"
    )
    assert warned([], "payment.received", "2019-05-02", {"amount_wan": "5"}, by="FIN") == {"OUT_OF_SEQUENCE"}


def test_facts_out_of_sequence_are_taken_with_a_warning_and_the_stage_waits():
    assert warned(life(), "construction.completed", "2021-01-01", {}, by="HUC") == {"OUT_OF_SEQUENCE"}
    delivered, bare = life(("land.delivered", "2019-02-01", {})), {"evidence": "PIT_EXCAVATED"}
    assert warned(delivered, "construction.started", "2019-12-01", bare, by="HUC") == {"OUT_OF_SEQUENCE"}
    assert not warned(delivered, "construction.started", "2019-12-01", bare | {"permit_no": "p"}, by="HUC")


def test_production_before_the_verification_is_warned_of_and_moves_the_stage():
    built = [
        ("land.delivered", "2019-02-01", {}),
        ("construction.started", "2019-12-01", START),
        ("construction.completed", "2021-12-01", {}),
    ]
    assert warned(life(*built), "production.started", "2022-06-01", {}, by="MIIT") == {"OUT_OF_SEQUENCE"}
    assert on("2022-06-01", life(*built, ("production.started", "2022-06-01", {}))).stage == "IN_PRODUCTION"
    verified = ("construction.verified", "2022-01-10", {"land_area_m2": "30000.00", "floor_area_m2": "36000.00"})
    assert not warned(life(*built, verified), "production.started", "2022-06-01", {}, by="MIIT")


def test_a_contract_number_that_is_not_known_is_refused():
    assert refused(life(), "land.delivered", "2019-02-01", {}, contract_no="D") == "CONTRACT_UNKNOWN"
    assert take(life(), "land.delivered", "2019-02-01", {}, contract_no="C")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"supply_mode": "ELASTIC", "term_years": "20", "price_wan": "100.00"}, "ASSESSED_PRICE_REQUIRED"),
        ({"supply_mode": "LEASE_LONG", "term_years": "4", "assessed_price_50y_wan": "100.00"}, "TERM_OUT_OF_RANGE"),
        (
            {
                "supply_mode": "LEASE_LONG",
                "term_years": "10",
                "assessed_price_50y_wan": "1000.00",
                "annual_rent_wan": "19.99",
            },
            "RENT_BELOW_FLOOR",
        ),
        ({"supply_mode": "GRANT_LISTING", "term_from": "2020-01-01", "term_to": "2070-01-01"}, "TERM_OUT_OF_RANGE"),
        (
            {
                "supply_mode": "LEASE_LONG",
                "term_from": "2020-02-29",
                "term_to": "2025-02-26",
                "assessed_price_50y_wan": "1000.00",
            },
            "TERM_OUT_OF_RANGE",
        ),
        (
            {
                "supply_mode": "ELASTIC",
                "term_from": "2020-01-01",
                "term_to": "2069-12-31",
                "assessed_price_50y_wan": "1000.00",
            },
            "TERM_OUT_OF_RANGE",
        ),
        ({"supply_mode": "GRANT_AGREEMENT"}, "GROUND_REQUIRED"),
    ],
)
def test_a_contract_outside_the_law_is_refused_and_imported_history_is_not(data, code):
    assert refused([], "contract.signed", "2020-01-01", data) == code
    assert take([], "contract.signed", "2020-01-01", data | {"onboarding": True})


@pytest.mark.parametrize(
    ("layer", "floor"),
    [
        ({"level": 1, "area_m2": "4000.00"}, "500.00"),  # half of 1,000 for 4,000 of 4,000 m²
        ({"level": 2, "area_m2": "4000.00"}, "250.00"),
        ({"level": 1, "area_m2": "2000.00"}, "250.00"),
        ({"level": 2, "area_m2": "4000.00", "parking": True}, "9.00"),  # 0.75 % of 1,200
    ],
)
def test_land_below_the_surface_costs_its_share_and_deeper_levels_may_be_free(layer, floor):
    def below(price):
        surface = {
            "supply_mode": "GRANT_LISTING",
            "area_m2": "4000.00",
            "price_wan": "1000.00",
            "assessed_price_50y_wan": "1200.00",
        }
        return [], "contract.signed", "2020-01-01", surface | {"underground": [layer | {"price_wan": price}]}

    assert take(*below(floor))
    assert refused(*below(f"{float(floor) - 0.01:.2f}")) == "UNDERGROUND_PRICE_BELOW_FLOOR"
    layer = {**layer, "level": 3}
    assert take(*below("0.01")), "deeper levels may be free"


def test_a_grant_by_agreement_without_a_ground_is_only_warned_of_where_it_is_imported_history():
    by_agreement = {key: value for key, value in CONTRACT.items() if key != "holder"} | {
        "supply_mode": "GRANT_AGREEMENT"
    }
    assert refused([], "contract.signed", "2019-01-01", by_agreement) == "GROUND_REQUIRED"
    imported = by_agreement | {"onboarding": True, "onboarded_on": "2021-06-01"}
    assert warned([], "contract.signed", "2019-01-01", imported) == {"NO_GROUND"}


@pytest.mark.parametrize(("ends", "warns"), [("2045-06-30", False), ("2045-07-01", True)])
def test_the_usual_longest_term_is_counted_on_dates(ends, warns):
    """武清: twenty years as a rule (003三(一)); one day more is warned of though the years are written as 20."""
    elastic = CONTRACT | {"supply_mode": "ELASTIC", "term_years": "20.0", "term_from": "2025-07-01", "term_to": ends,
                          "assessed_price_50y_wan": "1500.00"}  # fmt: skip
    assert ("TERM_ABOVE_USUAL" in warned([], "contract.signed", "2025-07-01", elastic)) == warns


def test_a_transfer_after_the_onboarding_day_needs_what_every_transfer_needs():
    imported = life(contract=CONTRACT | {"onboarding": True, "onboarded_on": "2021-06-01"})
    sold = {"kind": "WHOLE", "assumes_agreement": True, "transferee_uscc": "91120114MA06TEK57Q"}
    assert refused(imported, "transfer.registered", "2025-03-01", sold, by="REG") == "TRANSFER_NOT_ALLOWED"
    assert take(imported, "transfer.registered", "2021-03-01", sold, by="REG").events


def test_a_term_of_exactly_fifty_years_by_its_days_is_allowed():
    assert take(
        [],
        "contract.signed",
        "2020-01-01",
        {"supply_mode": "GRANT_LISTING", "term_from": "2020-01-01", "term_to": "2069-12-31"},
    )


def test_only_the_supervisor_takes_steps_and_a_breach_that_is_gone_only_warns():
    events = life(PAID)
    order = {"obligation": "O-START", "until": "2020-06-01"}
    assert refused(events, "rectification.ordered", "2020-02-01", order, by="TAX") == "NOT_SUPERVISOR"
    assert not warned(events, "rectification.ordered", "2020-02-01", order, by="HUC")
    started = life(PAID, ("construction.started", "2019-12-01", START))
    assert warned(started, "rectification.ordered", "2020-02-01", order) == {"BREACH_NOT_OPEN"}
    assert refused(events, "rectification.ordered", "2020-02-01", order | {"until": "2020-02-01"}) == "UNTIL_NOT_AFTER"


def test_a_correction_takes_history_over_no_later_than_today():
    """Given an imported contract, when its day of onboarding is put after today, then the correction is refused."""
    events = life(contract=CONTRACT | {"onboarding": True, "onboarded_on": "2021-06-01"})

    def corrected(day):
        changes = [{"field": "onboarded_on", "old": "2021-06-01", "new": day}]
        return "report.corrected", "2022-03-01", {"corrects": events[0].event_id, "changes": changes, "reason": "x"}

    assert take(events, *corrected("2046-01-01"))
    assert refused(events, *corrected("2046-01-02")) == "OCCURRED_IN_FUTURE"


def test_a_correction_comes_only_from_the_reporter_and_only_of_what_stands():
    report = (
        "indicators.reported",
        "2022-02-01",
        {"period": {"from": "2021-01-01", "to": "2021-12-31"}, "tax_wan": "95.00"},
    )
    events = life(PAID, report)
    events[2] = type(events[2])(
        **{name: getattr(events[2], name) for name in type(events[2]).__slots__} | {"department": "TAX"}
    )
    correction = {
        "corrects": events[2].event_id,
        "changes": [{"field": "tax_wan", "old": "95", "new": "59.00"}],
        "reason": "x",
    }
    assert refused(events, "report.corrected", "2022-03-01", correction, by="NRP") == "NOT_THE_EMITTER"
    assert take(events, "report.corrected", "2022-03-01", correction, by="TAX")
    stale = correction | {"changes": [{"field": "tax_wan", "old": "94.00", "new": "59.00"}]}
    assert refused(events, "report.corrected", "2022-03-01", stale, by="TAX") == "STALE_CORRECTION"
    wrong = correction | {"changes": [{"field": "tax_wan", "old": "95.00", "new": "many"}]}
    assert refused(events, "report.corrected", "2022-03-01", wrong, by="TAX") == "NOT_A_NUMBER"
    assert (
        refused(
            events,
            "report.corrected",
            "2022-03-01",
            correction | {"corrects": "00000000-0000-4000-8000-00000000ffff"},
            by="TAX",
        )
        == "TARGET_UNKNOWN"
    )


def test_a_figure_is_reported_by_its_own_department():
    data = {"period": {"from": "2021-01-01", "to": "2021-12-31"}, "tax_wan": "95.00"}
    assert refused(life(), "indicators.reported", "2022-02-01", data, by="STAT") == "NOT_THE_EMITTER"


def test_the_unit_that_is_registered_is_one_of_this_parcel():
    unit = {"unit_code": f"{PARCEL}F00010002", "kind": "CHANGE"}
    assert take(life(), "title.registered", "2019-06-01", unit, by="REG")
    other = unit | {"unit_code": "120114001002GB00098F00010002"}
    assert refused(life(), "title.registered", "2019-06-01", other, by="REG") == "UNIT_OF_ANOTHER_PARCEL"


def test_a_split_keeps_areas_and_money_to_the_cent_and_ends_the_parent():
    split = {
        "from_codes": [PARCEL],
        "to_codes": ["120114001002GB00101", "120114001002GB00102", "120114001002GB00103"],
        "area_m2": ["10000.01", "10000.00", "9999.99"],
    }
    decision = take(life(PAID, agreement=AGREEMENT), "parcel.split", "2019-09-01", split)
    children = decision.events[1:]
    assert [one.parcel_id for one in children] == split["to_codes"] and {one.department for one in children} == {"SYS"}
    contracts = [one.data["contract"] for one in children]
    assert sum(float(one["price_wan"]) for one in contracts) == 1000.0
    assert sum(float(one["payments"][0]["amount_wan"]) for one in contracts) == 1000.0
    assert [one["area_m2"] for one in contracts] == split["area_m2"]
    assert (
        refused(life(PAID), "parcel.split", "2019-09-01", split | {"area_m2": ["10000.03", "10000.00", "9999.99"]})
        == "AREAS_DO_NOT_ADD_UP"
    )
    parent = life(PAID, ("parcel.split", "2019-09-01", split))
    assert refused(parent, "construction.started", "2019-10-01", START, by="HUC") == "PARCEL_EXITED"


def test_after_the_title_is_cancelled_only_claims_and_closing_records_are_taken():
    events = life(PAID, ("title.cancelled", "2023-01-01", {}))
    assert refused(events, "site.inspected", "2023-02-01", {"kind": "PATROL"}) == "PARCEL_EXITED"
    assert take(events, "site.inspected", "2022-12-31", {"kind": "PATROL"}) and take(
        events, "land.returned", "2023-02-01", {}, by="LRC"
    )


def test_a_failed_assessment_may_not_be_called_a_pass():
    events = life(PAID, agreement=AGREEMENT)
    kind, day, data = assessed("2023-01-10", "9.00")
    assert refused(events, kind, day, data | {"result": "PASS"}, by="MIIT") == "RESULT_DISAGREES"
    assert refused(events, kind, day, {"kind": "REACH", "items": []}, by="MIIT") == "INCOMPLETE_ASSESSMENT"


@pytest.mark.parametrize(
    "kind", [key for key, one in CATALOGUE.items() if one.subject == "parcel" and not one.system_only]
)
@pytest.mark.parametrize(
    "events",
    [
        [],
        life(PAID),
        life(*STOPPED, agreement=AGREEMENT),
        life(contract=LEASE),
        life(PAID, ("title.cancelled", "2023-01-01", {})),
    ],
    ids=["empty", "paid", "idle", "lease", "exited"],
)
def test_a_decision_never_raises_anything_but_a_refusal(kind, events):
    for data in CATALOGUE[kind].examples:
        try:
            decision = take(
                events,
                kind,
                "2024-05-20",
                data,
                by=CATALOGUE[kind].departments[0] if CATALOGUE[kind].departments else None,
            )
        except Refusal as refusal:
            assert refusal.kind in (Kind.SHAPE, Kind.RULE, Kind.ENTITLEMENT) and refusal.message
        else:
            assert decision.events[0].type == kind


def test_every_guard_belongs_to_a_type():
    assert set(GUARDS) <= set(CATALOGUE)
