"""What each parameter does: a small life, the parameter with another value, the answer that changes.

The tables also fill the last column of docs/rules.md. Given the packs as shipped and a life, when the parameter has another
value, then the answer is another.
"""

from fractions import Fraction

import pytest
from law_lives import (
    AGREEMENT,
    BOOK,
    BUILT,
    CONTRACT,
    LEASE,
    PARCEL,
    PAID,
    START,
    codes,
    extended,
    later,
    life,
    money,
    on,
    phases,
)
from test_guards import STOPPED
from test_policy_bites import book

from adapters.divisions import living
from api.areas import Area, _ranked
from api.catalogue import _classes
from domain.decision import Command, Context
from domain.errors import Refusal
from domain.event import Event, day_number, day_text
from domain.events import RANK, normalise
from domain.facts import fold
from domain.grading import FORMULAS, Enterprise, grade
from domain.identifiers import MalformedCode, check_project_code, check_unit_code, parse_parcel_id
from domain.parcel import decide
from domain.supervision import assess_on
from domain.supervision.clocks import clocks_of
from domain.supervision.life import Life

WUQING, LIAOCHENG = "120114", "371502"
FIRMS = [
    Enterprise(
        f"91120114MA{number:08d}", {"tax_per_mu": Fraction(2 * number), "tax_per_kwh": Fraction(number)}, frozenset({"TAX_FRAUD"} if number == 7 else ())
    )
    for number in range(1, 11)
]  # fmt: skip


def classed(what):
    """What the grading of ten enterprises says, the best first; the seventh has a veto."""
    return lambda rules_of: what(
        grade(FIRMS, FORMULAS["huangyan-2022-small"], {}, rules_of.rules(WUQING), day_number("2026-03-01"))
    )


def asked(day, events, what):
    """What an assessment of a day says."""
    return lambda rules_of: what(on(day, events, book=rules_of))


def posted(events, kind, day, data, by="NRP"):
    """What comes of a report: the code of its refusal, else the codes of its warnings."""

    def ask(rules_of):
        command = Command(
            "77777777-0000-4000-8000-000000000000", PARCEL, kind, 1, day_number(day), WUQING, by, None, None, None, None, normalise(kind, data)
        )  # fmt: skip
        context = Context(day_number("2046-01-01"), rules_of.rules(WUQING), rules_of.calendar(), {}, rules_of)
        try:
            return sorted(warning.code for warning in decide(fold(events, RANK), command, context).warnings)
        except Refusal as refusal:
            return refusal.code

    return ask


def clock(day, events, name):
    """The last days of a clock of the breaches of a day."""

    def ask(rules_of):
        life_then = Life(fold(events, RANK), day_number(day), rules_of.rules(WUQING), rules_of.calendar())
        found = assess_on(life_then.facts, life_then.as_of, life_then.rules, life_then.calendar)
        return [
            day_text(one.until)
            for breach in found.breaches
            for one in clocks_of(life_then, breach)
            if one.clock == name
        ]

    return ask


def ranked(*ranks):
    """(years among the last, named for an interview) of one of sixteen districts, by its rank of each year; None: none."""

    def ask(rules_of):
        events = [
            Event(str(place), "area:120101", place, place, "area.evaluated", 1, day_number("2026-03-01"), place, "120101",
                  "GOV", None, None, None, None, {"year": 2020 + place, "rank": rank})
            for place, rank in enumerate(ranks) if rank is not None
        ]  # fmt: skip
        [row] = _ranked([Area("120101", "120101", fold(events, RANK))], 2020 + len(ranks) - 1, rules_of)
        return row["years_among_last"], row["interview"]

    return ask


def level_of(code):
    return lambda found: next(one.level for one in found.alerts if one.code == code)


def blockers_of(kind):
    return lambda found: next(one.blockers for one in found.exit_kinds if one.kind == kind)


def due_of(kind):
    return lambda found: next(day_text(one.due) for one in found.amounts if one.kind == kind)


def sums(found):
    return {kind: amount for kind, (amount, _) in money(found).items()}


def filings(day, events):
    return lambda rules_of: [one.doc_type for one in on(day, events, jurisdiction=LIAOCHENG, book=rules_of).filings]


MILESTONES = ("start_due", "complete_due", "production_due", "capacity_due")
WHOLE, LATER = ({name: later(CONTRACT[name], days) for name in MILESTONES} for days in (152, 244))
EXTENSION = {"decision": "APPROVED", "supplement_no": "B-1", "new": WHOLE}
GOVERNMENT, ENTERPRISE = EXTENSION | {"cause": "GOV_OTHER"}, EXTENSION | {"cause": "ENTERPRISE_MARKET"}
BARE = {key: value for key, value in CONTRACT.items() if not key.startswith("ld_")}
LATE = ("construction.started", "2022-03-01", START)
FAILED = (
    "performance.assessed",
    "2024-09-01",
    {"kind": "REACH", "items": [{"code": "O-TAX", "actual": "9.00", "unit": "万元/亩"}]},
)
PASSED = (
    "performance.assessed",
    "2024-09-01",
    {"kind": "REACH", "items": [{"code": "O-TAX", "actual": "11.00", "unit": "万元/亩"}]},
)
REACHED = life(*BUILT, PASSED, agreement=AGREEMENT)
EXPIRY = {"kind": "EXPIRY", "items": [{"code": "O-TAX", "actual": "11.00", "unit": "万元/亩"}]}
TERM = CONTRACT | {"term_from": "2019-01-01", "term_to": "2068-12-31"}
TAKEN = [
    ("exit.signed_off", "2040-01-01", {"kind": "PI", "result": "APPROVED"}),
    ("exit.opened", "2040-01-02", {"kind": "PI"}),
]
BY_GOVERNMENT = life(
    *PAID, ("idle.investigated", "2021-01-10", {}), ("idle.determined", "2021-02-01", {"result": "IDLE_GOVERNMENT"})
)
BY_ENTERPRISE = [
    *PAID, ("idle.investigated", "2021-01-12", {}), ("idle.determined", "2021-02-20", {"result": "IDLE_ENTERPRISE"}),
]  # fmt: skip
RECOVERED = life(*BY_ENTERPRISE, ("idle.disposed", "2022-02-10", {"option": "FREE_RECOVERY"}))
EXIT = [*PAID, ("construction.started", "2019-12-01", START), ("exit.opened", "2020-02-01", {"kind": "VS"})]
REDEVELOPMENT = life(contract=CONTRACT | {"redevelopment": True}, signed="2021-03-01")
SURFACE = {
    "supply_mode": "GRANT_LISTING",
    "area_m2": "4000.00",
    "price_wan": "1000.00",
    "assessed_price_50y_wan": "1200.00",
}
BELOW = SURFACE | {"underground": [{"level": 1, "area_m2": "4000.00", "price_wan": "500.00"}]}
LONG = {
    "supply_mode": "LEASE_LONG",
    "term_years": "10.0",
    "assessed_price_50y_wan": "1000.00",
    "annual_rent_wan": "20.00",
}
STEP = LONG | {"rent_step": {"cycle_y": 5, "max_rise": "0.10"}}
NOTHING, NO_RECORD = [], ["NO_ADMISSION_RECORD", "NO_AGREEMENT"]
MIIT_ASSESSES = posted(life(*BUILT, agreement=AGREEMENT), *FAILED, by="MIIT")
SIGNED = ("contract.signed", "2019-01-01")

ANSWERS = {
    "calendar.roll.milestones": (True, {"START": "OPEN"}, {}, asked("2020-01-02", life(*PAID), phases)),
    "calendar.roll.idle": (True, "Y1", "NONE", asked("2021-01-02", life(*PAID), lambda found: found.idle_clock)),
    "assess.expiry.from_months": (
        24, ["EXPIRY_TOO_EARLY"], NOTHING, posted(life(*BUILT, agreement=AGREEMENT, contract=TERM), "performance.assessed", "2067-01-10", EXPIRY, "MIIT"),
    ),
    "alert.levels": ({"RED": ["A-START"]}, "RED", "YELLOW", asked("2020-02-01", life(*PAID), level_of("A-BREACH-START"))),
    "departments.map": ({"MIIT": "STB"}, NOTHING, "NOT_SUPERVISOR", MIIT_ASSESSES),
    "assessment.lead": ("DRC", NOTHING, "NOT_SUPERVISOR", MIIT_ASSESSES),
    "admission.env_class": (
        ["REPORT"], NOTHING, "NOT_IN_CATALOGUE", posted([], "admission.reviewed", "2019-01-01", {"result": "PASS", "env_class": "FORM"}, "EEB"),
    ),
    "agreement.required": (True, NO_RECORD, "AGREEMENT_REQUIRED", posted([], *SIGNED, CONTRACT)),
    "equity.max_change": (
        "0.5", {}, {"EQUITY": "OPEN"}, asked("2019-12-30", life(*PAID, ("equity.changed", "2019-12-01", {"percent": "0.6000"})), phases),
    ),
    "ld.start_permille_day": ("2", {}, {"LD_START": 2.0}, asked("2020-01-02", life(*PAID, contract=BARE), sums)),
    "ld.complete_permille_day": ("2", {}, {"LD_COMPLETE": 2.0}, asked("2022-03-02", life(*PAID, LATE, contract=BARE), sums)),
    "topup.due_days": (
        30, "2024-12-02", "2024-11-04",
        asked("2024-10-10", life(*BUILT, FAILED, ("charge.assessed", "2024-10-03", {"charge_id": "c", "kind": "TOP_UP", "amount_wan": "1"}), agreement=AGREEMENT), due_of("TOP_UP")),
    ),
    "refund.year_days": (
        360, NOTHING, ["REFUND_DIFFERS"],
        posted(life(*PAID, *TAKEN, contract=TERM), "exit.settled", "2041-01-01", {"lines": [{"item": "REFUND", "amount_wan": "579.95"}]}),
    ),
    "idle.fee_rate": (
        "0.1", NOTHING, "AMOUNT_DIFFERS",
        posted(life(*BY_ENTERPRISE), "charge.assessed", "2021-03-01", {"charge_id": "c", "kind": "IDLE_FEE", "amount_wan": "200.00"}),
    ),
    "idle.fee_due_days": (
        60, "2021-03-31", "2021-04-30",
        asked("2021-03-02", life(*BY_ENTERPRISE, ("charge.assessed", "2021-03-01", {"charge_id": "c", "kind": "IDLE_FEE", "amount_wan": "200.00"})), due_of("IDLE_FEE")),
    ),
    "idle.stopped.free_recovery": (True, ("STARTED",), (), asked("2022-06-02", life(*STOPPED), blockers_of("FI"))),
    "idle.answer_days": (10, ["2021-02-18"], ["2021-01-22"], clock("2021-01-13", life(*BY_ENTERPRISE), "ANSWER")),
    "idle.hearing_workdays": (10, ["2022-02-17"], ["2022-02-24"], clock("2022-02-11", RECOVERED, "HEARING")),
    "idle.notice_before_recovery_days": (30, [], ["2022-03-12"], clock("2022-02-11", RECOVERED, "PUBLIC_NOTICE")),
    "idle.government_options": (["EXTEND"], NOTHING, "OPTION_NOT_FOR_CAUSE", posted(BY_GOVERNMENT, "idle.disposed", "2021-02-10", {"option": "EXCHANGE"})),
    "idle.freeze": (False, "IDLE_NOT_DISPOSED", NOTHING, posted(life(*STOPPED), "mortgage.decided", "2021-09-01", {"result": "REGISTERED"}, "REG")),
    "lease.long_years": ([5, 8], NO_RECORD, "TERM_OUT_OF_RANGE", posted([], *SIGNED, LONG)),
    "lease.then_grant_max_years": (4, NO_RECORD, "TERM_OUT_OF_RANGE", posted([], *SIGNED, LEASE)),
    "lease.term_guard": ("WARN", "TERM_OUT_OF_RANGE", [*NO_RECORD, "TERM_ABOVE_USUAL"], posted([], *SIGNED, LEASE | {"term_to": "2024-03-01"})),
    "term.max_years": (40, NO_RECORD, "TERM_OUT_OF_RANGE", posted([], *SIGNED, CONTRACT)),
    "term.usual_max_years": (4, NO_RECORD, [*NO_RECORD, "TERM_ABOVE_USUAL"], posted([], *SIGNED, LEASE)),
    "rent.adjust": (["0.02", "6", "0.10"], NO_RECORD, "OUT_OF_RANGE", posted([], *SIGNED, STEP)),
    "underground.price_ratios": (["0.6", "0.5", "0.0075"], NO_RECORD, "UNDERGROUND_PRICE_BELOW_FLOOR", posted([], *SIGNED, BELOW)),
    "transition.years": (
        3, [], ["O-PRICE5"],
        asked("2022-06-01", life(*PAID, ("transition.started", "2019-02-01", {"start_on": "2019-02-01"})),
              lambda found: [one.code for one in found.obligations if one.code == "O-PRICE5" and one.state == "OVERDUE"]),
    ),
    "register.gate": ("PROVINCIAL", NOTHING, "NOT_IN_REGISTER", posted(life(*PAID), "policy.granted", "2019-12-01", {"policy": "FAR_INCREASE"})),
    "breach.notice_workdays": (5, ["2020-01-16"], ["2020-01-09"], clock("2020-01-10", life(*PAID), "NOTICE")),
    "breach.answer_days": (
        30, ["2020-02-03"], ["2020-02-12"], clock("2020-01-14", life(*PAID, ("breach.notified", "2020-01-13", {"obligation": "O-START"}, "HUC")), "ANSWER"),
    ),
    "escalation.interview_days": (
        90, ["2020-03-11"], ["2020-04-10"],
        clock("2020-01-12", life(*PAID, ("charge.assessed", "2020-01-11", {"charge_id": "c", "kind": "LD_START", "amount_wan": "10.00"})), "INTERVIEW"),
    ),
    "extension.government.max_years": (0, NOTHING, "EXTENSION_ABOVE_CAP", posted(life(*PAID), "extension.decided", "2020-02-01", GOVERNMENT)),
    "extension.government.max_count": (
        2, "EXTENSION_TWICE", NOTHING, posted(life(*PAID, extended("GOV_OTHER", **WHOLE)), "extension.decided", "2020-03-01", GOVERNMENT | {"new": LATER}),
    ),
    "extension.enterprise.max_years": (
        0, ["EXTENSION_ASKED_LATE"], "EXTENSION_ABOVE_CAP", posted(life(*PAID), "extension.decided", "2020-02-01", ENTERPRISE),
    ),
    "extension.enterprise.max_count": (
        2, "EXTENSION_TWICE", ["EXTENSION_ASKED_LATE"],
        posted(life(*PAID, extended("ENTERPRISE_MARKET", **WHOLE)), "extension.decided", "2020-03-01", ENTERPRISE | {"new": LATER}),
    ),
    "extension.enterprise.request_days": (
        10, ["EXTENSION_ASKED_LATE"], NOTHING,
        posted(life(*PAID, ("extension.requested", "2019-12-15", {"cause": "ENTERPRISE_MARKET"})), "extension.decided", "2020-02-01", ENTERPRISE),
    ),
    "extension.enterprise.shifts_idle": (
        True, "Y1", "NONE", asked("2021-02-01", life(*PAID, extended("ENTERPRISE_MARKET", **WHOLE)), lambda found: found.idle_clock),
    ),
    "exit.on_request": ([], ("NO_DECISION",), (), asked("2019-12-30", life(*PAID), blockers_of("PI"))),
    "exit.cancel_guard": (
        "REFUSE", ["SETTLEMENT_OPEN", "SIGN_OFFS_MISSING"], "SETTLEMENT_OPEN", posted(life(*EXIT, ("bond.posted", "2019-02-01", {"amount_wan": "1"})), "title.cancelled", "2020-03-01", {}, "REG"),
    ),
    "exit.sign_offs": ({"DEFAULT": []}, ["SIGN_OFFS_MISSING"], NOTHING, posted(life(*EXIT), "title.cancelled", "2020-03-01", {}, "REG")),
    "assess.process.alerts": (True, set(), {"A-ASSESS-DUE"}, asked("2027-09-02", REACHED, codes)),
    "grade.names": (
        {"A": "优先发展类", "B": "支持发展类", "C": "提升发展类", "D": "限制发展类", "T": "暂不评价类"}, "落后整治类", "限制发展类",
        lambda rules_of: _classes(rules_of.rules(WUQING), day_number("2024-01-01"))["D"]["zh"],
    ),
    "grade.cap": ("1", Fraction(150), Fraction(100), classed(lambda found: found[0].score)),
    "grade.a": ("0.50", "B", "A", classed(lambda found: found[4].class_)),
    "grade.b_cumulative": ("0.50", "B", "C", classed(lambda found: found[5].class_)),
    "grade.d": ("0.20", "C", "D", classed(lambda found: found[8].class_)),
    "grade.order": (["USCC"], "91120114MA00000010", "91120114MA00000001", classed(lambda found: found[0].uscc)),
    "grade.veto": (["MAJOR_ACCIDENT"], "D", "B", classed(lambda found: found[3].class_)),
    "filing.triggers": ({}, ["SUPPLY_RESULT"], [], filings("2021-03-02", REDEVELOPMENT)),
}  # fmt: skip
"""Parameter → (another value, what the answer is, what it becomes, the question)."""
PAIRS = {
    "assess.process.from_years": ({"assess.process.alerts": True}, 4, {"A-ASSESS-DUE"}, set(), asked("2027-09-02", REACHED, codes)),
    "assess.process.to_years": (
        {"assess.process.alerts": True}, 4, {"A-ASSESS-DUE"}, {"A-ASSESS-OVERDUE"}, asked("2028-09-02", REACHED, codes),
    ),
    "rank.last_n": ({}, 1, (3, True), (1, False), ranked(15, 14, 16)),
    "rank.years": ({}, 2, (2, False), (2, True), ranked(1, 14, 16)),
    "rank.gap_breaks_run": ({}, False, (1, False), (2, False), ranked(16, None, 16)),
}  # fmt: skip
"""Parameter → (what else is set in both cases, another value, the answer, what it becomes, the question)."""
PLACES = {"filing.triggers": LIAOCHENG}
CASES = {key: ({}, *case) for key, case in ANSWERS.items()} | PAIRS


@pytest.mark.parametrize("key", CASES)
def test_another_value_changes_the_answer(key):
    beside, value, before, after, ask = CASES[key]
    place = PLACES.get(key, "120000" if key.startswith("rank.") else WUQING)
    assert ask(book(place, beside) if beside else BOOK) == before
    assert ask(book(place, {**beside, key: value})) == after


def test_the_least_rent_of_a_long_lease_is_the_first_of_its_three_figures():
    rent = posted([], *SIGNED, LONG)
    assert rent(BOOK) == NO_RECORD
    assert rent(book(WUQING, {"rent.adjust": ["0.03", "5", "0.10"]})) == "RENT_BELOW_FLOOR"
    assert posted([], *SIGNED, STEP)(book(WUQING, {"rent.adjust": ["0.02", "5", "0.09"]})) == "OUT_OF_RANGE"


def is_parcel(text):
    try:
        return bool(parse_parcel_id(text))
    except MalformedCode:
        return False


def test_the_codes_are_checked_as_the_base_pack_records_them():
    """Fixed by national standards: the release checks their form, the pack records it (specification 7.1, 7.4, 7.9)."""
    rules, day = BOOK.rules(WUQING), day_number("2024-01-01")
    letters = rules.get("code.unit.rules", day)
    accepted = [
        one for one in ("GA", "GB", "GS", "GX", "JA", "JB", "JS", "JX", "ZB") if is_parcel(f"120114001002{one}00015")
    ]
    assert tuple(accepted) == letters
    assert rules.get("code.project.pattern", day) == "24_WITH_DASHES"
    assert len(check_project_code("2101-120114-04-01-123456")) == 24
    assert all(living(old, 2025).code == new for old, new in rules.get("code.division.changes", day).items())
    printed = "120114 001002 GB00015 W00000000"
    assert [printed.replace(" ", "").index(part) for part in printed.split()[1:]] == list(
        rules.get("code.unit.spaces_after", day)
    )
    assert check_unit_code(printed) == printed.replace(" ", "")


ADMITTED = [("admission.reviewed", "2018-12-01", {"result": "PASS"}, by) for by in ("DRC", "MIIT", "NRP", "EEB")]
FEE = ("charge.assessed", "2021-03-01", {"charge_id": "c", "kind": "IDLE_FEE", "amount_wan": "200.00"})
DECIDED = {
    "admission.reviewers": (["EMB"], "ADMITTED", asked("2023-01-01", life(*ADMITTED, contract=None), lambda found: found.stage)),
    "idle.fee_rate": (
        "0.1", 200.0, asked("2023-01-01", life(*BY_ENTERPRISE, FEE), lambda found: next(one.computed / 10_000 for one in found.amounts if one.kind == "IDLE_FEE")),
    ),
    "idle.effect_of_determination": (
        {"IDLE_ENTERPRISE": "DETERMINED", "IDLE_GOVERNMENT": "DETERMINED", "FORCE_MAJEURE": "EXEMPTED", "NOT_IDLE": "WITHDRAWN"},
        None, asked("2023-01-01", BY_GOVERNMENT, lambda found: phases(found).get("IDLE")),
    ),
    "idle.shifting_causes": (
        [], "NONE", asked("2021-03-01", life(*PAID, extended("GOV_OTHER", **WHOLE)), lambda found: found.idle_clock),
    ),
    "extension.enterprise.shifts_idle": (
        True, "Y1", asked("2021-03-01", life(*PAID, extended("ENTERPRISE_MARKET", **WHOLE)), lambda found: found.idle_clock),
    ),
}  # fmt: skip
"""Parameter → (another value, what was decided, the question of a later day)."""


@pytest.mark.parametrize("key", DECIDED)
def test_an_amendment_of_a_later_day_leaves_what_was_decided(key):
    value, decided, ask = DECIDED[key]
    assert ask(BOOK) == decided
    assert ask(book(WUQING, {key: value}, since="2021-02-25" if "shift" in key else "2022-06-01")) == decided
    assert ask(book(WUQING, {key: value})) != decided, "had it held on the day of the decision, another"
