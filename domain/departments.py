"""The departments of joint supervision (specification 2.2, 11.30; contract 2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, get_args

Department = Literal[
    "DRC", "MIIT", "NRP", "HUC", "EEB", "IPB", "COM", "FIN", "TAX", "SASAC", "STB", "STAT", "AAB", "MKT", "EMB", "AGR",
    "CUL", "HRS", "FRB", "URB", "GOM", "EDU", "CIV", "GOV", "TOWN", "LRC", "REG", "COURT",
]  # fmt: skip
DEPARTMENTS: Final[tuple[str, ...]] = get_args(Department)

NAMES: Final[Mapping[str, tuple[str, str]]] = {
    "DRC": ("发展改革委", "Development and Reform Commission"),
    "MIIT": ("工业和信息化局", "Industry and Information Technology Bureau"),
    "NRP": ("规划和自然资源局", "Natural Resources and Planning Bureau"),
    "HUC": ("住房城乡建设委", "Housing and Construction Commission"),
    "EEB": ("生态环境局", "Ecology and Environment Bureau"),
    "IPB": ("投资促进局", "Investment Promotion Bureau"),
    "COM": ("商务局", "Commerce Bureau"),
    "FIN": ("财政局", "Finance Bureau"),
    "TAX": ("税务局", "Tax Bureau"),
    "SASAC": ("国资委", "State-owned Assets Commission"),
    "STB": ("科技局", "Science and Technology Bureau"),
    "STAT": ("统计局", "Statistics Bureau"),
    "AAB": ("行政审批局", "Administrative Approval Bureau"),
    "MKT": ("市场监管局", "Market Regulation Bureau"),
    "EMB": ("应急管理局", "Emergency Management Bureau"),
    "AGR": ("农业农村委", "Agriculture and Rural Affairs Commission"),
    "CUL": ("文化和旅游局", "Culture and Tourism Bureau"),
    "HRS": ("人力资源和社会保障局", "Human Resources and Social Security Bureau"),
    "FRB": ("地方金融监管局", "Local Financial Regulation Bureau"),
    "URB": ("城市管理委", "Urban Administration Commission"),
    "GOM": ("机关事务管理局", "Government Offices Administration"),
    "EDU": ("教育局", "Education Bureau"),
    "CIV": ("民政局", "Civil Affairs Bureau"),
    "GOV": ("人民政府", "People's Government"),
    "TOWN": ("镇街（园区管委会）", "Town, Subdistrict or Park Committee"),
    "LRC": ("土地储备机构", "Land Reserve Centre"),
    "REG": ("不动产登记机构", "Real Estate Register"),
    "COURT": ("人民法院", "People's Court"),
}
