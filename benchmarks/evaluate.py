"""How long the law takes for one parcel, `next_change_on` included: a typical life and a long one.

Run: `python -m benchmarks.evaluate`. Prints one JSON line per figure: name, unit, value (median of the runs), target.
Each run evaluates freshly folded facts, as the read models do; `warm` asks the same facts again.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
import uuid
from typing import Any

from domain.event import Event, day_number
from domain.events import RANK
from domain.facts import Facts, fold
from domain.policy import RuleBook
from domain.supervision import evaluate

PARCEL = "120114001002GB00015"
Entry = tuple[str, str, str, dict[str, Any]]

_OBLIGATIONS = [
    ("O-FAR", "GE", "1.0000", "ratio", "COMPLETION"),
    ("O-BCOEF", "GE", "0.4000", "ratio", "COMPLETION"),
    ("O-OFFICE-L", "LE", "0.0700", "ratio", "COMPLETION"),
    ("O-OFFICE-F", "LE", "0.1500", "ratio", "COMPLETION"),
    ("O-TAX", "GE", "20.00", "万元/亩", "REACH"),
    ("O-OUTPUT", "GE", "400.00", "万元/亩", "REACH"),
    ("O-ENERGY", "LE", "0.3500", "吨标煤/万元", "REACH"),
    ("O-RD", "GE", "0.0300", "ratio", "REACH"),
]


def typical_life() -> list[Entry]:
    """25 events and 14 obligations: an ordinary project up to the failed assessment that is being put right."""
    year = {"from": "2025-01-01", "to": "2025-12-31"}
    obligations = [
        {"code": code, "direction": direction, "threshold": threshold, "unit": unit, "assess_on": when, "hard": True}
        for code, direction, threshold, unit, when in _OBLIGATIONS
    ]
    contract = {
        "supply_mode": "GRANT_LISTING", "holder": {"uscc": "91120114MA06TEK14B", "name": "武清示例有限公司"}, "area_m2": "40000.00",
        "price_wan": "2400.00", "term_years": "50.0", "start_due": "2022-03-15", "complete_due": "2024-03-15",
        "production_due": "2024-06-15", "capacity_due": "2026-06-15", "development_investment_wan": "15600.00",
        "instalments": [{"no": 1, "due": "2021-05-14", "amount_wan": "1200.00"}, {"no": 2, "due": "2021-11-14", "amount_wan": "1200.00"}],
        "ld_start_permille_day": "0.500", "ld_complete_permille_day": "0.500", "far_min": "1.00", "far_max": "2.00",
    }  # fmt: skip
    verified = {
        "land_area_m2": "40000.00", "floor_area_m2": "50000.00", "double_counted_m2": "0.00", "building_footprint_m2": "16000.00",
        "structure_m2": "1200.00", "yard_m2": "1200.00", "office_land_m2": "2080.00", "office_floor_m2": "4500.00",
    }  # fmt: skip
    figures = {"O-TAX": "18.50", "O-OUTPUT": "450.00", "O-ENERGY": "0.28", "O-RD": "0.036"}
    return [
        *(("admission.reviewed", "2021-01-20", by, {"result": "PASS"}) for by in ("DRC", "MIIT", "NRP", "EEB")),
        ("agreement.signed", "2021-03-15", "TOWN", {"agreement_no": "A1", "exit_clause": {"present": True}, "obligations": obligations}),
        ("contract.signed", "2021-03-15", "NRP", contract),
        ("payment.received", "2021-05-12", "FIN", {"instalment_no": 1, "amount_wan": "1200.00"}),
        ("land.delivered", "2021-05-20", "NRP", {}),
        ("title.registered", "2021-06-18", "REG", {"kind": "FIRST", "right_to": "2071-05-19"}),
        ("construction.permitted", "2021-09-26", "HUC", {"permit_no": "P1"}),
        ("construction.started", "2021-10-08", "HUC", {"evidence": "FOUNDATION_ONE_THIRD", "permit_no": "P1"}),
        ("payment.received", "2021-11-10", "FIN", {"instalment_no": 2, "amount_wan": "1200.00"}),
        ("construction.progress_reported", "2022-06-30", "TOWN", {"invest_excl_land_wan": "4300.00", "developed_m2": "40000.00"}),
        ("construction.progress_reported", "2023-01-31", "TOWN", {"invest_excl_land_wan": "9300.00", "developed_m2": "40000.00"}),
        ("construction.completed", "2023-06-30", "HUC", {}),
        ("construction.verified", "2023-07-20", "NRP", verified),
        ("production.started", "2023-11-01", "MIIT", {}),
        ("health.checked", "2024-11-01", "MIIT", {"result": "GREEN"}),
        ("capacity.declared", "2025-12-31", "MIIT", {}),
        ("indicators.reported", "2026-03-01", "TAX", {"period": year, "scope": "PARCEL", "tax_wan": "1110.00"}),
        ("indicators.reported", "2026-03-02", "STAT", {"period": year, "scope": "PARCEL", "output_wan": "27000.00"}),
        ("performance.assessed", "2026-03-20", "MIIT", {"kind": "REACH", "period": year, "items": [
            {"code": code, "actual": actual} for code, actual in figures.items()]}),
        ("breach.notified", "2026-03-25", "MIIT", {"obligation": "PERF"}),
        ("rectification.ordered", "2026-04-10", "MIIT", {"obligation": "PERF", "until": "2027-04-10"}),
        ("charge.assessed", "2026-04-10", "MIIT", {"charge_id": "c1", "kind": "TOP_UP", "amount_wan": "90.00", "due": "2026-06-09"}),
    ]  # fmt: skip


def long_life() -> list[Entry]:
    """The same with 75 more: years of progress, figures, checks, assessments, and what was done about the breach."""
    more: list[Entry] = []
    for n in range(20):
        total = f"{9300 + n}.00"
        more.append(
            (
                "construction.progress_reported",
                f"2023-02-{n + 1:02d}",
                "TOWN",
                {"invest_excl_land_wan": total, "developed_m2": "40000.00"},
            )
        )
        more.append(("health.checked", f"2024-12-{n + 1:02d}", "MIIT", {"result": "GREEN"}))
    for n in range(15):
        year = {"from": f"{2026 + n}-01-01", "to": f"{2026 + n}-12-31"}
        more.append(
            (
                "indicators.reported",
                f"{2027 + n}-03-01",
                "TAX",
                {"period": year, "scope": "PARCEL", "tax_wan": f"{1250 + n}.00"},
            )
        )
        if n % 3 == 0:
            items = [
                {"code": code, "actual": actual}
                for code, actual in (("O-TAX", "1.00"), ("O-OUTPUT", "450.00"), ("O-ENERGY", "0.28"), ("O-RD", "0.036"))
            ]
            more.append(
                (
                    "performance.assessed",
                    f"{2027 + n}-04-01",
                    "MIIT",
                    {"kind": "PROCESS", "period": year, "items": items},
                )
            )
        more.append(("site.inspected", f"{2027 + n}-05-01", "TOWN", {"kind": "PATROL", "findings": []}))
    return [*typical_life(), *more]


def events_of(entries: list[Entry]) -> list[Event]:
    """The entries as recorded events of one parcel."""
    return [
        Event(str(uuid.uuid5(uuid.NAMESPACE_OID, str(n))), PARCEL, n, n, kind, 1, day_number(day), n * 1_000_000, "120114", by, None, "C-1",
              None, None, data)
        for n, (kind, day, by, data) in enumerate(entries, start=1)
    ]  # fmt: skip


def measure(events: list[Event], as_of: str, runs: int, *, warm: bool) -> float:
    """The median time of one evaluation in ms."""
    book, day = RuleBook.shipped(), day_number(as_of)
    rules, calendar = book.rules("120114"), book.calendar()
    kept = fold(events, RANK)
    taken = []
    for _ in range(runs):
        facts: Facts = kept if warm else fold(events, RANK)
        began = time.perf_counter()
        evaluate(facts, day, rules, calendar)
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def figures(runs: int) -> list[dict[str, Any]]:
    """Every figure with its target (specification of the product: 0.4 ms and 2 ms)."""
    found = []
    for name, entries, as_of, target in (
        ("typical", typical_life(), "2026-11-24", 0.4),
        ("long", long_life(), "2042-11-24", 2.0),
    ):
        for warm in (False, True):
            events = events_of(entries)
            value = measure(events, as_of, runs, warm=warm)
            label = f"evaluate, {name} parcel ({len(events)} events){', asked again' if warm else ''}"
            found.append({"name": label, "unit": "ms", "value": round(value, 3), "target": f"<= {target}"})
    return found


if __name__ == "__main__":
    for line in figures(int(sys.argv[1]) if len(sys.argv) > 1 else 400):
        print(json.dumps(line, ensure_ascii=False))
