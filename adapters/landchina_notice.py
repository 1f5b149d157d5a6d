"""What a published row says, and which of its cells cannot be believed (specification 2.7, 7.8).

A cell that fails is left out of the contract, stays verbatim in `raw`, and is named with a sentence for the clerk.
A cell that is only unusual stays and is named too. A row is refused only without a number, without a contract day,
or with a use that is not supervised.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

from adapters.industries import code_of
from adapters.landchina_cells import day_in, money_text, number_in, one_line
from adapters.landchina_rows import Row

_SUPPLY_MODES: Final = {
    "挂牌出让": "GRANT_LISTING",
    "拍卖出让": "GRANT_AUCTION",
    "招标出让": "GRANT_TENDER",
    "协议出让": "GRANT_AGREEMENT",
    "租赁": "LEASE_LONG",
    "划拨": "ALLOCATION",
    "作价出资或入股": "CAPITAL_CONTRIBUTION",
    "作价出资（入股）": "CAPITAL_CONTRIBUTION",
    "作价出资": "CAPITAL_CONTRIBUTION",
    "弹性年期出让": "ELASTIC",
    "先租后让": "LEASE_THEN_GRANT",
}
_SUPERVISED_USES: Final = {"工业用地": "1001", "仓储用地": "1101"}
"""Specification 7.6: 1001* and 1101* are supervised."""
_NUMBER: Final = re.compile(r"^(\d{6}[0-9A-Z]{4,20})(?:-\d{1,3})?$")
_USUAL_NUMBER: Final = re.compile(r"^\d{6}(19|20)\d{2}[A-Z]\d{5}$")
"""Specification 7.2: observed, not guaranteed; a number of another form is only named."""
_NO_DATE: Final = "1900年01月01日"
_YEARS_OF_BUILDING: Final = 20


class RowRefused(Exception):  # noqa: N818 - an answer to the clerk
    """The row cannot become a parcel."""

    def __init__(self, column: str, code: str, message: str) -> None:
        super().__init__(message)
        self.column, self.code, self.message = column, code, message


@dataclass(slots=True, frozen=True)
class Doubt:
    """A doubtful cell. `kept` tells whether its value stands in the contract all the same."""

    column: str
    value: str
    code: str
    message: str
    kept: bool


@dataclass(slots=True)
class Notice:
    """One row understood: the identity, the fields of `contract.signed`, the doubts."""

    row: Row
    number: str
    """The supervision number without its revision."""
    contract_day: date
    contract: dict[str, Any] = field(default_factory=dict)
    doubts: list[Doubt] = field(default_factory=list)

    @property
    def area(self) -> str:
        return self.row.cells["面积(公顷)"].strip()

    @property
    def project(self) -> str:
        return self.row.cells["项目名称"].strip()

    def doubt(self, column: str, code: str, message: str, *, kept: bool = False) -> None:
        self.doubts.append(Doubt(column, self.row.cells[column], code, message, kept))


def understand(row: Row) -> Notice:
    """Reads one row. Raises RowRefused."""
    if row.fault:
        raise RowRefused("", "ROW_BROKEN", row.fault)
    cells = row.cells
    match = _NUMBER.match(cells["电子监管号"].strip())
    if not match:
        shown = cells["电子监管号"].strip()
        message = f"电子监管号“{shown}”不是以6位区划代码开头的编号" if shown else "没有电子监管号，无法确定是哪一宗地"
        raise RowRefused("电子监管号", "NO_SUPERVISION_NUMBER", message)
    use = cells["土地用途"].strip()
    if use not in _SUPERVISED_USES:
        raise RowRefused("土地用途", "USE_NOT_SUPERVISED", f"土地用途“{use}”不是工业用地或仓储用地，不在监管范围内")
    day = day_in(cells["合同签订日期"])
    if day is None:
        shown = cells["合同签订日期"].strip() or "空"
        raise RowRefused("合同签订日期", "NO_CONTRACT_DAY", f"合同签订日期为“{shown}”，不能建立合同")
    notice = Notice(row, match[1], day)
    notice.contract["use_code"] = _SUPERVISED_USES[use]
    _identity(notice)
    area = _area(notice)
    _price(notice, area)
    _term(notice)
    _plot_ratio(notice)
    _days(notice)
    return notice


def _identity(notice: Notice) -> None:
    """Mode of supply, holder, industry."""
    cells, contract = notice.row.cells, notice.contract
    mode = _SUPPLY_MODES.get(cells["供地方式"].strip())
    if mode:
        contract["supply_mode"] = mode
    else:
        notice.doubt("供地方式", "SUPPLY_MODE_UNKNOWN", "供地方式不在目录内，未采用")
    holder = one_line(cells["土地使用权人"])
    if holder:
        contract["holder"] = {"name": holder}
    else:
        notice.doubt("土地使用权人", "HOLDER_MISSING", "没有土地使用权人")
    if not _USUAL_NUMBER.match(notice.number):
        notice.doubt("电子监管号", "NUMBER_UNUSUAL", "编号不是“6位区划+4位年份+字母+5位序号”，请核对", kept=True)
    elif notice.number[6:10] != f"{notice.contract_day.year}":
        notice.doubt("电子监管号", "NUMBER_YEAR_DIFFERS", "编号中的年份与合同签订年份不同", kept=True)
    industry = cells["行业分类"].strip()
    code = code_of(industry)
    if code and "C" <= code[0] <= "G":
        contract["industry_code"] = code
    elif code:
        notice.doubt("行业分类", "INDUSTRY_NOT_INDUSTRIAL", f"“{industry}”不属于工业或仓储行业，未采用")
    elif industry and industry not in ("其它", "其他"):
        notice.doubt(
            "行业分类", "INDUSTRY_NOT_MATCHED", f"“{industry}”在国民经济行业分类（2017）中没有唯一对应，未采用"
        )


def _area(notice: Notice) -> Decimal | None:
    """Hectares to m²; returns the area in m² when it can be believed."""
    column = "面积(公顷)"
    hectares = number_in(notice.row.cells[column])
    if hectares is None or hectares <= 0:
        notice.doubt(column, "AREA_MISSING", "面积为空或为0，未采用")
        return None
    area = (hectares * 10000).quantize(Decimal("0.01"))
    if area <= 0 or area >= Decimal(10) ** 9:
        notice.doubt(column, "AREA_IMPLAUSIBLE", f"面积{hectares}公顷不可信，未采用")
        return None
    if area < 50 or area > 2_000_000:
        notice.doubt(column, "AREA_UNUSUAL", f"面积{hectares}公顷异常，请核对是否把平方米或亩填成公顷", kept=True)
    notice.contract["area_m2"] = f"{area:.2f}"
    return area


def _price(notice: Notice, area: Decimal | None) -> None:
    column = "成交价格(万元)"
    price = number_in(notice.row.cells[column])
    if price is None or price <= 0:
        free = notice.contract.get("supply_mode") == "ALLOCATION"
        if not free:
            notice.doubt(column, "PRICE_MISSING", "没有成交价格")
        return
    price = price.quantize(Decimal("0.0001"))
    if price <= Decimal("0.0001"):
        notice.doubt(column, "PRICE_PLACEHOLDER", f"成交价格{price}像是占位数，未采用")
    elif price >= Decimal(10) ** 10:
        notice.doubt(column, "PRICE_IMPLAUSIBLE", f"成交价格{price}万元不可信，未采用")
    elif area and price / area > 2:
        notice.doubt(column, "PRICE_IN_YUAN", f"单价超过每平方米2万元，成交价格{price}疑似以元填报，未采用")
    else:
        if area and price * 10000 / area < 10:
            notice.doubt(column, "PRICE_LOW", "单价低于每平方米10元，请核对", kept=True)
        notice.contract["price_wan"] = money_text(price)


def _term(notice: Notice) -> None:
    column, text = "土地使用年限", notice.row.cells["土地使用年限"].strip()
    years = number_in(text)
    if not text or years == 0:
        return
    if years is None:
        notice.doubt(column, "TERM_NOT_A_NUMBER", f"土地使用年限“{one_line(text)}”不是一个数（混合用途？），未采用")
    elif not 0 < years <= 50:
        notice.doubt(column, "TERM_ABOVE_50", f"工业、仓储用地最长50年，填报为{years}年，未采用")
    else:
        notice.contract["term_years"] = str(years.quantize(Decimal("0.1")))
        if years != years.quantize(Decimal("0.1")):
            notice.doubt(column, "TERM_ROUNDED", f"年限{years}按0.1年取整", kept=True)


def _plot_ratio(notice: Notice) -> None:
    """0.00 and empty mean: not agreed (data note of the notices)."""
    found: dict[str, Decimal] = {}
    for column, key in (("约定容积率下限", "far_min"), ("约定容积率上限", "far_max")):
        ratio = number_in(notice.row.cells[column])
        if ratio is None or ratio == 0:
            continue
        if not 0 < ratio <= 10:
            notice.doubt(column, "FAR_IMPLAUSIBLE", f"容积率{ratio}不可信（填成建筑面积或百分数？），未采用")
            continue
        found[key] = ratio.quantize(Decimal("0.01"))
    if len(found) == 2 and found["far_max"] < found["far_min"]:
        notice.doubt("约定容积率上限", "FAR_REVERSED", "容积率上限小于下限，两者均未采用")
        return
    notice.contract.update({key: f"{ratio:.2f}" for key, ratio in found.items() if ratio > 0})


def _days(notice: Notice) -> None:
    """The agreed days; of two that contradict each other the later promise is left out."""
    days: dict[str, date] = {}
    for column, key in (
        ("约定交地时间", "delivery_due"),
        ("约定开工时间", "start_due"),
        ("约定竣工时间", "complete_due"),
    ):
        text = notice.row.cells[column].strip()
        if not text or text == _NO_DATE:
            continue
        day = day_in(text)
        limit = notice.contract_day.year + _YEARS_OF_BUILDING
        if day is None or not 1986 <= day.year <= limit:
            notice.doubt(
                column, "DATE_IMPLAUSIBLE", f"日期“{text}”不可信（合同签于{notice.contract_day.year}年），未采用"
            )
            continue
        days[key] = day
    start, complete = days.get("start_due"), days.get("complete_due")
    if start and start < notice.contract_day:
        notice.doubt("约定开工时间", "START_BEFORE_CONTRACT", "约定开工早于合同签订，请核对", kept=True)
    elif start and "delivery_due" in days and start < days["delivery_due"]:
        notice.doubt("约定开工时间", "START_BEFORE_DELIVERY", "约定开工早于约定交地，请核对", kept=True)
    elif start and start.year > notice.contract_day.year + 3:
        notice.doubt("约定开工时间", "START_FAR_AHEAD", "约定开工晚于合同签订三年以上，请核对", kept=True)
    if start and complete and complete <= start:
        notice.doubt("约定竣工时间", "COMPLETION_NOT_AFTER_START", "约定竣工不晚于约定开工，竣工日期未采用")
        del days["complete_due"]
    notice.contract.update({key: day.isoformat() for key, day in days.items()})


def published(notice: Notice) -> dict[str, Any]:
    """The fields of `supply.result_published`: what can be believed by name, and every cell verbatim in `raw`."""
    cells, contract = notice.row.cells, notice.contract
    data: dict[str, Any] = {
        "supervision_no": cells["电子监管号"].strip(),
        "district": one_line(cells["行政区"]),
        "project_name": one_line(cells["项目名称"]),
        "location": one_line(cells["项目位置"]),
        "land_source": _land_source(cells),
        "land_use": cells["土地用途"].strip(),
        "industry": one_line(cells["行业分类"]),
        "land_grade": one_line(cells["土地级别"]),
        "holder_name": one_line(cells["土地使用权人"]),
        "approved_by": one_line(cells["批准单位"]),
        "contract_signed_on": notice.contract_day.isoformat(),
    }
    shared = ("area_m2", "supply_mode", "term_years", "price_wan", "far_min", "far_max")
    data |= {key: contract[key] for key in (*shared, "delivery_due", "start_due", "complete_due") if key in contract}
    for column, key in (("实际开工时间", "actual_start"), ("实际竣工时间", "actual_complete")):
        day = day_in(cells[column])
        if day and cells[column].strip() != _NO_DATE:
            data[key] = day.isoformat()
    return {key: value for key, value in data.items() if value} | {"raw": dict(cells)}


def _land_source(cells: dict[str, str]) -> str | None:
    """Old notices print an area of stock land: all of it, none, or a part (specification 7.8)."""
    stock, area = number_in(cells["土地来源"]), number_in(cells["面积(公顷)"])
    if stock is None:
        return one_line(cells["土地来源"]) or None
    if stock == 0:
        return "新增建设用地"
    return "现有建设用地" if stock == area else "新增建设用地(来自存量库)"
