"""Parameters that bite: with another value of the parameter the acceptance scenario comes out differently.

The table also fills the last column of docs/rules.md, as that of test_policy_answers.py does: a new row here shows there.
"""

import pytest
import scenario_lives
from scenario_lives import FOLDER, Played, runner

from domain.event import Event, day_number
from domain.policy import RuleBook, shipped_packs

SC01 = "sc01_clean_life"
SC02 = "sc02_late_start_extension_government"
SC03 = "sc03_idle_land_one_and_two_years"
SC05 = "sc05_failed_capacity_assessment_rectified"
SC07 = "sc07_elastic_term_renewal"
SC09 = "sc09_late_filing_redevelopment"
SC10 = "sc10_correction_after_breach"
SC20 = "sc20_late_payment_late_fee_sixty_days"
SC21 = "sc21_lease_then_grant_conversion_refused"
SC22 = "sc22_lease_then_grant_converted"
SC23 = "sc23_idle_government_cause_then_stopped"
SC24 = "sc24_two_failures_in_a_row_termination"
SC25 = "sc25_transfer_with_breach_to_transferee"
SC26 = "sc26_admission_unlawful_start_charges"
SC27 = "sc27_elastic_term_late_application"
SC29 = "sc29_use_equity_letting_transition"
SC30 = "sc30_filings_of_each_document"
SC31 = "sc31_surrender_opened_and_withdrawn"
SC32 = "sc32_tax_figure_reported_corrected_twice"

BITES = [
    ("remind.milestone_days", 5, SC02),
    ("remind.milestone_days", 5, SC03),
    ("remind.payment_days", 50, SC02),
    ("remind.cure_days", 50, SC05),
    ("remind.filing_days", 27, SC09),
    ("remind.idle_days", 1, SC03),
    ("remind.term_months", 38, SC07),
    ("term.apply_months", 8, SC07),
    ("alert.during_exit", True, SC03),
    ("admission.reviewers", ["URB"], SC01),
    ("ld.complete_needs_start", False, SC03),
    ("ld.cap_ratio", "0.001", SC02),
    ("exit.transfer.invest_ratio", "0.9", SC01),
    ("exit.grant_tenures", [], SC07),
    ("exit.mta.breaches", [], SC05),
    ("exit.mta.breaches", [], SC10),
    ("assess.reach.window_months", 0, SC05),
    ("filing.months", 2, SC09),
    ("filing.doc_types", ["AGREEMENT"], SC09),
    ("filing.from", "2030-01-01", SC09),
    ("pay.late_permille_day", "3", SC20),
    ("pay.terminate_after_days", 59, SC20),
    ("remind.payment_days", 31, SC20),
    ("pay.close_requires_late_fee", True, SC20),
    ("calendar.roll.acts", ["filing", "application", "answer", "cure"], SC21),
    ("calendar.roll.acts", ["payment", "application", "answer", "cure"], SC30),
    ("remind.lease_end_days", 179, SC21),
    ("exit.grant_tenures", ["LEASE_THEN_GRANT"], SC21),
    ("idle.area_ratio", "0.2", SC23),
    ("idle.shifting_causes", [], SC23),
    (
        "idle.effect_of_determination",
        {
            "IDLE_ENTERPRISE": "DETERMINED",
            "IDLE_GOVERNMENT": "DETERMINED",
            "FORCE_MAJEURE": "EXEMPTED",
            "NOT_IDLE": "WITHDRAWN",
        },
        SC23,
    ),
    ("exit.fp.failures", 3, SC24),
    ("assess.perf.kinds", ["REACH"], SC24),
    ("assess.items_from_reports", False, SC32),
    ("exit.mta.breaches", ["PERF"], SC25),
    ("breach.inspection_closes", ["USE"], SC26),
    ("admission.reviewers", ["DRC", "NRP", "EEB"], SC26),
    ("remind.term_months", 17, SC27),
    ("breach.inspection_closes", ["TRANSFER"], SC29),
    ("filing.from", "2020-10-24", SC30),
    ("filing.months", 2, SC30),
    ("ld.start_stops_at", ["construction.started"], SC31),
    ("idle.invest_ratio", "0.5", SC23),
]


def book(jurisdiction, values, since="1990-01-01"):
    """The shipped packs with some parameters amended in a jurisdiction from a day on, by default long ago."""

    def event(number, code, kind, data):
        day = day_number("1990-01-01")
        return Event(
            str(number), f"jurisdiction:{code}", number, number, kind, 1, day, number, code, None, None, None, None, None, data
        )  # fmt: skip

    events = [
        event(number, pack.code, "rules.installed", {"content": pack.content})
        for number, pack in enumerate(shipped_packs(), start=1)
    ]
    for number, (key, value) in enumerate(values.items(), start=99):
        amended = {"rule_set": jurisdiction, "key": key, "value": value, "valid_from": since}
        events.append(event(number, jurisdiction, "rules.amended", amended))
    return RuleBook.from_events(events)


@pytest.mark.parametrize(("key", "value", "scenario"), BITES, ids=lambda one: str(one))
def test_another_value_changes_what_the_scenario_says(key, value, scenario, monkeypatch):
    path = FOLDER / f"{scenario}.yaml"
    amended = book(runner.load(path)["jurisdiction"], {key: value})
    monkeypatch.setattr(scenario_lives, "BOOK", amended)
    assert any(differences for _, differences in Played(path).rows())
