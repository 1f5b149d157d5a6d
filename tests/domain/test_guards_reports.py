"""Guards of the figures that departments report (specification 2.4, 2.7)."""

import pytest
from law_lives import BUILT, TAX, life
from test_guards import refused, take


@pytest.mark.parametrize(
    ("before", "by", "said", "code"),
    [
        ({"revenue_wan": "100.00"}, "STAT", {"rd_wan": "100.01"}, "RD_ABOVE_REVENUE"),
        ({"rd_wan": "100.01"}, "STB", {"revenue_wan": "100.00"}, "RD_ABOVE_REVENUE"),
        ({"revenue_wan": "100.00"}, "STAT", {"rd_wan": "100.00"}, None),
        ({"revenue_wan": "100.00", "scope": "ENTERPRISE"}, "STAT", {"rd_wan": "200.00"}, None),
    ],
)
def test_research_is_a_part_of_the_revenue_of_the_same_period(before, by, said, code):
    year = {"period": {"from": "2024-01-01", "to": "2024-12-31"}, "scope": "PARCEL"}
    events = life(*BUILT, ("indicators.reported", "2025-02-01", year | before, by))
    report = ("indicators.reported", "2025-02-02", year | said)
    other = "STB" if by == "STAT" else "STAT"
    if code:
        assert refused(events, *report, by=other) == code
    else:
        assert take(events, *report, by=other)


@pytest.mark.parametrize(
    ("kind", "code", "unit", "posted_by", "owner", "others"),
    [
        ("START_COMPLETE", "O-INVEST", "万元/公顷", "NRP", "NRP", ("DRC", "STAT", "TOWN")),
        ("REACH", "O-TAX", "万元/亩", "MIIT", "TAX", ("MIIT", "NRP")),
    ],
)
def test_an_item_is_corrected_by_who_reports_the_indicator_else_by_who_posted_the_assessment(
    kind, code, unit, posted_by, owner, others
):
    when = "COMPLETION" if kind == "START_COMPLETE" else "REACH"
    agreed = TAX | {"code": code, "unit": unit, "threshold": "45.00", "assess_on": when}
    items = [{"code": code, "actual": "40.00", "unit": unit}]
    assessed = ("performance.assessed", "2023-01-10", {"kind": kind, "items": items}, posted_by)
    events = life(*BUILT, assessed, agreement={"agreement_no": "A-1", "obligations": [agreed]})
    change = {"field": f"items.{code}.actual", "old": "40.00", "new": "46.00"}
    correction = (
        "report.corrected",
        "2023-02-01",
        {"corrects": events[-1].event_id, "changes": [change], "reason": "x"},
    )
    assert take(events, *correction, by=owner)
    assert {refused(events, *correction, by=other) for other in others} == {"NOT_THE_EMITTER"}
