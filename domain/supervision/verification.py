"""What a planning verification measured, as ratios (specification 3.1)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from domain.facts import Fact, Facts
from domain.supervision.measures import area


@dataclass(slots=True)
class Verified:
    """What a verification measured, as ratios (specification 3.1)."""

    ratios: dict[str, Fraction]
    housing: bool | None
    """None: the verification does not say."""


def verification(facts: Facts, fact: Fact) -> Verified:
    """The ratios of one `construction.verified`, computed once for these facts (specification 3.1)."""
    known: dict[int, Verified] = facts.memo.setdefault("verified", {})
    found = known.get(id(fact.data))
    if found is None:
        found = known[id(fact.data)] = measured(fact)
    return found


def measured(fact: Fact) -> Verified:
    """The ratios of one `construction.verified`; a ratio whose areas are unknown is absent (specification 3.1)."""
    m2 = {key: value for key in fact.data if key.endswith("_m2") and (value := area(fact.data[key])) is not None}
    land, floor = m2.get("land_area_m2"), m2.get("floor_area_m2")
    found: dict[str, Fraction] = {}
    if land:
        if floor is not None:
            found["O-FAR"] = Fraction(floor + m2.get("double_counted_m2", 0), land)
        if "building_footprint_m2" in m2:
            built = m2["building_footprint_m2"] + m2.get("structure_m2", 0) + m2.get("yard_m2", 0)
            found["O-BCOEF"] = Fraction(built, land)
        if "office_land_m2" in m2:
            found["O-OFFICE-L"] = Fraction(m2["office_land_m2"], land)
        if "green_m2" in m2:
            found["O-GREEN"] = Fraction(m2["green_m2"], land)
    if floor and "office_floor_m2" in m2:
        found["O-OFFICE-F"] = Fraction(m2["office_floor_m2"], floor)
        found.setdefault("O-OFFICE-L", found["O-OFFICE-F"])  # land that is not separated is shared by floor area
    return Verified(found, fact.data.get("housing"))
