"""Given a district with a parcel that has all that a status can show; and how a shape of the contract is checked."""

import re
import uuid
from datetime import datetime

import pytest

from given_api import OTHER_PARCEL, PARCEL, contract, work

PAGE = {"items", "next", "data_as_of"}
TAX = {
    "code": "O-TAX", "direction": "GE", "threshold": "20.00", "unit": "万元/亩", "assess_on": "REACH", "cure_months": 12, "supervisor": "TAX",
    "hard": True, "cash_top_up": True,
}  # fmt: skip


def event(kind, day, data, **more):
    document = {"no": "津武文〔2024〕1号", "date": day}
    return {"event_id": str(uuid.uuid4()), "type": kind, "occurred_on": day, "document": document, "data": data} | more


@pytest.fixture
def district(api):
    """A parcel with all that a status can show: a late start, a plot ratio in cure, a failed assessment, a top-up."""
    posts = [
        ("TOWN", event("agreement.signed", "2019-01-10", {"agreement_no": "津武监1", "signed_on": "2019-01-10", "contract_no": "津武(挂)2024-01", "exit_clause": {"present": False}, "obligations": [TAX]})),
        ("NRP", contract("2019-01-10", start_due="2020-01-10", complete_due="2022-01-10", production_due="2022-07-10", capacity_due="2024-07-10", far_min="1.00", far_max="2.00", supervision_no="1201142019B00015", instalments=[{"no": 1, "due": "2019-03-10", "amount_wan": "2400.00"}], ld_start_permille_day="0.500")),
        ("FIN", event("payment.received", "2019-03-01", {"instalment_no": 1, "amount_wan": "2400.00", "voucher_no": "v"})),
        ("NRP", event("land.delivered", "2019-02-01", {"land_condition": "LEVELLED"})),
        ("REG", event("title.registered", "2019-04-01", {"unit_code": f"{PARCEL}W00000000", "right_from": "2019-02-01", "right_to": "2069-01-31", "cert_no": "c", "kind": "FIRST"})),
        ("HUC", event("construction.started", "2020-02-10", {"evidence": "PIT_EXCAVATED", "permit_no": "p"})),
        ("HUC", event("construction.completed", "2021-12-10", {"record_no": "r", "floor_area_m2": "36000.00"})),
        ("NRP", event("construction.verified", "2022-01-05", {"land_area_m2": "40000.00", "floor_area_m2": "36000.00", "double_counted_m2": "0.00"})),
        ("NRP", event("rectification.ordered", "2022-02-01", {"obligation": "O-FAR", "until": "2026-06-20"})),
        ("MIIT", event("production.started", "2022-07-01", {"evidence": "x"})),
        ("TAX", event("indicators.reported", "2025-02-01", {"period": {"from": "2024-01-01", "to": "2024-12-31"}, "scope": "PARCEL", "tax_wan": "900.00"})),
        ("MIIT", event("performance.assessed", "2025-03-01", {"kind": "REACH", "period": {"from": "2024-01-01", "to": "2024-12-31"}, "items": [{"code": "O-TAX", "required": "20.00", "actual": "15.00", "unit": "万元/亩"}]})),
        ("MIIT", event("charge.assessed", "2025-03-10", {"charge_id": str(uuid.uuid4()), "kind": "TOP_UP", "amount_wan": "300.00", "due": "2025-05-09", "obligation": "O-TAX"})),
    ]  # fmt: skip
    for who, body in posts:
        answer = api.post(body, who=who)
        assert answer.status_code == 201, answer.text
    assert api.post(contract(), parcel=OTHER_PARCEL).status_code == 201
    work(api)
    return api


def shaped(value, shape, at="answer"):
    """Every member of the shape stands in the value, with its type; a pattern is for text, None allows null."""
    for name, wanted in shape.items():
        assert name in value, f"{at}.{name} is missing"
        one, allowed = value[name], wanted if isinstance(wanted, tuple) else (wanted,)
        ok = any(
            one is None
            if kind is None
            else isinstance(one, str) and kind.fullmatch(one)
            if isinstance(kind, re.Pattern)
            else isinstance(one, kind) and not (kind is int and isinstance(one, bool))
            for kind in allowed
        )
        assert ok, f"{at}.{name} = {one!r}"


def instant(text):
    return datetime.fromisoformat(text).utcoffset() is not None
