"""The late fee is collected once, and what came in for it goes back with its basis (specification 2.7, 4.7, 11.14, 11.22)."""

import pytest
from law_lives import CONTRACT, PAID, life, on, whole
from test_guards import refused, take
from test_lineage import children, split

from domain.event import day_number

LATE = ("payment.received", "2019-07-03", {"instalment_no": 1, "amount_wan": "600.00"}, "FIN")
"""600 万元, 30 days after the rolled due day of 3 June 2019: a late fee of 18.00."""
FEE = ("payment.received", "2019-07-10", {"instalment_no": 1, "amount_wan": "18.00"}, "FIN")
LATE_AND_FEE = [LATE, FEE, PAID[1]]


def fees(found):
    return [(one.amount / 10_000, one.state, one.paid / 10_000) for one in found.amounts if one.kind == "LATE_FEE"]


def corrected(target, field, old, new):
    change = {"corrects": target.event_id, "changes": [{"field": field, "old": old, "new": new}], "reason": "x"}
    return ("report.corrected", "2019-07-20", change, "FIN")


@pytest.mark.parametrize(
    ("received_on", "shown"),
    [
        ("2019-05-30", [(-18.0, "REFUND_DUE", 0)]),
        ("2019-06-13", [(6.0, "PAID", 18.0), (-12.0, "REFUND_DUE", 0)]),
        ("2019-07-02", [(17.4, "PAID", 18.0), (-0.6, "REFUND_DUE", 0)]),
    ],
)
def test_what_came_in_for_a_late_fee_goes_back_where_the_principal_was_paid_earlier(received_on, shown):
    """Given a late fee that was paid with the principal, when the day of the principal is corrected to an earlier one, then
    what is no fee any more is due back (specification 4.7, 11.22)."""
    before = life(*LATE_AND_FEE)
    assert fees(on("2019-08-01", before)) == [(18.0, "PAID", 18.0)]
    after = life(*LATE_AND_FEE, corrected(before[1], "occurred_on", "2019-07-03", received_on))
    assert fees(on("2019-08-01", after)) == shown


def test_a_decision_that_takes_the_late_payment_away_gives_its_fee_back():
    breach = next(one for one in on("2019-08-01", life(*LATE_AND_FEE)).breaches if one.kind == "PAY")
    taken = ("breach.decided", "2019-07-20", {"breach_id": breach.breach_id, "decision": "WITHDRAWN"})
    assert fees(on("2019-08-01", life(*LATE_AND_FEE, taken))) == [(-18.0, "REFUND_DUE", 0)]


def test_what_was_paid_above_an_instalment_that_was_corrected_downwards_goes_back():
    before = life(*PAID)
    lower = corrected(before[0], "instalments.1.amount_wan", "600.00", "500.00")
    assert fees(on("2019-12-31", before)) == []
    assert fees(on("2019-12-31", life(*PAID, lower))) == [(-100.0, "REFUND_DUE", 0)]


def test_what_came_in_for_a_fee_is_set_against_the_fee_that_runs_and_goes_back_when_none_runs_any_more():
    """Given 18.00 for a fee that was none, when the next instalment of 400 is late by ten days, then 4.00 of it is kept, and
    the days on which the line comes and goes are days of change (specification 11.14, 11.31)."""
    first = [LATE, FEE]
    late = ("payment.received", "2019-12-12", {"instalment_no": 2, "amount_wan": "400.00"}, "FIN")
    fix = corrected(life(*first)[1], "occurred_on", "2019-07-03", "2019-05-30")
    events = life(*first, late, fix)
    assert fees(on("2019-12-02", events)) == [(-18.0, "REFUND_DUE", 0)]
    assert whole("2019-12-02", events).next_change_on == day_number("2019-12-03")
    assert fees(on("2019-12-03", events)) == [(0.4, "RUNNING", 18.0)]
    assert fees(on("2019-12-12", events)) == [(4.0, "PAID", 18.0), (-14.0, "REFUND_DUE", 0)]


def test_what_was_paid_on_history_before_the_onboarding_is_not_given_back():
    contract = CONTRACT | {"onboarding": True, "onboarded_on": "2019-12-01"}
    assert fees(on("2019-12-31", life(*LATE_AND_FEE, contract=contract))) == []


CHARGE = {"charge_id": "f", "kind": "LATE_FEE", "amount_wan": "18.00", "obligation": "O-PAY/1"}
ASSESSED = ("charge.assessed", "2019-07-05", CHARGE, "FIN")
ON_CHARGE = {"charge_id": "f", "amount_wan": "18.00"}


def test_a_late_fee_that_was_paid_on_its_charge_is_not_taken_again_with_the_principal():
    """Given 18.00 assessed and paid, then a payment of it once more is above what is open (specification 2.7, 11.17)."""
    events = life(LATE, PAID[1], ASSESSED, ("charge.paid", "2019-07-06", ON_CHARGE, "FIN"))
    for number in (1, None):
        data = {key: value for key, value in FEE[2].items() if number or key != "instalment_no"}
        assert refused(events, "payment.received", "2019-08-01", data, by="FIN") == "PAYMENT_ABOVE_OPEN"


@pytest.mark.parametrize("named", [{"obligation": "O-PAY/1"}, {}], ids=["named", "unnamed"])
def test_a_late_fee_that_came_in_with_the_principal_is_not_assessed_again(named):
    """Given 8.00 of 18.00 above the principal, then the rest of 10.00 is assessed, and nothing once all came in (2.7)."""
    charge = {"charge_id": "f", "kind": "LATE_FEE"} | named
    part = life(LATE, ("payment.received", "2019-07-10", FEE[2] | {"amount_wan": "8.00"}, "FIN"), PAID[1])
    assert (
        refused(part, "charge.assessed", "2019-08-01", charge | {"amount_wan": "18.00"}, by="FIN") == "AMOUNT_DIFFERS"
    )
    assert take(part, "charge.assessed", "2019-08-01", charge | {"amount_wan": "10.00"}, by="FIN")
    whole_fee = life(*LATE_AND_FEE)
    assert (
        refused(whole_fee, "charge.assessed", "2019-08-01", charge | {"amount_wan": "18.00"}, by="FIN")
        == "AMOUNT_DIFFERS"
    )


def test_a_payment_above_the_principal_pays_the_late_fee_that_was_assessed():
    """Given a fee that was assessed, when it comes in with the principal, then its charge is paid and is not paid again
    (specification 11.14, 11.17)."""
    assert take(life(LATE, PAID[1], ASSESSED), *FEE[:3], by="FIN")
    events = life(LATE, PAID[1], ASSESSED, FEE)
    assert fees(on("2019-07-09", events)) == [(18.0, "ASSESSED", 0)]
    assert fees(on("2019-08-01", events)) == [(18.0, "PAID", 18.0)]
    assert refused(events, "charge.paid", "2019-08-01", ON_CHARGE, by="FIN") == "PAYMENT_ABOVE_OPEN"


def test_the_late_fee_of_a_cancelled_title_is_paid_as_it_stands_and_no_more():
    """Given 400 万元 open for 61 days when the title is cancelled, then 24.40 is the fee for good (specification 11.17)."""
    ended = [("exit.opened", "2020-01-10", {"kind": "AB"}), ("title.cancelled", "2020-02-01", {})]
    events = life(PAID[0], *ended)
    assert fees(on("2020-06-01", events)) == [(24.4, "FIXED", 0)]
    rest = {"instalment_no": 2, "amount_wan": "424.40"}
    assert take(events, "payment.received", "2020-06-01", rest, by="FIN")
    more = rest | {"amount_wan": "424.41"}
    assert refused(events, "payment.received", "2020-06-01", more, by="FIN") == "PAYMENT_ABOVE_OPEN"


@pytest.mark.parametrize("steps", [[FEE], [ASSESSED, FEE]], ids=["not assessed", "assessed"])
def test_a_late_fee_that_came_in_is_paid_in_the_parts_of_a_split_too(steps):
    """Given 18.00 that came in with the principal and paid the fee or its charge, when the parcel is split into two thirds
    and one, then 12.00 and 6.00 are paid, and nobody is owed anything of it (specification 8.12, 11.28)."""
    events = life(LATE, *steps, PAID[1])
    for part, share in zip(children(events, "2019-12-20"), (12.0, 6.0), strict=True):
        assert fees(on("2019-12-31", part)) == [(share, "PAID", share)]
    assert fees(on("2019-12-31", split(events, "2019-12-20"))) == []
