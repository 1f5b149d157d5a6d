"""Guards of the figures that departments report (specification 2.4, 2.7)."""

import pytest
from law_lives import BUILT, life
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
