"""Indicators of districts and parks from reported figures (specification 6.3)."""

import pytest

from domain.area_indicators import indicators


def test_the_indicators_of_a_district():
    before = {"construction_land_km2": "420.00", "gdp_constant_yi": "700.00"}
    year = {"gdp_yi": "840.00", "gdp_constant_yi": "800.00", "construction_land_km2": "420.00", "residents": 1050000}
    # 840/420; 420/840; 1 − (420/800)/(420/700) = 1 − 700/800; 1 050 000/420
    assert indicators(year, before) == {
        "gdp_per_land": "2.0000", "land_per_gdp": "0.5000", "land_per_gdp_fall": "0.1250", "population_density": "2500.0000"
    }  # fmt: skip


def test_the_indicators_of_a_park():
    year = {
        "industrial_land_ha": "120.0000", "fixed_asset_total_wan": "540000.00", "output_wan": "600000.00", "tax_wan": "36000.00",
    }  # fmt: skip
    # 540 000/120; 600 000/120; 36 000/(120 × 15)
    assert indicators(year, {}) == {
        "investment_intensity": "4500.0000", "output_per_land": "5000.0000", "tax_per_land": "20.0000"
    }  # fmt: skip


@pytest.mark.parametrize("land", [None, "0", "0.00", "NaN", "1e9", "-5.00", "about 400", True, [], "1/0"])
def test_what_is_no_figure_is_not_computed_with(land):
    assert indicators({"gdp_yi": "840.00", "construction_land_km2": land}, {}).keys() <= {"land_per_gdp"}
    assert "gdp_per_land" not in indicators({"gdp_yi": "840.00", "construction_land_km2": land}, {})


def test_without_the_year_before_there_is_no_fall():
    year = {"gdp_constant_yi": "800.00", "construction_land_km2": "420.00"}
    assert indicators(year, {}) == {}
