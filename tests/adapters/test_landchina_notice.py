"""Rows as they are really published: what is believed, doubted, refused, and in which words."""

from pathlib import Path

import pytest

from adapters.divisions import living
from adapters.industries import code_of
from adapters.landchina_notice import RowRefused, published, understand
from adapters.landchina_rows import COLUMNS, Row, UnreadableFile, read
from domain.events import normalise

REAL = Path(__file__).parents[2].parent / "shared" / "data" / "landchina"
GOOD = dict(
    zip(
        COLUMNS,
        (
            "武清区",
            "1201142014B00123",
            "甲厂",
            "开发区",
            "4.000000",
            "0.000000",
            "工业用地",
            "挂牌出让",
            "50",
            "金属制品业",
            "四级",
            "2400.0000",
            "天津甲公司",
            "1.00",
            "2.00",
            "2014年06月30日",
            "2015年06月10日",
            "2017年06月10日",
            "",
            "1900年01月01日",
            "武清区人民政府",
            "2014年06月10日",
        ),
        strict=True,
    )
)


def row(**cells):
    return Row("x.csv", 2, GOOD | cells)


def doubts(**cells):
    return {(doubt.column, doubt.code, doubt.kept) for doubt in understand(row(**cells)).doubts}


def test_a_row_without_fault_becomes_a_contract_in_the_units_of_the_contract():
    notice = understand(row())
    assert not notice.doubts
    assert normalise("contract.signed", notice.contract) == {
        "supply_mode": "GRANT_LISTING",
        "holder": {"name": "天津甲公司"},
        "area_m2": "40000.00",
        "price_wan": "2400.00",
        "term_years": "50.0",
        "use_code": "1001",
        "industry_code": "C33",
        "far_min": "1.00",
        "far_max": "2.00",
        "delivery_due": "2014-06-30",
        "start_due": "2015-06-10",
        "complete_due": "2017-06-10",
    }


def test_the_notice_keeps_every_cell_and_the_null_date_is_no_date():
    data = normalise("supply.result_published", published(understand(row())))
    assert data["raw"] == GOOD and "actual_complete" not in data and data["land_source"] == "新增建设用地"


@pytest.mark.parametrize(
    ("cells", "field", "code"),
    [
        ({"面积(公顷)": "0"}, "area_m2", "AREA_MISSING"),
        ({"成交价格(万元)": "24000000"}, "price_wan", "PRICE_IN_YUAN"),
        ({"成交价格(万元)": "0.0001"}, "price_wan", "PRICE_PLACEHOLDER"),
        ({"约定容积率下限": "250000"}, "far_min", "FAR_IMPLAUSIBLE"),
        ({"约定容积率上限": "0.50"}, "far_max", "FAR_REVERSED"),
        ({"约定竣工时间": "2014年06月10日"}, "complete_due", "COMPLETION_NOT_AFTER_START"),
        ({"约定竣工时间": "3013年06月10日"}, "complete_due", "DATE_IMPLAUSIBLE"),
        ({"土地使用年限": "70"}, "term_years", "TERM_ABOVE_50"),
        ({"土地使用年限": "其他商服用地40年; 工业用地50"}, "term_years", "TERM_NOT_A_NUMBER"),
        ({"行业分类": "房地产业"}, "industry_code", "INDUSTRY_NOT_INDUSTRIAL"),
        ({"土地使用权人": ""}, "holder", "HOLDER_MISSING"),
    ],
)
def test_a_cell_that_fails_is_left_out_and_named_and_the_row_is_accepted(cells, field, code):
    notice = understand(row(**cells))
    assert field not in notice.contract
    found = [doubt for doubt in notice.doubts if doubt.code == code]
    assert len(found) == 1 and not found[0].kept and any("一" <= c <= "鿿" for c in found[0].message)


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"电子监管号": ""}, "NO_SUPERVISION_NUMBER"),
        ({"合同签订日期": ""}, "NO_CONTRACT_DAY"),
        ({"合同签订日期": "1900年13月01日"}, "NO_CONTRACT_DAY"),
        ({"土地用途": "其他普通商品住房用地"}, "USE_NOT_SUPERVISED"),
    ],
)
def test_only_a_row_without_number_contract_day_or_supervised_use_is_refused(cells, code):
    with pytest.raises(RowRefused) as refused:
        understand(row(**cells))
    assert refused.value.code == code and refused.value.message


def test_zero_and_empty_plot_ratios_mean_not_agreed():
    notice = understand(row(约定容积率下限="0.00", 约定容积率上限=""))
    assert "far_min" not in notice.contract and not notice.doubts


@pytest.mark.parametrize(
    ("code", "year", "found"),
    [
        ("120109", 2026, "120116"),
        ("120223", 2014, "120223"),
        ("120223", 2026, "120118"),
        ("120100", 2026, "120100"),
        ("320571", 2026, "320500"),
        ("239204", 2026, "230000"),
    ],
)
def test_an_abolished_division_leads_to_its_living_successor(code, year, found):
    assert living(code, year).code == found


def test_a_division_that_never_existed_is_told():
    assert living("999999", 2026) is None


def test_an_industry_is_taken_where_exactly_one_class_fits():
    assert (code_of("金属制品业"), code_of("汽车制造"), code_of("钢压延加工"), code_of("其它")) == (
        "C33",
        "C36",
        "C313",
        None,
    )


def test_byte_order_mark_cr_cr_lf_and_cells_with_newlines_are_read(tmp_path):
    file = tmp_path / "notices.csv"
    cells = ",".join(f'"{GOOD[column]}\n\t,"' if column == "项目名称" else GOOD[column] for column in COLUMNS)
    file.write_bytes(("\ufeff" + ",".join(COLUMNS) + "\r\r\n" + cells + "\r\r\n" + cells + "\r\r\n").encode())
    rows = list(read(file))
    assert [one.line for one in rows] == [2, 4] and rows[0].row_id == rows[1].row_id
    assert rows[0].cells["项目名称"] == "甲厂\n\t,"


def test_a_row_with_too_few_cells_is_reported_not_lost(tmp_path):
    file = tmp_path / "notices.csv"
    file.write_text(",".join(COLUMNS) + "\n武清区,1201142014B00123\n", encoding="utf-8")
    (only,) = read(file)
    with pytest.raises(RowRefused) as refused:
        understand(only)
    assert refused.value.code == "ROW_BROKEN"


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(["武清区", '"1201142014B00999', "甲厂"], id="never closed"),
        pytest.param(
            [*(GOOD[column] for column in COLUMNS[:-1]), '"2014年06月10日'], id="never closed in the last cell"
        ),
        pytest.param([*(GOOD[column] for column in COLUMNS[:-1]), "2014年\r06月10日"], id="carriage return in a cell"),
        pytest.param([GOOD[column] + "x" * (1 << 20) for column in COLUMNS], id="cell beyond the limit"),
    ],
)
def test_a_broken_line_is_reported_alone_and_swallows_no_row_below_it(tmp_path, broken):
    whole = ",".join(GOOD[column] for column in COLUMNS)
    file = tmp_path / "notices.csv"
    file.write_text(
        "\n".join([",".join(COLUMNS), whole, ",".join(broken), whole, whole, ""]), encoding="utf-8", newline=""
    )
    rows = list(read(file))
    assert [(one.line, one.fault is None) for one in rows] == [(2, True), (3, False), (4, True), (5, True)]
    assert {one.cells["合同签订日期"] for one in rows if one.fault is None} == {GOOD["合同签订日期"]}


def test_a_file_without_the_columns_is_refused_in_one_line(tmp_path):
    file = tmp_path / "x.csv"
    file.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(UnreadableFile, match="缺少列"):
        list(read(file))


@pytest.mark.skipif(not REAL.exists(), reason="the real notices (../shared/data) are not beside this clone")
@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("supply_results_tianjin_liaocheng_jiamusi", 2872),
        ("supply_results_faulty_rows", 161),
        ("supply_results_2015-12-28_bom_crcrlf", 120),
    ],
)
def test_every_real_row_is_understood_or_refused_with_a_reason(name, count):
    rows = list(read(REAL / f"{name}.csv"))
    assert len(rows) == count
    refused = 0
    for one in rows:
        try:
            notice = understand(one)
        except RowRefused as reason:
            refused += 1
            assert reason.message
            continue
        normalise("contract.signed", notice.contract)
        normalise("supply.result_published", published(notice))
    assert refused <= 20
