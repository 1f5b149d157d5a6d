"""What a split hands over: money as it was paid, rents, duties of the agreement (specification 8.12, 11.28)."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from law_lives import AGREEMENT, CONTRACT, EXAMPLES, LEASE, PAID, START, extended, life, lives
from scenario_lives import BOOK
from test_guards import PARCEL, take

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


EXTENDED = extended(
    "GOV_OTHER", start_due="2020-06-01", complete_due="2022-06-02", production_due="2022-11-30", capacity_due="2024-11-30"
)  # fmt: skip
DELIVERED = ("land.delivered", "2019-03-01", {})
EXEMPTED = ("breach.decided", "2020-03-01", {"obligation": "O-START", "decision": "EXEMPTED"})
HIDDEN_START = ("construction.started", "2019-06-01", {"unlawful": True})
MISUSE = ("breach.notified", "2020-03-02", {"obligation": "O-USE"})
SEIZED = ("seizure.imposed", "2020-03-02", {"case_no": "1", "from": "2020-03-02", "to": "2023-03-01"})
LATE_STOP = [
    *PAID, DELIVERED, ("construction.started", "2019-12-20", START),
    ("construction.progress_reported", "2020-03-02", {"developed_m2": "5000.00", "invest_excl_land_wan": "1000.00"}),
    ("construction.stopped", "2020-06-01", {"cause": "ENTERPRISE_MARKET"}),
]  # fmt: skip
IDLE = [("idle.investigated", "2021-02-01", {}), ("idle.determined", "2021-03-01", {"result": "IDLE_ENTERPRISE"})]
BUILT = [
    *PAID, DELIVERED, ("construction.started", "2020-02-10", START), ("construction.completed", "2021-12-01", {"floor_area_m2": "30000.01"}),
    ("production.started", "2022-06-01", {}), ("performance.assessed", "2024-08-01", {"kind": "REACH", "result": "PASS"}),
]  # fmt: skip
ORDERED = [
    ("breach.notified", "2020-02-03", {"obligation": "O-START"}),
    ("rectification.ordered", "2020-03-02", {"obligation": "START", "until": "2020-09-30"}),
]
RENEWED = [
    ("title.registered", "2019-07-01", {"kind": "FIRST", "right_to": "2022-06-30"}),
    ("renewal.applied", "2020-06-01", {}),
    ("renewal.decided", "2020-06-30", {"decision": "APPROVED", "new_end": "2040-06-30", "effective_from": "2022-07-01"}),
]  # fmt: skip
SOLD = ("transfer.registered", "2020-05-04", {"kind": "WHOLE", "transferee_name": "乙公司", "assumes_agreement": True})
UNDATED = {key: value for key, value in CONTRACT.items() if not key.endswith("_due")}
IMPORTED = CONTRACT | {"onboarding": True}
BOND = AGREEMENT | {
    "bond": {"amount_wan": "40.02", "form": "CASH"},
    "obligations": [{"code": "O-BOND", "direction": "BY_DATE", "assess_on": "DATE", "due": "2019-03-04"}],
}
POSTED = ("bond.posted", "2019-03-01", {"amount_wan": "20.01"})


def standing(found):
    """What the law says of a parcel whatever its area: stage, idle land, holder, term, duties, breaches. What was cured,
    and how far a breach went that is over, is history of the whole.
    """
    return (
        found.stage, found.compliance, found.idle_clock, found.idle_determination, found.idle_since, found.holder, found.right_to,
        [(one.key, one.due, one.state, one.fulfilled_on) for one in found.obligations],
        [
            (one.kind, one.obligation, one.phase, one.effective_from, one.ended_on or (one.level, one.cure_until))
            for one in found.breaches
            if one.phase != "CURED"
        ],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("life_of_parent", "split_on", "asked"),
    [
        pytest.param(life(*PAID, EXTENDED), "2020-03-02", "2020-03-02", id="an extension"),
        pytest.param(life(*PAID, EXTENDED), "2020-07-01", "2021-06-02", id="an extension and its idle clock"),
        pytest.param(life(*PAID, extended("ENTERPRISE_MARKET", start_due="2020-06-01")), "2020-07-01", "2021-01-02",
                     id="an extension that moves no idle clock"),
        pytest.param(life(*PAID, DELIVERED, EXEMPTED), "2020-04-01", "2021-01-02", id="a start that was waived, not made"),
        pytest.param(life(*BUILT[:-1], contract=UNDATED), "2023-01-03", "2023-01-03", id="milestones without a due day"),
        pytest.param(life(*BUILT), "2024-09-02", "2025-03-03", id="capacity"),
        pytest.param(life(*PAID), "2020-04-01", "2020-04-01", id="land that was not delivered"),
        pytest.param(life(PAID[0], ("breach.decided", "2020-02-03", {"obligation": "O-PAY/2", "decision": "EXEMPTED"})), "2020-04-01",
                     "2020-04-01", id="an instalment that was waived"),
        pytest.param(life(*PAID, *IDLE), "2021-04-01", "2022-01-02", id="a determination"),
        pytest.param(life(*LATE_STOP, contract=CONTRACT | {"complete_due": "2025-01-01"}), "2021-03-01", "2021-06-02", id="work that stopped"),
        pytest.param(life(*PAID, DELIVERED, HIDDEN_START, MISUSE), "2020-04-01", "2020-04-01", id="breaches by report and by notice"),
        pytest.param(life(*PAID, *ORDERED), "2020-04-01", "2020-10-01", id="a cure that runs"),
        pytest.param(life(*PAID, SEIZED), "2020-04-01", "2020-04-01", id="a seizure"),
        pytest.param(life(*PAID, DELIVERED, *RENEWED), "2020-07-01", "2022-07-01", id="a renewal that counts later"),
        pytest.param(life(*PAID, SOLD), "2020-07-01", "2020-07-01", id="a holder who bought it"),
        pytest.param(life(contract=IMPORTED, signed="2019-07-01"), "2020-07-01", "2020-07-01", id="history that was imported"),
        pytest.param(life(*PAID, POSTED, agreement=BOND), "2020-04-01", "2020-04-01", id="a bond"),
    ],
)  # fmt: skip
def test_a_part_stands_where_the_whole_stood(life_of_parent, split_on, asked):
    """Given a life, when it is split, then on a later day each part stands where the whole would stand, and their claims
    add up to its own (specification 2.5, 4.3, 4.5, 8.12, 11.28).
    """
    whole, parts = on(asked, life_of_parent), [on(asked, one) for one in children(life_of_parent, split_on)]
    for part in parts:
        assert standing(part) == standing(whole)
    assert {kind: sum(sums(part)[kind] for part in parts) for kind in sums(whole)} == sums(whole)


_NOT_REPEATED = frozenset(
    {"agreement.amended", "charge.assessed", "charge.paid", "conditions.changed", "construction.verified", "exit.opened", "exit.withdrawn",
     "indicators.reported", "performance.assessed", "remedy.decided", "title.cancelled"}
)  # fmt: skip


@settings(max_examples=EXAMPLES // 3)
@given(lives(), st.integers(1, 900), st.integers(0, 900))
def test_a_part_of_any_life_stands_where_the_whole_would(events, until_split, since):
    """What the parent's own history says of figures, charges and exits is left aside: that is no course (0023)."""
    events = [one for one in events if one.type not in _NOT_REPEATED]
    assume(not events[0].data.get("onboarding"))
    split_on = max(one.occurred_on for one in events) + until_split
    whole = on(day_text(split_on + since), events)
    for part in children(events, day_text(split_on)):
        assert standing(on(day_text(split_on + since), part)) == standing(whole)


def open_ways(found):
    return {one.kind for one in found.exit_kinds if one.eligible}


@pytest.mark.parametrize(
    ("more", "day", "way", "opens"),
    [
        ([DELIVERED, *IDLE], "2022-01-02", "FI", True),
        ([DELIVERED, EXEMPTED], "2022-01-02", "FI", False),
        ([SEIZED], "2020-04-01", "JD", True),
        ([MISUSE, ("breach.decided", "2020-03-03", {"obligation": "O-USE", "decision": "CONFIRMED"})], "2020-04-01", "FUSE", True),
    ],
)  # fmt: skip
def test_the_ways_out_of_a_part_are_those_of_the_whole(more, day, way, opens):
    parent = life(*PAID, *more)
    part = on(day, children(parent, "2020-04-01" if day == "2020-04-01" else "2021-04-01")[0])
    assert (way in open_ways(part)) is (way in open_ways(on(day, parent))) is opens


def test_an_extension_is_given_once_to_the_whole_and_its_parts():
    part = children(life(*PAID, EXTENDED), "2020-03-02")[0]
    again = extended(
        "GOV_OTHER",
        start_due="2020-09-01",
        complete_due="2022-09-02",
        production_due="2023-03-02",
        capacity_due="2025-03-02",
    )
    with pytest.raises(Refusal, match="同一类原因只能延期1次"):
        take(part, "extension.decided", "2020-04-01", again[2])


def test_idle_land_that_is_determined_is_not_mortgaged_in_parts():
    part = children(life(*PAID, *IDLE), "2021-04-01")[0]
    with pytest.raises(Refusal, match="已认定为闲置土地且尚未处置"):
        take(part, "mortgage.decided", "2021-04-02", {"result": "REGISTERED"}, by="REG")


def test_sums_and_areas_of_what_is_repeated_are_those_of_the_part():
    """Given a third of the land developed and a quarter of the sum invested, when it is split into uneven parts, then
    each part has reached what the whole had reached; a bond goes along to the cent.
    """
    report = {"developed_m2": "10000.00", "invest_excl_land_wan": "1000.00", "source": "现场"}
    parent = life(*LATE_STOP[:-2], POSTED, ("construction.progress_reported", "2020-06-01", report))
    data = SPLIT | {"area_m2": ["19999.99", "10000.01"]}
    written = take(parent, "parcel.split", "2020-07-01", data).events
    reported = [one.data for one in written if one.type == "construction.progress_reported"]
    assert reported == [
        {"developed_m2": "6666.67", "invest_excl_land_wan": "666.67", "source": "现场"},
        {"developed_m2": "3333.34", "invest_excl_land_wan": "333.34", "source": "现场"},
    ]
    assert [one.data["amount_wan"] for one in written if one.type == "bond.posted"] == ["13.34", "6.67"]


def test_a_part_says_which_report_it_repeats_and_its_department_may_correct_it():
    parent = life(*PAID, DELIVERED, ("construction.started", "2020-02-10", START, "HUC"))
    part = children(parent)[0]
    start = next(one for one in part if one.type == "construction.started")
    assert part[0].data["repeats"][start.event_id] == parent[-1].event_id
    change = {
        "corrects": start.event_id,
        "changes": [{"field": "occurred_on", "old": "2020-02-10", "new": "2019-12-30"}],
        "reason": "误报",
    }
    assert take(part, "report.corrected", "2020-07-02", change, by="HUC").events


def test_a_split_of_an_earlier_release_takes_its_milestones_from_the_lineage():
    old = inherited(
        {
            "parents": [],
            "obligations": ["O-COMPLETE", "O-PROD"],
            "contract": CONTRACT,
            "fulfilled": {"O-START": "2019-12-20"},
        }
    )
    found = on("2020-07-02", [old])
    assert (found.stage, [one.code for one in found.obligations if one.code == "O-START"]) == ("UNDER_CONSTRUCTION", [])
    again = take(
        [old], "parcel.split", "2020-08-03", {"from_codes": [PARCEL], "to_codes": PARTS[:1], "area_m2": ["30000.00"]}
    )
    kept = next(one.data for one in again.events if one.type == "lineage.recorded")
    assert (kept["fulfilled"], "repeats" in kept) == ({"O-START": "2019-12-20"}, False)


def test_no_split_while_an_exit_runs_but_for_the_transfer_of_surplus_land():
    parent = life(*PAID, ("exit.opened", "2020-03-02", {"kind": "AB"}))
    with pytest.raises(Refusal, match="退出程序（AB）正在进行") as refused:
        take(parent, "parcel.split", "2020-07-01", SPLIT)
    assert refused.value.code == "EXIT_RUNNING"
    withdrawn = [*parent, *life(("exit.withdrawn", "2020-06-01", {"reason": "x"}), contract=None)]
    assert take(withdrawn, "parcel.split", "2020-07-01", SPLIT).events
    surplus = life(*PAID, ("exit.opened", "2020-03-02", {"kind": "MTP"}))
    assert on("2020-07-01", children(surplus)[0]).exit_in_progress is None


@pytest.mark.parametrize("day", ["2020-06-30", "2020-07-01"])
def test_a_parcel_is_taken_up_once(day):
    with pytest.raises(Refusal, match="已分割、合并或注销"):
        take(split(life(*PAID)), "parcel.split", day, SPLIT)


OTHER = "120114001002GB00098"


def merged(one, two, day):
    """The child of two parents of equal area."""
    data = {"from_codes": [PARCEL, OTHER], "to_codes": PARTS[:1], "area_m2": ["60000.00"]}
    written = take(one, "parcel.merged", day, data, related={OTHER: two}).events
    return [derived(one, 1 + n) for n, one in enumerate(e for e in written if e.parcel_id == PARTS[0])]


STARTED = ("construction.started", "2020-01-11", START)


@pytest.mark.parametrize(
    ("first", "second"),
    [([], []), ([EXTENDED], []), ([], [EXTENDED]), ([STARTED], []), ([], [STARTED]), ([], [EXEMPTED]), ([EXEMPTED], [EXEMPTED])],
)  # fmt: skip
def test_a_merger_owes_the_damages_of_every_parent(first, second):
    """Given two parents whose starts were late, extended, waived or made, when they are merged, then the child owes what
    both owed, by its own reckoning only where they run alike.
    """
    parents = [life(*PAID, DELIVERED, *first), life(*PAID, DELIVERED, *second, parcel=OTHER)]
    before = [sums(on("2020-03-02", one)).get("LD_START", 0) for one in parents]
    child = on("2020-03-02", merged(*parents, "2020-03-02"))
    assert sums(child).get("LD_START", 0) == sum(before)
    assert {line.state for line in child.amounts} == (
        {"RUNNING"} if first == second == [] else {"ASSESSED"} if any(before) else set()
    )


def test_breaches_and_burdens_of_every_parent_go_along_in_a_merger():
    waived = ("breach.decided", "2020-02-03", {"obligation": "O-PAY/2", "decision": "EXEMPTED"})
    other = life(PAID[0], waived, MISUSE, SEIZED, parcel=OTHER)
    child = on("2020-04-01", merged(life(*PAID, EXTENDED), other, "2020-04-01"))
    assert {(one.kind, one.obligation, one.phase) for one in child.breaches} == {
        ("PAY", "O-PAY/2-2", "EXEMPTED"), ("USE", "O-USE", "NOTICED")}  # fmt: skip
    assert "JD" in open_ways(child)
    taken = life(("exit.opened", "2020-03-02", {"kind": "AB"}), parcel=OTHER)
    with pytest.raises(Refusal, match="120114001002GB00098的退出程序"):
        merged(life(*PAID), taken, "2020-04-01")


def test_the_area_of_a_parcel_that_came_from_a_split_counts_in_a_merger():
    _, second = children(life(*PAID))
    act = {"from_codes": [PARCEL, PARTS[1]], "to_codes": ["120114001002GB00199"], "area_m2": ["40000.00"]}
    assert take(life(*PAID), "parcel.merged", "2020-09-01", act, related={PARTS[1]: second}).events
    with pytest.raises(Refusal) as refused:
        take(life(*PAID), "parcel.merged", "2020-09-01", act | {"area_m2": ["40000.05"]}, related={PARTS[1]: second})
    assert refused.value.code == "AREAS_DO_NOT_ADD_UP"
