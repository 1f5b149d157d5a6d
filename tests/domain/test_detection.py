"""When a breach came to light: the clock, a correction, a withdrawal (specification 4.2, 11.21). Given / when / then."""

import pytest
from test_law import CONTRACT, PAID, life, on

from domain.event import day_text
from domain.facts import Facts

SIGNED, FIRST = "00000001-0000-4000-8000-000000000000", "00000002-0000-4000-8000-000000000000"


def days(found, kind):
    breach = next(one for one in found.breaches if one.kind == kind)
    return day_text(breach.effective_from), day_text(breach.detected_at)


def moved(day, field, old, new):
    change = {"corrects": SIGNED, "changes": [{"field": field, "old": old, "new": new}], "reason": "录入错误"}
    return ("report.corrected", day, change)


@pytest.mark.parametrize(
    ("corrected_on", "detected"),
    [("2019-12-15", "2019-12-15"), ("2020-03-01", "2020-01-02")],
    ids=["before the first due day had passed", "after it had"],
)
def test_a_due_day_that_was_corrected_to_an_earlier_one_is_missed_from_then_and_seen_with_the_correction(
    corrected_on, detected
):
    events = life(PAID, moved(corrected_on, "start_due", "2020-01-01", "2019-10-01"))
    assert days(on("2020-04-01", events), "START") == ("2019-10-02", detected)


def test_instalments_that_came_to_be_known_late_are_overdue_from_their_day_and_seen_with_the_correction():
    unknown = {key: value for key, value in CONTRACT.items() if key != "instalments"}
    late = moved("2019-09-02", "instalments", None, CONTRACT["instalments"])
    assert days(on("2019-10-01", life(late, contract=unknown)), "PAY") == ("2019-06-04", "2019-09-02")


def test_a_payment_that_is_taken_back_shows_when_the_arrears_came_to_light():
    back = ("report.withdrawn", "2019-08-01", {"withdraws": FIRST, "reason": "退票"})
    assert days(on("2019-09-02", life(PAID, back)), "PAY") == ("2019-06-04", "2019-08-01")
    part = ("payment.received", "2019-05-01", {"instalment_no": 1, "amount_wan": "400.00"})
    assert days(on("2019-09-02", life(part, back)), "PAY") == ("2019-06-04", "2019-06-04"), (
        "it was short from the first"
    )


def test_a_share_that_was_corrected_upwards_shows_when_the_change_of_control_came_to_light():
    kept = {"agreement_no": "A-1", "obligations": [{"code": "O-EQUITY", "direction": "LE", "threshold": "0.5000"}]}
    agreed, changed = ("agreement.signed", "2019-01-01", kept), ("equity.changed", "2022-07-01", {"percent": "0.4000"})
    third = "00000003-0000-4000-8000-000000000000"
    change = {"corrects": third, "changes": [{"field": "percent", "old": "0.4000", "new": "0.6000"}], "reason": "更正"}
    events = life(agreed, changed, ("report.corrected", "2022-08-01", change))
    assert days(on("2022-09-01", events), "EQUITY") == ("2022-07-01", "2022-08-01")


def test_an_unrelated_correction_moves_no_detection():
    other = moved("2021-03-01", "complete_due", "2022-01-01", "2021-12-01")
    assert days(on("2021-04-01", life(PAID, other)), "START") == ("2020-01-02", "2020-01-02")
    start = ("construction.started", "2019-12-20", {"evidence": "PIT_EXCAVATED", "permit_no": "p"})
    back = ("report.withdrawn", "2021-02-01", {"withdraws": "00000003-0000-4000-8000-000000000000", "reason": "不实"})
    assert days(on("2021-04-01", life(PAID, start, back, other)), "IDLE") == ("2021-01-02", "2021-02-01")


def test_a_correction_that_no_breach_rests_on_costs_no_folding(monkeypatch):
    """Given overdue land and fifty corrected tax figures, when it is evaluated, then no earlier state is folded for them."""
    year = {"from": "2019-01-01", "to": "2019-12-31"}
    told = [("indicators.reported", "2020-02-01", {"period": year, "scope": "PARCEL", "tax_wan": "1.00"})] * 50
    reports = life(*told)
    change = {"changes": [{"field": "tax_wan", "old": "1.00", "new": "2.00"}], "reason": "更正"}
    corrections = [("report.corrected", "2021-02-01", {"corrects": one.event_id} | change) for one in reports[1:]]
    monkeypatch.setattr(Facts, "until", lambda *_: pytest.fail("folded"))
    found = on("2021-06-01", life(*told, *corrections))
    assert {"START", "PAY", "IDLE"} <= {one.kind for one in found.open_breaches()}


def test_what_the_clock_had_shown_before_an_extension_keeps_its_day_when_the_extension_is_withdrawn():
    """Given land overdue since January and ordered to start, when an extension comes and is taken back, then the breach
    was known since January; where the extension came before the due day, it is known with the withdrawal.
    """
    new = {"start_due": "2020-06-01", "complete_due": "2022-06-01", "production_due": "2022-12-01"}
    granted = {"decision": "APPROVED", "cause": "GOV_OTHER", "supplement_no": "B-1", "new": new}

    def seen(granted_on):
        before = [PAID, ("extension.decided", granted_on, granted)]
        back = {"withdraws": life(*before)[-1].event_id, "reason": "误报"}
        return days(on("2020-05-10", life(*before, ("report.withdrawn", "2020-05-01", back))), "START")

    assert seen("2020-02-01") == ("2020-01-02", "2020-01-02")
    assert seen("2019-12-20") == ("2020-01-02", "2020-05-01")
