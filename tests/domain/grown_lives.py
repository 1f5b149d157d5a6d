"""Lives that grow one accepted report at a time: what the forms or the guards refuse never enters them.

`choose` hands out every decision, so that the same growth serves hypothesis (a strategy behind it) and a long run
(`random.Random` behind it).
"""

import uuid
from datetime import date, timedelta

from law_lives import BOOK
from second_law.days import add_months, add_years

from domain.decision import Command, Context
from domain.errors import Refusal
from domain.event import Event, day_number
from domain.events import RANK
from domain.events.envelope import normalise
from domain.facts import fold
from domain.parcel import decide
from domain.supervision import assess_on

TODAY = day_number("2099-12-31")
CAUSES = ("GOV_LATE_DELIVERY", "FORCE_MAJEURE", "PRELIMINARY_WORK", "ENTERPRISE_MARKET", "JUDICIAL")
MODES = (
    "GRANT_LISTING", "GRANT_LISTING", "GRANT_LISTING", "GRANT_TENDER", "ELASTIC", "LEASE_LONG", "LEASE_THEN_GRANT", "ALLOCATION",
    "CAPITAL_CONTRIBUTION",
)  # fmt: skip
TERMS = (
    {"code": "O-TAX", "direction": "GE", "threshold": "10.00", "unit": "万元/亩", "assess_on": "REACH", "hard": True},
    {
        "code": "O-OUTPUT",
        "direction": "GE",
        "threshold": "3000.00",
        "unit": "万元/公顷",
        "assess_on": "REACH",
        "hard": True,
    },
    {"code": "O-ENERGY", "direction": "LE", "threshold": "0.35", "unit": "吨标煤/万元", "assess_on": "REACH"},
    {
        "code": "O-INVEST",
        "direction": "GE",
        "threshold": "250.00",
        "unit": "万元/亩",
        "assess_on": "COMPLETION",
        "hard": True,
    },
    {"code": "O-FAR", "direction": "GE", "threshold": "1.20", "assess_on": "COMPLETION"},
    {"code": "O-BCOEF", "direction": "GE", "threshold": "0.4000", "unit": "ratio", "assess_on": "COMPLETION"},
    {"code": "O-OFFICE-L", "direction": "LE", "threshold": "0.0700", "unit": "ratio", "assess_on": "COMPLETION"},
    {"code": "O-OFFICE-F", "direction": "LE", "threshold": "0.1500", "unit": "ratio", "assess_on": "COMPLETION"},
    {"code": "O-GREEN", "direction": "LE", "threshold": "0.2000", "unit": "ratio", "assess_on": "COMPLETION"},
    {"code": "O-NOHOUSE", "assess_on": "COMPLETION"},
    {"code": "O-USE", "assess_on": "DATE"},
    {"code": "O-EQUITY", "assess_on": "DATE"},
)
NAMED = (
    "O-START", "START", "COMPLETE", "O-COMPLETE", "PROD", "O-REACH", "PERF", "O-TAX", "FAR", "O-OFFICE-F", "GREEN", "BCOEF", "HOUSING",
    "INVEST", "O-USE", "USE", "O-EQUITY", "LETTING", "PUBLIC", "TRANSFER", "IDLE", "TERM", "O-PAY/1", "O-PAY/2", "PAY",
    "UNLAWFUL_START",
)  # fmt: skip
OFFICES = {
    "START": "HUC", "COMPLETE": "HUC", "PROD": "MIIT", "REACH": "MIIT", "PERF": "MIIT", "TAX": "MIIT", "INVEST": "DRC", "EQUITY": "TOWN",
    "LETTING": "TOWN",
}  # fmt: skip
POSTERS = {
    "payment.received": "FIN", "performance.assessed": "MIIT", "charge.paid": "FIN", "title.registered": "REG", "title.cancelled": "REG",
    "construction.started": "HUC", "construction.completed": "HUC", "indicators.reported": "TAX", "seizure.imposed": "COURT",
}  # fmt: skip


class RandomChoice:
    """Decisions from a `random.Random`."""

    def __init__(self, chance):
        self.chance = chance

    def pick(self, options):
        return self.chance.choice(options)

    def number(self, low, high):
        return self.chance.randint(low, high)


class Parcel:
    """One life: its events in the order of recording, and the names of the breaches that it ever had."""

    def __init__(self, jurisdiction="120114", parcel="120114001002GB00099"):
        self.jurisdiction, self.id = jurisdiction, parcel
        self.rules, self.calendar = BOOK.rules(jurisdiction), BOOK.calendar()
        self.events, self.names, self.refused = [], {}, 0

    def facts(self):
        return fold(self.events, RANK)

    def post(self, kind, day, data, department=None):
        """Takes one report as the system would; False where form or guard refuses it."""
        number = len(self.events) + 1
        identity = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{kind}/{number}"))
        department = department or POSTERS.get(kind, "NRP")
        document = {"no": f"文{number}"}
        try:
            data = normalise(kind, data)
            command = Command(
                identity,
                self.id,
                kind,
                1,
                day.toordinal(),
                self.jurisdiction,
                department,
                None,
                "C-1",
                document,
                None,
                data,
            )
            decide(self.facts(), command, Context(TODAY, self.rules, self.calendar, {}, BOOK))
        except Refusal:
            self.refused += 1
            return False
        self.events.append(
            Event(identity, self.id, number, number, kind, 1, day.toordinal(), number * 1000, self.jurisdiction, department, None, "C-1",
                  document, None, data)
        )  # fmt: skip
        return True

    def breaches(self, day):
        """The open ones of a day; their ids are kept for later."""
        found = assess_on(self.facts(), day.toordinal(), self.rules, self.calendar).open_breaches()
        for one in found:
            self.names[one.breach_id] = (one.kind, (one.obligation, *one.events))
        return found

    def contract(self):
        return next(one.data for one in reversed(self.events) if one.type == "contract.signed")


def sign(parcel, choose):
    """The first reports: a contract of any mode, often an agreement."""
    signed = choose.pick((date(2019, 1, 2), date(2020, 2, 29), date(2021, 3, 31), date(2018, 8, 31)))
    mode = choose.pick(MODES)
    start = choose.pick((add_years(signed, 1), date(2020, 2, 29), date(2024, 2, 29), add_months(signed, 18)))
    dues = {
        "start_due": start,
        "complete_due": add_months(start, 24),
        "production_due": add_months(start, 30),
        "capacity_due": add_months(start, 54),
    }
    data = {
        "supply_mode": mode, "area_m2": "30000.00", "development_investment_wan": "4000.00", "far_min": "1.00", "far_max": "2.00",
        "holder": {"name": "示例公司"}, "use_code": "100101", **{key: str(due) for key, due in dues.items()},
    }  # fmt: skip
    if mode.startswith("LEASE"):
        years = 5 if mode == "LEASE_THEN_GRANT" else choose.pick((5, 10, 20))
        data |= {
            "annual_rent_wan": "310.00", "rent_due": choose.pick((f"{signed:%m-%d}", "02-29", "10-01")), "term_years": f"{years}.0",
            "term_from": str(signed), "term_to": str(add_years(signed, years) - timedelta(1)), "assessed_price_50y_wan": "3000.00",
        }  # fmt: skip
    else:
        first, second = signed + timedelta(60), signed + timedelta(240)
        data |= {} if mode == "ALLOCATION" else {"term_years": "20.0" if mode == "ELASTIC" else "50.0"}
        data |= {
            "price_wan": "3333.33", "ld_start_permille_day": "0.500",
            "ld_complete_permille_day": choose.pick(("1.000", "0.333")),
            "instalments": [{"no": 1, "due": str(first), "amount_wan": "2000.00"}, {"no": 2, "due": str(second), "amount_wan": "1333.33"}],
        }  # fmt: skip
        data |= {"assessed_price_50y_wan": "3000.00"} if mode == "ELASTIC" else {}
    if choose.number(0, 5) == 0:
        data |= {"onboarding": True, "onboarded_on": str(signed + timedelta(choose.number(0, 1500)))}
    if choose.number(0, 3) == 0:
        data["redevelopment"] = True
    if choose.number(0, 3):
        terms = [term for term in TERMS if choose.number(0, 1)]
        if choose.number(0, 2) == 0:
            terms.append(
                {"code": "O-BOND", "direction": "BY_DATE", "assess_on": "DATE", "due": str(signed + timedelta(90))}
            )
        clause = {"present": bool(choose.number(0, 2)), "text": "两次评估不达标可解除"}
        parcel.post(
            "agreement.signed",
            signed,
            {
                "agreement_no": "A-1",
                "exit_clause": clause,
                "bond": {"amount_wan": "20.00", "form": "CASH"},
                "obligations": terms,
            },
            "TOWN",
        )
    return parcel.post("contract.signed", signed, data)


def prosper(parcel, choose):
    """What a parcel on its way does, up to some step, each within two months of the day agreed: early or late."""
    contract = parcel.contract()
    for one in contract.get("instalments", ())[: choose.number(0, 2)]:
        paid = date.fromisoformat(one["due"]) + timedelta(choose.number(-20, 20))
        parcel.post("payment.received", paid, {"instalment_no": one["no"], "amount_wan": one["amount_wan"]})
    start, complete, production = (
        date.fromisoformat(contract[name]) for name in ("start_due", "complete_due", "production_due")
    )
    started = {"evidence": "ALL_PILES_DRIVEN", "permit_no": "p"}
    steps = (
        ("land.delivered", start - timedelta(200), {}), ("title.registered", start - timedelta(100), {"kind": "FIRST"}),
        ("construction.started", start, started), ("construction.completed", complete, {}), ("production.started", production, {}),
    )  # fmt: skip
    signed = date.fromordinal(parcel.events[0].occurred_on)
    for kind, day, data in steps[: choose.number(0, len(steps))]:
        parcel.post(kind, max(day + timedelta(choose.number(-60, 60)), signed), data)


def a_day(parcel, choose):
    """Any day of 60 years; mostly near a day that matters."""
    contract, signed = parcel.contract(), date.fromordinal(parcel.events[0].occurred_on)
    return max(_near(parcel, choose, contract, signed), signed)


def _near(parcel, choose, contract, signed):
    near = choose.number(0, 9)
    if near < 4:
        return signed + timedelta(choose.number(0, 3300))
    if near == 4:
        return signed + timedelta(choose.number(0, 21900))
    texts = [value for value in contract.values() if isinstance(value, str) and len(value) == 10 and value[4] == "-"]
    texts += [one["due"] for one in contract.get("instalments", ())]
    texts += [one.data["until"] for one in parcel.events if one.type == "rectification.ordered"]
    texts += [
        day for one in parcel.events if one.type == "extension.decided" for day in one.data.get("new", {}).values()
    ]
    days = [date.fromisoformat(text) for text in texts] + [date.fromordinal(one.occurred_on) for one in parcel.events]
    base = choose.pick(days)
    moved = choose.pick(
        (base, add_years(base, 1), add_years(base, 2), add_months(base, -12), add_months(base, -18), base - timedelta(30),
         base - timedelta(60), add_years(base, 1) - timedelta(60), base + timedelta(60), add_months(base, 3), base - timedelta(180))
    )  # fmt: skip
    return moved + timedelta(choose.number(-1, 1))


def _sum(choose, *usual):
    return choose.pick((*usual, f"{choose.number(1, 300000) / 100:.2f}"))


def pay(parcel, choose, day):
    if parcel.contract()["supply_mode"].startswith("LEASE"):
        begin, end = (date.fromisoformat(parcel.contract()[name]) for name in ("term_from", "term_to"))
        number, sums = str(choose.number(begin.year, end.year - 1)), ("310.00", "310.00", "100.00")
    else:
        number, sums = choose.pick((1, 2)), ("2000.00", "1333.33", "500.00")
    parcel.post("payment.received", day, {"instalment_no": number, "amount_wan": _sum(choose, *sums)})


def build(parcel, choose, day):
    """Delivery, title, permit, start, progress, stop, resumption, completion, production."""
    started = {"evidence": "PIT_EXCAVATED"}
    kind, data = choose.pick((
        ("land.delivered", {}), ("title.registered", {"kind": "FIRST"}), ("construction.permitted", {"permit_no": "p"}),
        ("construction.started", started | {"permit_no": "p"}), ("construction.started", started), ("construction.started", {"unlawful": True}),
        ("construction.stopped", {"cause": "ENTERPRISE_MARKET"}), ("construction.stopped", {"cause": "GOV_OTHER"}),
        ("construction.resumed", {}), ("construction.completed", {}), ("production.started", {}), ("bond.posted", {"amount_wan": "20.00"}),
        ("title.registered", {"kind": "FIRST"} | ({} if parcel.contract()["supply_mode"] == "ALLOCATION" else {"right_to": str(add_years(day, 12))})),
        ("site.inspected", {"kind": "PATROL", "findings": ["UNLAWFUL_START"]}),
    ))  # fmt: skip
    parcel.post(kind, day, data)


def progress(parcel, choose, day):
    data = {}
    if choose.number(0, 2):
        data["developed_m2"] = choose.pick(("3000.00", "9999.99", "10000.00", "20000.00"))
    if choose.number(0, 2):
        data["invest_excl_land_wan"] = choose.pick(("100.00", "999.99", "1000.00", "2500.00"))
    parcel.post("construction.progress_reported", day, data, "TOWN")


def verify(parcel, choose, day):
    data = {
        "land_area_m2": "30000.00", "floor_area_m2": choose.pick(("20000.00", "30000.00", "36000.00", "70000.00")),
        "double_counted_m2": choose.pick(("0.00", "10000.00")), "building_footprint_m2": choose.pick(("10000.00", "12000.00")),
        "structure_m2": "0.00", "yard_m2": choose.pick(("0.00", "500.00")), "office_land_m2": choose.pick(("2100.00", "2100.01")),
        "office_floor_m2": choose.pick(("3000.00", "4000.00")), "green_m2": choose.pick(("6000.00", "7000.00")),
    }  # fmt: skip
    if choose.number(0, 1):
        data["housing"] = bool(choose.number(0, 1))
    parcel.post("construction.verified", day, data)


def change(parcel, choose, day):
    kind, data = choose.pick((
        ("conditions.changed", {"far_min": "0.60", "reason": "调整"}), ("conditions.changed", {"far_min": "1.10", "reason": "调整"}),
        ("agreement.amended", {"agreement_no": "A-2", "obligations": [TERMS[0] | {"threshold": "8.50"}]}),
        ("agreement.amended", {"agreement_no": "A-3", "obligations": [TERMS[8] | {"threshold": "0.3000"}]}),
        ("agreement.amended", {"agreement_no": "A-4", "exit_clause": {"present": True, "text": "可解除"}}),
    ))  # fmt: skip
    parcel.post(kind, day, data)


def assess(parcel, choose, day):
    figures = {
        "O-TAX": (("9.99", "万元/亩"), ("10.00", "万元/亩"), ("151", "万元/公顷"), ("11.00", "万元/亩")),
        "O-OUTPUT": (("2999.99", "万元/公顷"), ("200.00", "万元/亩"), ("3000.00", "万元/公顷")),
        "O-ENERGY": (("0.36", "吨标煤/万元"), ("0.30", "吨标煤/万元")),
        "O-INVEST": (("249.00", "万元/亩"), ("3750.00", "万元/公顷"), ("260.00", "万元/亩")),
    }
    kind = choose.pick(("REACH", "REACH", "REACH", "PROCESS", "START_COMPLETE", "EXPIRY", "CONVERSION"))
    items = []
    for code, choices in figures.items():
        if (code == "O-INVEST") == (kind == "START_COMPLETE"):
            actual, unit = choose.pick(choices)
            items.append({"code": code, "actual": actual, "unit": unit})
    period = {"from": f"{day.year - 1}-01-01", "to": f"{day.year - 1}-12-31"}
    data = {"kind": kind, "period": period, "items": items}
    if not parcel.post("performance.assessed", day, data):
        parcel.post("performance.assessed", day, data | {"result": choose.pick(("PASS", "FAIL"))})


def report_figures(parcel, choose, day):
    year = choose.pick((day.year, day.year - 1))
    data = {
        "period": {"from": f"{year}-01-01", "to": f"{year}-12-31"},
        "scope": choose.pick(("PARCEL", "PARCEL", "ENTERPRISE")),
    }
    data |= {"allocation_rule": "BY_AREA"} if data["scope"] == "ENTERPRISE" else {}
    office, figures = choose.pick((
        ("TAX", {"tax_wan": "449.99"}), ("TAX", {"tax_wan": "450.00"}), ("STAT", {"output_wan": "9000.00"}), ("STAT", {"output_wan": "8000.00"}),
        ("DRC", {"energy_tce": "3000.00", "energy_basis": "EQUIVALENT"}),
    ))  # fmt: skip
    parcel.post("indicators.reported", day, data | figures, office)


def address(parcel, choose, day):
    """A step of the procedure: by the name of a duty, or by the id of a breach."""
    standing = parcel.breaches(day)
    if standing and choose.number(0, 2):
        one = choose.pick(standing)
        kind = one.kind
        data = {"breach_id": one.breach_id} if choose.number(0, 1) else {"obligation": one.obligation or one.kind}
    else:
        name = choose.pick(NAMED)
        kind, data = name.removeprefix("O-"), {"obligation": name}
    office = OFFICES.get(kind, "NRP")
    step, more = choose.pick((
        ("breach.notified", {}), ("breach.decided", {"decision": "CONFIRMED"}), ("breach.decided", {"decision": "EXEMPTED"}),
        ("breach.decided", {"decision": "WITHDRAWN"}), ("rectification.ordered", {"until": str(day + timedelta(choose.number(1, 400)))}),
        ("rectification.ordered", {"until": str(day + timedelta(choose.number(1, 60)))}), ("rectification.inspected", {"result": "CURED"}),
        ("rectification.inspected", {"result": "NOT_CURED"}), ("interview.held", {}),
    ))  # fmt: skip
    parcel.post(step, day, data | more, office)


def extend(parcel, choose, day):
    """Every dependent date moves by the same days, from what stands now."""
    due = {o.code: o.due for o in assess_on(parcel.facts(), day.toordinal(), parcel.rules, parcel.calendar).obligations}
    days = choose.number(1, 366)
    fields = {
        "start_due": "O-START",
        "complete_due": "O-COMPLETE",
        "production_due": "O-PROD",
        "capacity_due": "O-REACH",
    }
    skipped = choose.number(0, 3)
    new = {
        name: str(date.fromordinal(due[code] + days))
        for n, (name, code) in enumerate(fields.items())
        if due.get(code) and n >= skipped
    }
    cause = choose.pick(CAUSES)
    parcel.post("extension.requested", day, {"cause": cause})
    data = {
        "decision": choose.pick(("APPROVED", "APPROVED", "REFUSED")),
        "cause": cause,
        "new": new,
        "supplement_no": f"B-{len(parcel.events)}",
    }
    parcel.post("extension.decided", day, data)


def handle_idle(parcel, choose, day):
    kind, data = choose.pick((
        ("idle.investigated", {}), ("idle.determined", {"result": "IDLE_ENTERPRISE"}), ("idle.determined", {"result": "IDLE_ENTERPRISE"}),
        ("idle.determined", {"result": "IDLE_GOVERNMENT"}), ("idle.determined", {"result": "NOT_IDLE"}),
        ("idle.determined", {"result": "FORCE_MAJEURE"}), ("idle.disposed", {"option": "FEE"}),
    ))  # fmt: skip
    parcel.post(kind, day, data)


def charge(parcel, choose, day):
    charges = [one.data for one in parcel.events if one.type == "charge.assessed"]
    if charges and choose.number(0, 1):
        one = choose.pick(charges)
        parcel.post(
            "charge.paid", day, {"charge_id": one["charge_id"], "amount_wan": choose.pick((one["amount_wan"], "1.00"))}
        )
        return
    kind, office = choose.pick((
        ("IDLE_FEE", "NRP"), ("LD_START", "NRP"), ("LD_COMPLETE", "NRP"), ("LD_FAR", "NRP"), ("LD_INVEST", "DRC"), ("TOP_UP", "MIIT"),
        ("LATE_FEE", "NRP"), ("OTHER", "NRP"),
    ))  # fmt: skip
    found = assess_on(parcel.facts(), day.toordinal(), parcel.rules, parcel.calendar)
    lines = {one.kind: f"{one.amount / 10000:.2f}" for one in found.amounts if one.amount > 0}
    kinds = {one.kind for one in found.open_breaches()}
    data = {"charge_id": f"c{len(parcel.events)}", "kind": kind, "amount_wan": lines.get(kind, "666.67")}
    if choose.number(0, 1):
        data |= {"amount_wan": _sum(choose, "10.00"), "override_reason": "另有约定"}
    if kind not in lines and {"IDLE_FEE": "IDLE", "TOP_UP": "PERF", "OTHER": kind}.get(kind) not in kinds | {"OTHER"}:
        return
    parcel.post("charge.assessed", day, data, office)


def leave(parcel, choose, day):
    kind = choose.pick(("VS", "AB", "MT", "MTA", "FI", "FP", "FPAY", "FUSE", "EX", "LE", "JD", "PI", "HL"))
    step, data = choose.pick((
        ("exit.opened", {"kind": kind}), ("exit.opened", {"kind": kind}), ("exit.signed_off", {"kind": kind, "result": "APPROVED"}),
        ("exit.withdrawn", {"reason": "撤回"}), ("remedy.decided", {"outcome": choose.pick(("ANNULLED", "UPHELD"))}),
        ("title.cancelled", {}), ("transfer.registered", {"kind": "WHOLE", "assumes_agreement": True, "transferee_name": "乙公司"}),
        ("transfer.requested", {"kind": "PART", "assumes_agreement": True}), ("letting.reported", {"floor_area_m2": "10.00"}),
        ("seizure.imposed", {"case_no": choose.pick(("1", "2")), "from": str(day), "to": str(day + timedelta(400))}),
        ("seizure.lifted", {"case_no": "1"}), ("equity.changed", {"percent": "0.6000", "consent": bool(choose.number(0, 1))}),
    ))  # fmt: skip
    parcel.post(step, day, data, "GOV" if step == "exit.signed_off" else None)


def go_on(parcel, choose, day):
    """Renewal and conversion."""
    end = assess_on(parcel.facts(), day.toordinal(), parcel.rules, parcel.calendar).right_to
    end = date.fromordinal(end) if end else add_years(day, 1)
    kind, data = choose.pick((
        ("renewal.applied", {}), ("renewal.applied", {}), ("conversion.applied", {}),
        ("renewal.decided", {"decision": "APPROVED", "new_end": str(add_years(end, 10)), "effective_from": str(end + timedelta(1))}),
        ("renewal.decided", {"decision": "REFUSED"}), ("conversion.decided", {"decision": "REFUSED"}),
        ("conversion.decided", {"decision": "APPROVED", "term_to": str(add_years(end, 20)), "price_wan": "500.00"}),
    ))  # fmt: skip
    parcel.post(kind, day, data)


def file(parcel, choose, day):
    """Register, documents and filings."""
    kind, data = choose.pick((
        ("register.entered", {"register": "PROVINCIAL"}), ("document.approved", {"doc_type": "SCHEME", "doc_ref": "D-1", "doc_date": str(day)}),
        ("document.approved", {"doc_type": "PROGRESS", "doc_date": str(day)}), ("filing.submitted", {"doc_type": "SCHEME", "doc_ref": "D-1"}),
        ("filing.submitted", {"doc_type": "AGREEMENT", "doc_ref": "A-1"}), ("filing.submitted", {"doc_type": "SUPPLY_RESULT", "doc_ref": "C-1"}),
        ("filing.submitted", {"doc_type": "PROGRESS"}),
    ))  # fmt: skip
    parcel.post(kind, day, data, "TOWN" if kind == "filing.submitted" else None)


def correct(parcel, choose, day):
    """A correction of day or figure, or a withdrawal, of any earlier report, by its own department."""
    one = choose.pick(parcel.events)
    signing = one.type in ("contract.signed", "agreement.signed")
    if choose.number(0, 2) == 0 and not signing:
        parcel.post("report.withdrawn", day, {"withdraws": one.event_id, "reason": "误报"}, one.department)
        return
    stands = parcel.facts().by_id.get(one.event_id)
    if stands is None:
        return
    figures = [
        name
        for name in ("developed_m2", "invest_excl_land_wan", "floor_area_m2", "tax_wan", "amount_wan", "start_due")
        if name in stands.data
    ]
    if figures and (signing or choose.number(0, 1)):
        field, old = figures[0], stands.data[figures[0]]
        new = (
            str(date.fromisoformat(old) + timedelta(30))
            if field == "start_due"
            else choose.pick(("5000.00", "40000.00", "460.00"))
        )
    elif signing:
        return
    else:
        field, old = "occurred_on", str(date.fromordinal(stands.occurred_on))
        moved = date.fromordinal(stands.occurred_on) + timedelta(choose.pick((-400, -30, -1, 1, 30, 400)))
        new = str(max(moved, date.fromordinal(parcel.events[0].occurred_on)))
    data = {"corrects": one.event_id, "changes": [{"field": field, "old": old, "new": new}], "reason": "更正"}
    parcel.post("report.corrected", day, data, one.department)


STEPS = (
    pay, build, build, progress, verify, change, assess, report_figures, address, extend, handle_idle, charge, leave, go_on, file, correct,
)  # fmt: skip
