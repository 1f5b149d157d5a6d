"""What a split hands over: money as it was paid, rents, duties of the agreement (specification 8.12, 11.28)."""

import pytest
from scenario_lives import BOOK
from test_guards import PARCEL, take
from test_law import AGREEMENT, CONTRACT, LEASE, START, life

from domain.errors import Refusal
from domain.event import Event, day_number, day_text
from domain.events import RANK
from domain.facts import fold
from domain.supervision import evaluate

PARTS = ["120114001002GB00101", "120114001002GB00102"]
SPLIT = {"from_codes": [PARCEL], "to_codes": PARTS, "area_m2": ["20000.00", "10000.00"]}


def inherited(data, day="2020-07-01"):
    return Event("00000009-0000-4000-8000-000000000000", PARTS[0], 1, 1, "lineage.recorded", 1, day_number(day), 1000, "120114",
                 "SYS", None, None, None, None, data)  # fmt: skip


def derived(one, number):
    return Event(one.event_id, one.parcel_id, number, number, one.type, 1, one.occurred_on, 1000 * number, "120114",
                 one.department, None, None, None, None, one.data)  # fmt: skip


def children(events, day="2020-07-01"):
    written = take(events, "parcel.split", day, SPLIT).events
    return [[derived(one, 1 + n) for n, one in enumerate(e for e in written if e.parcel_id == part)] for part in PARTS]


def split(events, day="2020-07-01"):
    """The parent as it stands after the split."""
    number = events[-1].version + 1
    act = next(one for one in take(events, "parcel.split", day, SPLIT).events if one.parcel_id == PARCEL)
    return [*events, derived(act, number)]


def sums(found):
    """Kind → what is claimed on a parcel, in 元."""
    kinds = {one.kind for one in found.amounts}
    return {kind: sum(one.amount for one in found.amounts if one.kind == kind) for kind in kinds}


def on(day, events):
    return evaluate(fold(events, RANK), day_number(day), BOOK.rules("120114"), BOOK.calendar())


def late_fee(found):
    return sum(one.amount for one in found.amounts if one.kind == "LATE_FEE")


def test_what_the_parent_paid_in_time_is_in_time_in_its_parts_and_late_fees_add_up():
    # given 600 万元 in time, 100 of the other 400 ten days late, the rest open
    contract = CONTRACT | {
        "instalments": [
            {"no": 1, "due": "2019-06-03", "amount_wan": "600.00"},
            {"no": 2, "due": "2019-09-02", "amount_wan": "400.00"},
        ]
    }
    first = ("payment.received", "2019-06-03", {"instalment_no": 1, "amount_wan": "600.00"})
    second = ("payment.received", "2019-09-12", {"instalment_no": 2, "amount_wan": "100.00"})
    parent = life(first, second, contract=contract)
    # when it is split two to one
    parts = [on("2020-07-01", one) for one in children(parent)]
    # then each part owes its share of the same claim: 4.00 + 300 × 1 ‰ × 303 days - the ten days counted once
    assert [
        next((one.state, day_text(one.fulfilled_on)) for one in part.obligations if one.key == "O-PAY/1")
        for part in parts
    ] == [("MET", "2019-06-03")] * 2
    assert sum(map(late_fee, parts)) == late_fee(on("2020-07-01", parent)) == 919_000
    assert late_fee(parts[0]) in range(612_600, 612_800)


def test_claims_go_along_to_the_cent_and_nothing_of_them_is_left_on_the_parent():
    """Given damages that run, damages that are fixed and a fee that was assessed and paid in part, when the parcel is
    split two to one, then the parts together owe what the parent owed, and the parent nothing.
    """
    contract = CONTRACT | {"instalments": [{"no": 1, "due": "2019-06-03", "amount_wan": "1000.00"}]}
    started = ("construction.started", "2020-02-10", START)  # 40 days late
    fee = (
        "charge.assessed",
        "2020-03-02",
        {"charge_id": "c1", "kind": "OTHER", "amount_wan": "100.01", "override_reason": "x"},
    )
    paid = ("charge.paid", "2020-03-03", {"charge_id": "c1", "amount_wan": "40.00"})
    parent = life(started, fee, paid, contract=contract)
    before, parts = on("2022-07-01", parent), [on("2022-07-01", one) for one in children(parent, "2022-07-01")]
    assert set(sums(before)) == {"LATE_FEE", "LD_COMPLETE", "LD_START", "OTHER"}
    assert {kind: sum(sums(part)[kind] for part in parts) for kind in sums(before)} == sums(before)
    other = [next(one for one in part.amounts if one.kind == "OTHER") for part in parts]
    assert [(one.amount, one.paid, one.state) for one in other] == [
        (666_800, 266_700, "ASSESSED"),
        (333_300, 133_300, "ASSESSED"),
    ]
    after = on("2022-07-02", split(parent, "2022-07-01"))
    assert (after.stage, after.amounts, [one.kind for one in after.open_breaches() if one.kind == "PAY"]) == (
        "EXITED",
        [],
        [],
    )
    assert {one.state for one in after.obligations} <= {"MET", "MET_LATE", "WAIVED", "SUPERSEDED"}


def test_the_parts_of_a_converted_lease_are_granted_land_and_owe_no_rent_since():
    rent = ("payment.received", "2019-03-01", {"instalment_no": 2019, "amount_wan": "60.00"})
    asked = ("conversion.applied", "2019-10-08", {})
    approved = (
        "conversion.decided",
        "2020-01-15",
        {"decision": "APPROVED", "term_to": "2069-02-28", "price_wan": "2000.00"},
    )
    parent = life(rent, asked, approved, contract=LEASE)
    before, part = on("2021-07-01", parent), on("2021-07-01", children(parent, "2021-07-01")[0])
    blockers = next(one.blockers for one in part.exit_kinds if one.kind == "MT")
    assert not {"TENURE", "PRICE_UNPAID"} & set(blockers)
    assert part.right_to == before.right_to == day_number("2069-02-28")
    assert [one.key for one in part.obligations if one.code == "O-RENT"] == ["O-RENT/2019"]


def test_after_a_split_a_payment_belongs_to_the_parts():
    parent = split(life(contract=CONTRACT))
    with pytest.raises(Refusal, match="报到承继的宗地：120114001002GB00101、120114001002GB00102"):
        take(parent, "payment.received", "2020-08-03", {"instalment_no": 1, "amount_wan": "1.00"})


def test_rents_that_the_parent_paid_are_not_owed_again():
    rents = [
        ("payment.received", f"{year}-03-01", {"instalment_no": year, "amount_wan": "60.00"}) for year in (2019, 2020)
    ]
    part = on("2021-03-01", children(life(*rents, contract=LEASE))[0])
    assert {one.key: one.state for one in part.obligations if one.code == "O-RENT" and one.due <= part.as_of} == {
        "O-RENT/2019": "MET", "O-RENT/2020": "MET", "O-RENT/2021": "DUE_SOON"}  # fmt: skip
    assert not [one for one in part.breaches if one.kind == "PAY"] and not late_fee(part)


@pytest.mark.parametrize("present", [True, False])
def test_the_agreement_binds_the_parts(present):
    agreement = AGREEMENT | {"exit_clause": {"present": present, "text": "x"}}
    part = on("2020-07-01", children(life(agreement=agreement))[0])
    taxes = next(one for one in part.obligations if one.code == "O-TAX")
    assert (taxes.threshold, taxes.supervisor) == ("10.00", "TAX")
    blockers = next(one.blockers for one in part.exit_kinds if one.kind == "FP")
    assert ("NO_EXIT_CLAUSE" in blockers) is not present


def test_the_plot_ratio_and_the_end_of_the_term_go_along_as_they_were_changed():
    changed = ("conditions.changed", "2020-02-03", {"far_min": "0.80", "price_delta_wan": "0.00"})
    title = ("title.registered", "2019-07-01", {"kind": "FIRST", "right_to": "2039-06-30"})
    contract = children(life(changed, title, contract=CONTRACT | {"far_min": "1.00"}))[0][0].data["contract"]
    assert (contract["far_min"], contract["term_to"]) == ("0.80", "2039-06-30") and "price_delta_wan" not in contract


def test_a_split_of_old_that_names_sums_alone_counts_them_as_paid():
    instalments = [{"no": "1", "due": "2019-06-03", "amount_wan": "600.00", "paid_wan": "600.00"}]
    old = inherited({"parents": [], "obligations": [], "contract": CONTRACT | {"instalments": instalments}})
    assert "PAY" not in {one.kind for one in on("2020-07-02", [old]).open_breaches()}


def test_a_split_that_stands_in_several_streams_is_not_taken_back():
    parent = split(life(contract=CONTRACT))
    with pytest.raises(Refusal, match="parcel.split不能更正或撤销"):
        take(parent, "report.withdrawn", "2020-07-01", {"withdraws": parent[-1].event_id, "reason": "误报"})
