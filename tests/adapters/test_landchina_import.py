"""The import against a real log: new parcels, later notices, other parcels under one number, and twice the same file."""

from collections import Counter
from pathlib import Path

import pytest

from adapters.landchina_import import CONTRACT, NOTICE, Importer
from adapters.landchina_rows import COLUMNS, Row, read
from adapters.parcel_log import ParcelLog
from adapters.postgres import open_pool
from domain.event import day_number
from domain.events import RANK
from domain.facts import fold
from tests.adapters.test_landchina_notice import GOOD, REAL

TODAY = day_number("2026-11-24")
EXAMPLE = Path(__file__).parents[2] / "examples" / "supply_notices.csv"
NUMBER = "1201142014B00123"


@pytest.fixture
def log(database_url):
    with open_pool(database_url) as pool:
        yield ParcelLog(pool)


def importer(log, *jurisdictions, today=TODAY):
    return Importer(log, today, today, jurisdictions)


def rows(*changes):
    return [Row("x.csv", line, GOOD | change) for line, change in enumerate(changes, start=2)]


def facts(log, parcel_id):
    return fold(log.read_stream(parcel_id), RANK)


def test_a_row_becomes_the_contract_and_the_notice_of_one_parcel(log):
    (result,) = importer(log).take(rows({}))
    events = log.read_stream(f"jg-{NUMBER}")
    assert (result.status, result.parcel_id, result.events) == ("accepted", f"jg-{NUMBER}", 2)
    assert [(event.type, event.department, event.jurisdiction) for event in events] == [
        (CONTRACT, "NRP", "120114"),
        (NOTICE, "NRP", "120114"),
    ]
    assert events[0].data["onboarding"] is True and events[0].data["onboarded_on"] == "2026-11-24"
    assert events[0].occurred_on == day_number("2014-06-10")


def test_reading_a_file_twice_changes_nothing_on_whatever_day(log):
    everything = list(read(EXAMPLE))
    first = Counter(result.status for result in importer(log).take(everything))
    head = log.head()
    second = Counter(result.status for result in importer(log, today=TODAY + 100).take(everything))
    assert first == {"accepted": 7, "reported": 2} and second == {"unchanged": 7, "reported": 2}
    assert log.head() == head


def test_a_higher_revision_corrects_the_first_row_and_a_lower_one_is_only_kept(log):
    later = {"电子监管号": f"{NUMBER}-2", "约定开工时间": "2015年12月10日", "成交价格(万元)": "2500.0000"}
    importer(log).take(rows({}, later))
    contract = facts(log, f"jg-{NUMBER}").of(CONTRACT)[0]
    assert (contract.data["start_due"], contract.data["price_wan"], contract.data["onboarding"]) == (
        "2015-12-10",
        "2500.00",
        True,
    )
    assert {event.data["reason"] for event in contract.corrected_by} == {"更正公告"}

    lower = importer(log).take(rows({"电子监管号": f"{NUMBER}-1", "约定开工时间": "2015年09月10日"}))[0]
    assert (lower.status, lower.parcel_id) == ("accepted", f"jg-{NUMBER}")
    assert facts(log, f"jg-{NUMBER}").of(CONTRACT)[0].data["start_due"] == "2015-12-10"


def test_another_area_and_another_project_under_one_number_is_another_parcel(log):
    results = importer(log).take(
        rows(
            {},
            {"面积(公顷)": "1.000000", "项目名称": "乙厂"},
            {"面积(公顷)": "1.000000", "项目名称": "乙厂", "土地级别": "五级"},
        )
    )
    assert results[0].parcel_id == f"jg-{NUMBER}"
    assert results[1].parcel_id == f"jg-{NUMBER}~{results[1].row.row_id.hex[:8]}" == results[2].parcel_id


def test_the_jurisdiction_limits_and_an_old_code_is_mapped(log):
    old = {"电子监管号": "1202232013B00007"}
    outside, inside = importer(log, "1201").take(rows({"电子监管号": "3715022013B00007"}, old))
    assert (outside.status, outside.code) == ("reported", "OUTSIDE_JURISDICTION")
    assert log.read_stream(inside.parcel_id)[0].jurisdiction == "120118"
    assert "DIVISION_MAPPED" in {doubt.code for doubt in inside.doubts}


def test_a_contract_after_the_business_date_is_reported(log):
    (result,) = importer(log, today=day_number("2014-06-09")).take(rows({}))
    assert (result.status, result.code) == ("reported", "OCCURRED_IN_FUTURE")


@pytest.mark.skipif(not REAL.exists(), reason="the real notices (../shared/data) are not beside this clone")
def test_the_real_files_are_taken_whole_and_a_second_time_unchanged(log):
    files = [REAL / "supply_results_tianjin_liaocheng_jiamusi.csv", REAL / "supply_results_faulty_rows.csv"]
    everything = [row for file in files for row in read(file)]
    first = Counter(result.status for result in importer(log).take(everything))
    assert sum(first.values()) == 3033 and first["reported"] == 20
    assert Counter(result.status for result in importer(log).take(everything))["accepted"] == 0
    assert all(len(row.cells) == len(COLUMNS) for row in everything)
