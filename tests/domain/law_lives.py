"""Lives of parcels for tests of the law: short ones written by hand, random ones from a pool of everything that happens."""

import os
import uuid

from hypothesis import strategies as st

from domain.event import Event, day_number, day_text
from domain.events import RANK
from domain.facts import fold
from domain.policy import RuleBook
from domain.supervision import assess_on, evaluate

EXAMPLES = int(os.environ.get("LAW_EXAMPLES", "150"))
BOOK = RuleBook.shipped()
PARCEL = "120114001002GB00099"
CONTRACT = {
    "supply_mode": "GRANT_LISTING", "holder": {"uscc": "91120114MA06TEK14B", "name": "示例公司"}, "area_m2": "30000.00",
    "price_wan": "1000.00", "term_years": "50.0", "start_due": "2020-01-01", "complete_due": "2022-01-01", "production_due": "2022-07-01",
    "capacity_due": "2024-07-01", "development_investment_wan": "4000.00", "far_min": "1.00", "far_max": "2.00",
    "instalments": [{"no": 1, "due": "2019-06-01", "amount_wan": "600.00"}, {"no": 2, "due": "2019-12-02", "amount_wan": "400.00"}],
    "ld_start_permille_day": "1.000", "ld_complete_permille_day": "1.000",
}  # fmt: skip
LEASE = {
    "supply_mode": "LEASE_THEN_GRANT", "area_m2": "30000.00", "annual_rent_wan": "60.00", "rent_due": "03-01", "term_years": "5.0",
    "term_from": "2019-03-01", "term_to": "2024-02-29", "assessed_price_50y_wan": "3000.00", "start_due": "2020-01-01",
    "complete_due": "2022-01-01",
}  # fmt: skip
TAX = {"code": "O-TAX", "direction": "GE", "threshold": "10.00", "unit": "万元/亩", "assess_on": "REACH", "hard": True}
AGREEMENT = {
    "agreement_no": "A-1",
    "exit_clause": {"present": True, "text": "两次评估不达标可解除"},
    "obligations": [TAX],
}
START = {"evidence": "PIT_EXCAVATED", "permit_no": "p"}
PAID = [
    ("payment.received", "2019-05-01", {"instalment_no": 1, "amount_wan": "600.00"}),
    ("payment.received", "2019-11-01", {"instalment_no": 2, "amount_wan": "400.00"}),
]
BUILT = [
    *PAID, ("land.delivered", "2019-03-01", {}), ("title.registered", "2019-12-10", {"kind": "FIRST"}), ("construction.started", "2019-12-20", START),
    ("construction.completed", "2021-12-01", {}), ("production.started", "2022-06-01", {}),
]  # fmt: skip


def life(*entries, contract=CONTRACT, signed="2019-01-01", agreement=None, parcel=PARCEL):
    """The events of a parcel: (type, day, data[, department]) in the order in which they were recorded."""
    lines = [] if contract is None else [("contract.signed", signed, contract)]
    if agreement is not None:
        lines.append(("agreement.signed", signed, agreement))
    events = []
    for number, (kind, day, data, *by) in enumerate([*lines, *entries], start=1):
        identity = str(uuid.uuid5(uuid.NAMESPACE_OID, str(number)))
        events.append(
            Event(identity, parcel, number, number, kind, 1, day_number(day), number * 1000, "120114", by[0] if by else "NRP", None, "C-1",
                  None, None, data)
        )  # fmt: skip
    return events


def on(day, events, known_at=None, jurisdiction="120114", book=BOOK):
    """The assessment at the end of a day."""
    return assess_on(fold(events, RANK, known_at), day_number(day), book.rules(jurisdiction), book.calendar())


def whole(day, events):
    """The assessment with its next change."""
    return evaluate(fold(events, RANK), day_number(day), BOOK.rules("120114"), BOOK.calendar())


def phases(found):
    """Kind → phase of the open breaches."""
    return {breach.kind: breach.phase for breach in found.open_breaches()}


def money(found):
    """Kind → (万元, state)."""
    return {one.kind: (one.amount / 10_000, one.state) for one in found.amounts}


def codes(found):
    """Codes of the alerts, those of open breaches left out."""
    return {one.code for one in found.alerts if not one.code.startswith("A-BREACH")}


def blockers(found, kind):
    """What bars a way out; empty where it is open."""
    return set(next(one for one in found.exit_kinds if one.kind == kind).blockers)


def later(day, days):
    """A day so many days later, as text."""
    return day_text(day_number(day) + days)


def extended(cause, **new):
    """An approved extension."""
    return (
        "extension.decided",
        "2020-02-01",
        {"decision": "APPROVED", "cause": cause, "supplement_no": "B-1", "new": new},
    )


_VERIFIED = {
    "land_area_m2": "30000.00",
    "building_footprint_m2": "15000.00",
    "office_land_m2": "1000.00",
    "office_floor_m2": "2000.00",
}
_HAPPENINGS = [
    *(("payment.received", {"instalment_no": no, "amount_wan": sum_}) for no, sum_ in ((1, "600.00"), (1, "200.00"), (2, "400.00"))),
    ("payment.received", {"instalment_no": "2020", "amount_wan": "60.00"}), ("land.delivered", {}), ("title.registered", {"kind": "FIRST"}),
    ("title.registered", {"kind": "FIRST", "right_to": "2026-03-31"}), ("construction.permitted", {"permit_no": "p"}),
    ("construction.started", START), ("construction.started", {"evidence": "PIT_EXCAVATED"}), ("construction.started", {"unlawful": True}),
    ("construction.progress_reported", {"developed_m2": "3000.00", "invest_excl_land_wan": "100.00"}),
    ("construction.progress_reported", {"developed_m2": "20000.00"}),
    ("construction.progress_reported", {"developed_m2": "20000.00", "invest_excl_land_wan": "1500.00"}),
    ("construction.stopped", {"cause": "ENTERPRISE_MARKET"}), ("construction.resumed", {}), ("construction.completed", {}),
    ("construction.verified", _VERIFIED | {"floor_area_m2": "20000.00"}), ("construction.verified", _VERIFIED | {"floor_area_m2": "40000.00"}),
    ("production.started", {}), ("performance.assessed", {"kind": "REACH", "items": [{"code": "O-TAX", "actual": "9.00", "unit": "万元/亩"}]}),
    ("performance.assessed", {"kind": "REACH", "items": [{"code": "O-TAX", "actual": "11.00", "unit": "万元/亩"}]}),
    ("performance.assessed", {"kind": "PROCESS", "items": [{"code": "O-TAX", "actual": "8.00", "unit": "万元/亩"}]}),
    *(("breach.notified", {"obligation": name}) for name in ("O-START", "O-REACH", "O-USE", "PERF", "FAR")),
    *(("rectification.ordered", {"obligation": name, "until": until}) for name, until in
      (("START", "2020-06-01"), ("COMPLETE", "2022-10-01"), ("PERF", "2025-09-30"), ("USE", "2023-05-01"), ("FAR", "2024-01-01"))),
    ("rectification.inspected", {"obligation": "USE", "result": "CURED"}), ("rectification.inspected", {"obligation": "PERF", "result": "NOT_CURED"}),
    ("breach.decided", {"obligation": "PERF", "decision": "EXEMPTED"}), ("breach.decided", {"obligation": "START", "decision": "CONFIRMED"}),
    ("breach.decided", {"obligation": "FAR", "decision": "WITHDRAWN"}),
    ("extension.decided", {"decision": "APPROVED", "cause": "GOV_OTHER", "new": {"start_due": "2020-06-01", "complete_due": "2022-06-01", "production_due": "2022-12-01", "capacity_due": "2024-12-01"}}),
    ("extension.decided", {"decision": "APPROVED", "cause": "ENTERPRISE_MARKET", "new": {"start_due": "2020-09-01", "complete_due": "2022-09-01"}}),
    ("idle.investigated", {}), *(("idle.determined", {"result": result}) for result in ("IDLE_ENTERPRISE", "IDLE_GOVERNMENT", "NOT_IDLE")),
    ("charge.assessed", {"charge_id": "c", "kind": "IDLE_FEE", "amount_wan": "200.00"}), ("charge.paid", {"charge_id": "c", "amount_wan": "200.00"}),
    ("charge.assessed", {"charge_id": "d", "kind": "LD_START", "amount_wan": "5.00"}), ("interview.held", {}),
    ("seizure.imposed", {"to": "2023-12-31"}), ("seizure.lifted", {}), ("transfer.registered", {"kind": "WHOLE", "transferee_name": "乙公司"}),
    *(("exit.opened", {"kind": kind}) for kind in ("VS", "MT", "FI")), ("exit.withdrawn", {"reason": "x"}), ("remedy.decided", {"outcome": "ANNULLED"}),
    ("title.cancelled", {}), ("renewal.applied", {}), ("renewal.decided", {"decision": "APPROVED", "new_end": "2040-01-01", "effective_from": "2026-04-01"}),
    ("renewal.decided", {"decision": "REFUSED"}), ("conversion.decided", {"decision": "APPROVED", "term_to": "2060-01-01"}),
    ("conversion.decided", {"decision": "REFUSED"}), ("transition.started", {"start_on": "2020-01-01", "end_on": "2024-12-31"}),
    ("indicators.reported", {"period": {"from": "2024-01-01", "to": "2024-12-31"}, "scope": "PARCEL", "tax_wan": "100.00"}), ("equity.changed", {"percent": "60", "consent": False}),
    ("site.inspected", {"kind": "PATROL", "findings": ["UNLAWFUL_START"]}), ("exit.signed_off", {"kind": "PI", "result": "APPROVED"}),
    ("agreement.amended", {"agreement_no": "A-2", "obligations": [TAX | {"threshold": "8.50"}]}), ("bond.posted", {"amount_wan": "20.00"}),
    ("conditions.changed", {"far_min": "0.50"}), ("register.entered", {"register": "PROVINCIAL"}), ("letting.reported", {"floor_area_m2": "10.00"}),
]  # fmt: skip
_FIRST, _DAYS = day_number("2019-01-02"), 3000

happenings = st.lists(st.tuples(st.sampled_from(_HAPPENINGS), st.integers(0, _DAYS)), max_size=14)


@st.composite
def lives(draw):
    """A whole life of a parcel: a contract or lease, perhaps imported, an agreement, and up to 14 things that happen."""
    contract = draw(st.sampled_from([CONTRACT, LEASE, CONTRACT | {"onboarding": True, "onboarded_on": "2021-01-01"}]))
    bond = {"code": "O-BOND", "direction": "BY_DATE", "assess_on": "DATE", "due": "2019-03-02"}
    agreement = draw(
        st.sampled_from(
            [None, AGREEMENT, AGREEMENT | {"obligations": [TAX, bond], "bond": {"amount_wan": "20.00", "form": "CASH"}}]
        )
    )
    entries = [(kind, day_text(_FIRST + offset), data) for (kind, data), offset in draw(happenings)]
    return life(*entries, contract=contract, agreement=agreement)
