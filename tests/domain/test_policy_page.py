"""docs/rules.md is what the packs say. `.venv/bin/python tests/domain/test_policy_page.py` writes it anew."""

from pathlib import Path

from test_policy_bites import BITES

from domain.policy import shipped_packs
from domain.policy_keys import KEYS
from domain.rules_page import page

FILE = Path(__file__).parents[2] / "docs" / "rules.md"


def made():
    shown = {}
    for key, _, scenario in BITES:
        shown.setdefault(key, []).append(scenario.partition("_")[0].upper())
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


def test_only_parameters_that_exist_are_said_to_be_shown():
    assert {key for key, _, _ in BITES} <= set(KEYS)


if __name__ == "__main__":
    FILE.write_text(made(), "utf-8")
