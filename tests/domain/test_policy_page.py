"""docs/rules.md is what the packs say. `.venv/bin/python tests/domain/test_policy_page.py` writes it anew."""

from pathlib import Path

from test_policy_bites import BITES

from domain.policy import shipped_packs
from domain.policy_keys import KEYS
from domain.rules_page import page

MONEY, GUARDS = "test_guards_money_and_exits", "test_guards"
BY_REFUSAL = {
    "extension.government.max_years": f"{MONEY}: test_dependent_dates_move_by_as_many_days_as_the_start_over_a_leap_day",
    "extension.government.max_count": "SC23: a second extension of the same kind",
    "extension.enterprise.max_count": "SC23: a second extension of the enterprise",
    "idle.government_options": f"{MONEY}: test_land_idle_by_the_government_is_disposed_of_in_the_ways_of_the_law_alone",
    "idle.freeze": f"{GUARDS}: test_nothing_is_registered_on_determined_idle_land_until_it_is_disposed_of",
    "idle.fee_rate": "SC3: the idle fee is 20 % of the price",
    "idle.stopped.fee": f"{GUARDS}: test_an_idle_fee_on_stopped_land_needs_the_contract_to_say_so",
    "lease.then_grant_max_years": "SC21: the lease is one day longer than five years",
    "term.max_years": "SC22: lease and grant together are one day longer than 50 years",
    "register.gate": "SC30: redevelopment policy is for parcels of the provincial register",
    "assess.pass": "SC24: one failure is not two",
}
"""Parameter → the refusal, of a scenario or a test, that shows it."""
FILE = Path(__file__).parents[2] / "docs" / "rules.md"


def made():
    shown = {}
    for key, _, scenario in BITES:
        shown.setdefault(key, []).append(scenario.partition("_")[0].upper())
    for key, name in BY_REFUSAL.items():
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


def test_only_parameters_and_tests_that_exist_are_said_to_be_shown():
    assert {key for key, _, _ in BITES} | set(BY_REFUSAL) <= set(KEYS)
    folder = Path(__file__).parent
    text = "".join(
        path.read_text("utf-8") for path in [*folder.glob("test_*.py"), *folder.parent.glob("scenarios/*.yaml")]
    )
    assert all(
        f"def {name}" in text or f"why: {name}" in text
        for _, _, name in map(lambda one: one.partition(": "), BY_REFUSAL.values())
    )


if __name__ == "__main__":
    FILE.write_text(made(), "utf-8")
