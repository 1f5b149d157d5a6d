"""Parameters that bite: with another value of the parameter the acceptance scenario comes out differently.

The table is also the last column of docs/rules.md: a new row here shows there.
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
]


def book(jurisdiction, key, value):
    """The shipped packs with one parameter amended in a jurisdiction, long ago."""

    def event(number, code, kind, data):
        day = day_number("1990-01-01")
        return Event(
            str(number), f"jurisdiction:{code}", number, number, kind, 1, day, number, code, None, None, None, None, None, data
        )  # fmt: skip

    events = [
        event(number, pack.code, "rules.installed", {"content": pack.content})
        for number, pack in enumerate(shipped_packs(), start=1)
    ]
    amended = {"rule_set": jurisdiction, "key": key, "value": value, "valid_from": "1990-01-01"}
    return RuleBook.from_events([*events, event(99, jurisdiction, "rules.amended", amended)])


@pytest.mark.parametrize(("key", "value", "scenario"), BITES, ids=lambda one: str(one))
def test_another_value_changes_what_the_scenario_says(key, value, scenario, monkeypatch):
    path = FOLDER / f"{scenario}.yaml"
    amended = book(runner.load(path)["jurisdiction"], key, value)
    monkeypatch.setattr(scenario_lives, "BOOK", amended)
    assert any(differences for _, differences in Played(path).rows())
