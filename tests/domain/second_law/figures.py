"""Thresholds, ratios of a verification, items of an assessment, exact (specification 3.1, 3.2, 6.1, 11.22, 11.35, 11.37)."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from .record import once
from .terms import promises, terms, wan

MU = Fraction(2000, 3)
HECTARE = Fraction(10_000)
LE_CODES = ("O-OFFICE-L", "O-OFFICE-F")
TONNES = ("t", "吨")


def produced_on(view):
    """The first report of the production; where departments differ, that of the supervisor (11.16)."""
    said = view.of("production.started")
    named = promises(view).get("O-PROD", {}).get("supervisor")
    for supervisor in [named] if named else view.rules.supervisors["O-PROD"]:
        for one in said:
            if one.event.department == supervisor:
                return one.day
    return said[0].day if said else None


def _names_far(paper):
    return any(term["code"] == "O-FAR" for term in paper.data.get("obligations") or [])


def far_limits(view):
    """(lowest, highest) plot ratio in force on the day."""
    low, high = wan(terms(view).get("far_min")), wan(terms(view).get("far_max"))
    papers = [one for one in view.of("agreement.signed", "agreement.amended") if _names_far(one)]
    agreed, changes = promises(view).get("O-FAR"), view.of("conditions.changed")
    later = [one for one in changes if not papers or one.day >= papers[-1].day]
    for one in changes[: len(changes) - len(later)]:
        low, high = wan(one.data.get("far_min")) or low, wan(one.data.get("far_max")) or high
    if agreed and agreed.get("threshold"):
        if agreed.get("direction") == "LE":
            high = wan(agreed["threshold"])
        else:
            low = wan(agreed["threshold"])
    for one in later:
        low, high = wan(one.data.get("far_min")) or low, wan(one.data.get("far_max")) or high
    return low, high


def ratios(data):
    """Code → ratio of a verification; what is not known is not there."""
    areas = {name: wan(value) for name, value in data.items() if name.endswith("_m2")}
    land, floor = areas.get("land_area_m2"), areas.get("floor_area_m2")
    found = {}
    if land and floor is not None:
        found["O-FAR"] = (floor + areas.get("double_counted_m2", 0)) / land
    if land and "building_footprint_m2" in areas:
        covered = sum(areas.get(name, 0) for name in ("building_footprint_m2", "structure_m2", "yard_m2"))
        found["O-BCOEF"] = covered / land
    if floor and "office_floor_m2" in areas:
        found["O-OFFICE-F"] = areas["office_floor_m2"] / floor
    if land and "office_land_m2" in areas:
        found["O-OFFICE-L"] = areas["office_land_m2"] / land
    elif "O-OFFICE-F" in found:  # the land is shared out by floor area (3.1)
        found["O-OFFICE-L"] = found["O-OFFICE-F"]
    if land and "green_m2" in areas:
        found["O-GREEN"] = areas["green_m2"] / land
    return found


def holds(direction, actual, threshold):
    """Does a figure meet what was agreed?"""
    return {"GE": actual >= threshold, "LE": actual <= threshold, "EQ": actual == threshold}[direction]


def measured(view, code, data):
    """True: the verification meets the obligation; False: it fails; None: not agreed or not known."""
    actual = ratios(data).get(code)
    if code == "O-NOHOUSE":
        if "O-NOHOUSE" not in promises(view) or "housing" not in data:
            return None
        return not data["housing"]
    if actual is None:
        return None
    if code == "O-FAR":
        low, high = far_limits(view)
        if low is None and high is None:
            return None
        return (low is None or actual >= low) and (high is None or actual <= high)
    agreed = promises(view).get(code)
    if agreed is None or not agreed.get("threshold"):
        return None
    usual = "LE" if code in (*LE_CODES, "O-GREEN") else "GE"
    return holds(agreed.get("direction") or usual, actual, wan(agreed["threshold"]))


@dataclass
class Assessed:
    """One assessment as computed with what is known on the day asked for."""

    event: Any
    kind: str
    passed: bool | None
    """None: nothing can be computed and nothing was reported."""
    failed: list = field(default_factory=list)

    @property
    def day(self):
        return self.event.day


@once
def assessments(view):
    """Every assessment until the day, each computed anew."""
    return [_assessed(view, one) for one in view.of("performance.assessed")]


def of_kind(view, kind):
    """Code → terms of the items that belong to a kind of assessment (11.35)."""
    agreed = promises(view)
    if kind == "CONVERSION":
        conditions = (terms(view).get("conversion") or {}).get("conditions") or []
        if conditions:
            return {one["code"]: {**one, "hard": True} for one in conditions}
    wanted = "COMPLETION" if kind == "START_COMPLETE" else "REACH"
    return {code: term for code, term in agreed.items() if term.get("assess_on") == wanted}


def _assessed(view, one):
    then = view.at(one.day)
    agreed = of_kind(then, one.data["kind"])
    items = {item["code"]: item for item in one.data.get("items") or []}
    hard = {code: term for code, term in agreed.items() if term.get("hard")}
    if not hard:
        return Assessed(one, one.data["kind"], {"PASS": True, "FAIL": False}.get(one.data.get("result")), [])
    failed = []
    for code, term in hard.items():
        item = items.get(code) or {}
        met = _item_met(view, code, term, item, one.data.get("period"))
        if not met:
            failed.append(code)
    return Assessed(one, one.data["kind"], not failed, failed)


def _item_met(view, code, term, item, period):
    threshold = wan(term.get("threshold") or item.get("required"))
    unit = term.get("unit") or item.get("unit")
    actual = item_actual(view, code, unit, item, period)
    if actual is None or threshold is None:
        return False
    at_most = code in LE_CODES or (code == "O-EMIT" and unit in TONNES)
    return holds(term.get("direction") or ("LE" if at_most else "GE"), actual, threshold)


def item_actual(view, code, unit, item, period):
    """The figure of an item in the unit of the agreement: from the reports of the same period, else from the item."""
    reported = from_reports(view, code, unit, period) if period else None
    if reported is not None:
        return reported
    if item.get("actual") is None:
        return None
    actual, sent = wan(item["actual"]), item.get("unit") or unit
    if sent == "万元/亩" and unit == "万元/公顷":
        return actual * 15
    if sent == "万元/公顷" and unit == "万元/亩":
        return actual / 15
    return actual


def _report(view, name, period):
    found = [
        one.data[name]
        for one in view.of("indicators.reported")
        if one.data.get("scope") == "PARCEL" and one.data["period"] == period and one.data.get(name) is not None
    ]
    if found and name == "emission_t":
        return sum(wan(tonnes) for tonnes in found[-1].values())
    return wan(found[-1]) if found else None


def from_reports(view, code, unit, period):
    """The figure that the departments reported for a period, in a unit; None where one of them is missing."""
    area = wan(terms(view).get("area_m2"))
    per = {"万元/亩": MU, "万元/公顷": HECTARE}.get(unit)
    simple = {"O-TAX": "tax_wan", "O-OUTPUT": "output_wan", "O-VA": "value_added_wan"}
    if code in simple:
        sum_wan = _report(view, simple[code], period)
        return None if sum_wan is None or not area or per is None else sum_wan / (area / per)
    if code == "O-EMIT" and unit in TONNES:  # the limits of a permit (3.2)
        return _report(view, "emission_t", period)
    pair = {
        ("O-EMIT", "万元/吨"): ("value_added_wan", "emission_t"),
        ("O-ENERGY", "吨标煤/万元"): ("energy_tce", "output_wan"),
        ("O-ENERGY", "万元/吨标煤"): ("value_added_wan", "energy_tce"),
        ("O-RD", "ratio"): ("rd_wan", "revenue_wan"),
        ("O-LABOUR", "万元/人"): ("value_added_wan", "staff_avg"),
    }.get((code, unit))
    if pair is None:
        return None
    above, below = (_report(view, name, period) for name in pair)
    return None if above is None or not below else above / below
