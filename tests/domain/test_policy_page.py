"""docs/rules.md is what the packs say. `.venv/bin/python tests/domain/test_policy_page.py` writes it anew."""

import re
from pathlib import Path

from test_policy_answers import CASES
from test_policy_bites import BITES

from domain.policy import shipped_packs
from domain.policy_keys import KEYS
from domain.policy_recorded import RECORDED
from domain.rules_page import page

MONEY, GUARDS, IDLE = "test_guards_money_and_exits", "test_guards", "test_supervision_idle"
BY_TEST = {
    "extension.government.max_years": f"{MONEY}: test_dependent_dates_move_by_as_many_days_as_the_start_over_a_leap_day",
    "extension.government.max_count": "SC23: a second extension of the same kind",
    "extension.enterprise.max_count": "SC23: a second extension of the enterprise",
    "extension.count_per": "SC23: a second extension of the same kind",
    "idle.government_options": f"{MONEY}: test_land_idle_by_the_government_is_disposed_of_in_the_ways_of_the_law_alone",
    "idle.freeze": f"{GUARDS}: test_nothing_is_registered_on_determined_idle_land_until_it_is_disposed_of",
    "idle.fee_rate": "SC3: the idle fee is 20 % of the price",
    "idle.stopped.fee": f"{GUARDS}: test_an_idle_fee_on_stopped_land_needs_the_contract_to_say_so",
    "idle.stopped.close": f"{IDLE}: test_work_resumed_and_both_ratios_reached_close_the_breach_and_release",
    "development.area": f"{IDLE}: test_stopped_land_is_idle_when_one_known_ratio_is_below_its_limit",
    "lease.then_grant_max_years": "SC21: the lease is one day longer than five years",
    "term.max_years": "SC22: lease and grant together are one day longer than 50 years",
    "register.gate": "SC30: redevelopment policy is for parcels of the provincial register",
    "assess.pass": "SC24: one failure is not two",
    "split.apportion": f"{GUARDS}: test_a_split_keeps_areas_and_money_to_the_cent_and_ends_the_parent",
    "onboarding.earlier_due": "test_supervision_breaches: test_a_duty_of_imported_history_that_is_reported_later_begins_with_the_onboarding_day",
    "exit.withdrawn.counts": "test_law: test_the_clocks_stand_still_during_an_exit_and_run_as_if_it_had_never_been_when_withdrawn",
    "refund.method": f"{MONEY}: test_the_price_of_the_remaining_years_is_given_back",
    "exit.fp.money": f"{MONEY}: test_the_price_of_the_remaining_years_is_given_back",
    "rank.indicator": "test_programme: test_areas_are_evaluated_and_ranked",
    "rank.ties": "test_programme: test_areas_are_evaluated_and_ranked",
}
"""Parameter → the refusal of a scenario, or the test, that shows it."""
ROOT = Path(__file__).parents[2]
FILE = ROOT / "docs" / "rules.md"


def made():
    shown = {}
    for key, _, scenario in BITES:
        shown.setdefault(key, []).append(scenario.partition("_")[0].upper())
    for key in CASES:
        shown.setdefault(key, []).append("test_policy_answers")
    for key, name in BY_TEST.items():
        shown.setdefault(key, []).append(name)
    return page(shipped_packs(), shown)


def test_the_page_of_rules_is_what_the_packs_say():
    assert FILE.read_text("utf-8") == made(), "write it anew: .venv/bin/python tests/domain/test_policy_page.py"


def test_every_parameter_and_every_override_has_a_row_with_its_source():
    text = made()
    assert all(f"| `{key}` |" in text for key in KEYS)
    for pack in shipped_packs():
        assert all(value.source in text for value in pack.values.values())
    gate = next(line for line in text.splitlines() if "371500 聊城市 | PROVINCIAL" in line)
    assert "| CITY | IN_FORCE | 002一" in gate


def test_every_parameter_changes_an_answer_or_says_why_it_is_only_recorded():
    working = {key for key, _, _ in BITES} | set(CASES)
    assert working | set(RECORDED) == set(KEYS)
    assert not working & set(RECORDED)
    assert all(one.zh and one.en for one in RECORDED.values())


def test_a_recorded_parameter_is_read_nowhere():
    law = "\n".join(
        path.read_text("utf-8")
        for folder in ("domain/supervision", "domain/guards", "api", "projections")
        for path in (ROOT / folder).rglob("*.py")
    )
    read = {key for key in RECORDED if re.search(rf'(rule|get|value)\(\s*"{re.escape(key)}"', law)}
    assert not read


def test_the_tests_that_are_named_exist():
    assert set(BY_TEST) <= set(KEYS)
    tests = ROOT / "tests"
    text = "".join(
        path.read_text("utf-8")
        for path in [*tests.glob("domain/test_*.py"), *tests.glob("api/test_*.py"), *tests.glob("scenarios/*.yaml")]
    )
    assert all(
        f"def {name}" in text or f"why: {name}" in text
        for _, _, name in map(lambda one: one.partition(": "), BY_TEST.values())
    )


if __name__ == "__main__":
    FILE.write_text(made(), "utf-8")
