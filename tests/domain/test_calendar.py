"""The corresponding day, the month end, the roll: Civil Code 201-203."""

import warnings
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import Calendar, add_months, add_years
from domain.event import day_number as day
from domain.event import day_text
from domain.policy import shipped_calendar


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2021-05-31", 1, "2021-06-30"),
        ("2022-01-31", 1, "2022-02-28"),
        ("2024-01-31", 1, "2024-02-29"),
        ("2020-12-28", 1, "2021-01-28"),
        ("2045-06-30", -18, "2043-12-30"),
        ("2045-06-30", -12, "2044-06-30"),
    ],
)
def test_a_period_of_months_ends_on_the_corresponding_day_or_the_month_end(start, months, end):
    assert day_text(add_months(day(start), months)) == end


def test_the_twenty_ninth_of_february_has_an_anniversary_every_year():
    assert day_text(add_years(day("2024-02-29"), 1)) == "2025-02-28"
    assert day_text(add_years(day("2024-02-29"), 4)) == "2028-02-29"


def test_a_duty_rolls_over_the_weekend_and_over_a_holiday():
    calendar = shipped_calendar()
    assert day_text(calendar.roll(day("2021-10-30"))) == "2021-11-01"
    assert day_text(calendar.roll(day("2021-10-01"))) == "2021-10-08"
    assert calendar.is_workday(day("2021-10-09"))  # a Saturday that was worked
    assert day_text(calendar.add_workdays(day("2025-05-06"), 5)) == "2025-05-13"


def test_a_year_without_a_table_knows_weekends_alone_and_is_provisional():
    calendar = shipped_calendar()
    assert not calendar.is_provisional(day("2026-12-31"))
    assert calendar.is_provisional(day("2027-01-01")) and calendar.is_workday(day("2027-01-01"))
    later = calendar.with_year(2027, [day("2027-01-01")], [], "国办发明电")
    assert not later.is_workday(day("2027-01-01")) and not later.is_provisional(day("2027-06-01"))


def test_years_before_the_first_table_are_past_and_move_no_more():
    calendar = shipped_calendar()
    assert not calendar.is_provisional(day("2003-10-01"))
    assert calendar.is_workday(day("2003-10-01"))  # weekends alone


def test_a_year_that_is_missing_between_two_tables_is_provisional():
    later = shipped_calendar().with_year(2028, [], [], "国办发明电")
    assert later.is_provisional(day("2027-06-01")) and not later.is_provisional(day("2028-06-01"))


def test_a_year_that_is_published_again_takes_the_place_of_the_first_table():
    first = shipped_calendar().with_year(2027, [day("2027-01-01")], [day("2027-01-02")], "国办发明电〔2026〕1号")
    second = first.with_year(2027, [day("2027-01-04")], [], "国办发明电〔2026〕2号")
    assert [second.is_workday(day(one)) for one in ("2027-01-01", "2027-01-02", "2027-01-04")] == [True, False, False]
    assert not first.is_workday(day("2027-01-01"))


def test_far_years_without_a_table_know_weekends_alone():
    calendar = shipped_calendar()
    assert day_text(calendar.roll(day("2044-10-01"))) == "2044-10-03"  # Saturday to Monday, in what will be a holiday
    assert calendar.roll(day("2045-10-02")) == day("2045-10-02")


@pytest.mark.parametrize(("due", "paid_by"), [("2021-05-14", "2021-05-14"), ("2021-05-01", "2021-05-06")])
def test_a_payment_day_rolls_over_the_labour_day_holiday(due, paid_by):
    assert day_text(shipped_calendar().roll(day(due))) == paid_by


def test_a_period_beyond_the_last_year_ends_on_the_last_day():
    assert day_text(add_years(day("9990-05-31"), 50)) == "9999-12-31"
    assert day_text(add_months(day("0001-01-31"), -1)) == "0001-01-01"
    assert day_text(shipped_calendar().add_workdays(day("9999-12-30"), 9)) == "9999-12-31"


def test_the_shipped_years_equal_the_collected_notices():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import chinese_calendar
    calendar = shipped_calendar()
    for number in range(day("2004-01-01"), day("2026-12-31") + 1):
        assert calendar.is_workday(number) == chinese_calendar.is_workday(date.fromordinal(number)), day_text(number)


@given(st.integers(day("1980-01-01"), day("2090-01-01")), st.integers(0, 40), st.integers(0, 40))
def test_years_add_up_except_from_a_leap_day(start, one, two):
    if not day_text(start).endswith("02-29"):
        assert add_years(add_years(start, one), two) == add_years(start, one + two)


@given(st.integers(day("1980-01-01"), day("2090-01-01")))
def test_a_rolled_day_is_a_working_day_and_never_earlier(start):
    for calendar in (Calendar({}), shipped_calendar()):
        rolled = calendar.roll(start)
        assert rolled >= start and calendar.is_workday(rolled) and calendar.roll(rolled) == rolled
