"""Indicators of a district and of a park, from the figures that were reported for a year (specification 6.3).

Figures of a district: `gdp_yi` and `gdp_constant_yi` (亿元; at constant prices), `construction_land_km2`, `residents`. Figures of
a park: `industrial_land_ha` (公顷), `fixed_asset_total_wan`, `output_wan`, `tax_wan` (万元). All are decimal texts. What is
missing, no number or zero where it divides is not computed with: unknown never counts as zero.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

from domain.supervision.measures import rounded

_DECIMAL: Final = re.compile(r"\d{1,18}(\.\d{1,8})?")
_MU_PER_HA: Final = 15
_PLACES: Final = 4


def indicators(figures: Mapping[str, Any], year_before: Mapping[str, Any]) -> dict[str, str]:
    """The indicators that the figures of a year and of the year before allow, as decimal texts with four decimals.

    `gdp_per_land` 亿元/km², `land_per_gdp` km²/亿元, `land_per_gdp_fall` ratio, `population_density` 人/km²;
    `investment_intensity` and `output_per_land` 万元/公顷, `tax_per_land` 万元/亩.
    """
    found = {
        "gdp_per_land": _share(figures, "gdp_yi", "construction_land_km2"),
        "land_per_gdp": _share(figures, "construction_land_km2", "gdp_yi"),
        "land_per_gdp_fall": _fall(figures, year_before),
        "population_density": _share(figures, "residents", "construction_land_km2"),
        "investment_intensity": _share(figures, "fixed_asset_total_wan", "industrial_land_ha"),
        "output_per_land": _share(figures, "output_wan", "industrial_land_ha"),
        "tax_per_land": _share(figures, "tax_wan", "industrial_land_ha", per=_MU_PER_HA),
    }
    return {name: rounded(value, _PLACES) for name, value in found.items() if value is not None}


def _fall(figures: Mapping[str, Any], year_before: Mapping[str, Any]) -> Fraction | None:
    """1 − (land/GDP of the year) / (land/GDP of the year before), at constant prices."""
    now = _share(figures, "construction_land_km2", "gdp_constant_yi")
    before = _share(year_before, "construction_land_km2", "gdp_constant_yi")
    return None if now is None or not before else 1 - now / before


def _share(figures: Mapping[str, Any], over: str, under: str, per: int = 1) -> Fraction | None:
    one, other = number(figures.get(over)), number(figures.get(under))
    return None if one is None or not other else one / (other * per)


def number(value: Any) -> Fraction | None:
    """A reported figure as an exact number; None for what is no plain decimal (specification 6.3)."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return Fraction(text) if _DECIMAL.fullmatch(text) else None
