"""What a figure is held against, and which figure it is: permits, shares, papers, years (specification 3.1, 3.2, 11.37)."""

from datetime import date

import pytest
from law_lives import AGREEMENT, BOOK, BUILT, life, on, phases
from second_answers import differences

YEAR = {"from": "2023-01-01", "to": "2023-12-31"}


def both(day, events):
    """The assessment of a day, on which the two laws agree."""
    assert differences(events, date.fromisoformat(day), BOOK.rules("120114"), BOOK.calendar(), names={}) == {}
    return on(day, events)


def duty(found, code):
    return next(one for one in found.obligations if one.code == code)


def emitting(tonnes, value_added, **term):
    """A parcel whose agreement speaks of emissions, with the reports of a year and an assessment that was sent 45."""
    agreed = {"code": "O-EMIT", "threshold": "50.00", "unit": "t", "assess_on": "REACH", "hard": True} | term
    said = [("indicators.reported", "2024-03-01", {"period": YEAR, "scope": "PARCEL", "emission_t": tonnes}, "EEB")]
    if value_added:
        figures = {"period": YEAR, "scope": "PARCEL", "value_added_wan": value_added}
        said.append(("indicators.reported", "2024-03-01", figures, "STAT"))
    items = [{"code": "O-EMIT", "actual": "45.00", "unit": agreed["unit"]}]
    reach = ("performance.assessed", "2024-08-01", {"kind": "REACH", "period": YEAR, "items": items}, "MIIT")
    return life(*BUILT, *said, reach, agreement={**AGREEMENT, "obligations": [agreed]})


@pytest.mark.parametrize("direction", [{"direction": "LE"}, {}])
@pytest.mark.parametrize("unit", ["t", "吨"])
@pytest.mark.parametrize("value_added", [None, "600.00", "6000.00"])
@pytest.mark.parametrize(("tonnes", "met"), [({"COD": "30.00", "SO2": "20.00"}, True), ({"COD": "60.00"}, False)])
def test_the_limit_of_a_permit_is_held_against_the_tonnes_whatever_they_earned(
    direction, unit, value_added, tonnes, met
):
    found = both("2024-08-01", emitting(tonnes, value_added, unit=unit, **direction))
    assert ("PERF" in phases(found)) is not met
    assert (duty(found, "O-EMIT").state, found.stage) == (
        ("MET", "AT_CAPACITY") if met else ("OVERDUE", "IN_PRODUCTION")
    )
    assert duty(found, "O-EMIT").actual == ("50.0000" if met else "60.0000")


@pytest.mark.parametrize(("value_added", "met"), [("3000.00", True), ("2999.00", False)])
def test_value_added_per_tonne_is_a_floor(value_added, met):
    found = both("2024-08-01", emitting({"COD": "60.00"}, value_added, unit="万元/吨"))
    assert ("PERF" in phases(found)) is not met


@pytest.mark.parametrize(("tonnes", "state"), [("49.00", "MET"), ("51.00", "OVERDUE")])
def test_a_permit_is_a_ceiling_of_each_year_where_the_agreement_names_no_direction(tonnes, state):
    term = {"code": "O-EMIT", "threshold": "50.00", "unit": "t", "assess_on": "YEARLY"}
    said = (
        "indicators.reported",
        "2024-03-01",
        {"period": YEAR, "scope": "PARCEL", "emission_t": {"COD": tonnes}},
        "EEB",
    )
    found = both("2024-08-01", life(*BUILT, said, agreement={**AGREEMENT, "obligations": [term]}))
    assert duty(found, "O-EMIT").state == state


@pytest.mark.parametrize(
    ("areas", "share", "failed"),
    [
        ({"office_floor_m2": "6000.00"}, "0.1500", True),
        ({"office_floor_m2": "2800.00"}, "0.0700", False),
        ({"office_floor_m2": "6000.00", "office_land_m2": "2100.00"}, "0.0700", False),
        ({}, None, False),
    ],
)
def test_office_land_that_is_not_separated_is_apportioned_by_floor_area(areas, share, failed):
    term = {"code": "O-OFFICE-L", "direction": "LE", "threshold": "0.07", "unit": "ratio", "assess_on": "COMPLETION"}
    measured = {"land_area_m2": "30000.00", "floor_area_m2": "40000.00"} | areas
    verified = ("construction.verified", "2021-12-10", measured)
    found = both("2022-01-10", life(*BUILT, verified, agreement={**AGREEMENT, "obligations": [term]}))
    assert ("OFFICE" in phases(found)) is failed
    assert duty(found, "O-OFFICE-L").actual == share


FAR = {"code": "O-FAR", "direction": "GE", "threshold": "1.00", "assess_on": "COMPLETION"}


def supplement(day, **term):
    return ("agreement.amended", day, {"agreement_no": "A-2", "obligations": [FAR | term]})


def lowered(day, **limits):
    return ("conditions.changed", day, {"reason": "调整"} | limits)


@pytest.mark.parametrize(
    ("papers", "failed", "threshold"),
    [
        ([lowered("2020-02-01", far_min="0.80"), supplement("2021-02-01", threshold="1.20")], True, "1.2000"),
        ([supplement("2020-02-01", threshold="1.20"), lowered("2021-02-01", far_min="0.80")], False, "0.8000"),
        ([supplement("2021-02-01", threshold="1.20"), lowered("2021-02-01", far_min="0.80")], False, "0.8000"),
        (
            [lowered("2020-02-01", far_min="0.80"), supplement("2021-02-01", threshold="0.90", direction="LE")],
            True,
            "0.8000",
        ),
    ],
)
def test_of_a_supplement_and_changed_conditions_the_later_paper_counts(papers, failed, threshold):
    verified = ("construction.verified", "2021-12-10", {"land_area_m2": "30000.00", "floor_area_m2": "30000.00"})
    found = both("2022-01-10", life(*BUILT, *papers, verified, agreement={**AGREEMENT, "obligations": [FAR]}))
    assert ("FAR" in phases(found)) is failed
    assert duty(found, "O-FAR").threshold == threshold


def research(year, spent, reported_on):
    figures = {"scope": "PARCEL", "rd_wan": spent, "revenue_wan": "100.00"}
    return (
        "indicators.reported",
        reported_on,
        {"period": {"from": f"{year}-01-01", "to": f"{year}-12-31"}} | figures,
        "STB",
    )


def test_a_yearly_figure_is_that_of_the_last_year_in_whatever_order_the_years_come():
    term = {"code": "O-RD", "direction": "GE", "threshold": "0.03", "unit": "ratio", "assess_on": "YEARLY"}
    last, before, corrected = research(2023, "4.00", "2024-03-01"), research(2022, "1.00", "2024-06-01"), research(2023, "2.00", "2024-09-01")  # fmt: skip
    events = life(*BUILT, last, before, corrected, agreement={**AGREEMENT, "obligations": [term]})
    shown = [(duty(both(day, events), "O-RD").actual, duty(on(day, events), "O-RD").state) for day in ("2024-06-01", "2024-09-01")]  # fmt: skip
    assert shown == [("0.0400", "MET"), ("0.0200", "OVERDUE")]
