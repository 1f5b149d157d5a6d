"""Twelve quarters: the worst day counts (specification 11.32)."""

from dataclasses import dataclass, field
from datetime import date

from api.quarters import last_quarters


@dataclass
class Assessed:
    compliance: str
    next_change_on: int | None
    kinds: tuple[str, ...] = ()

    def open_breaches(self):
        return [type("Breach", (), {"kind": kind}) for kind in self.kinds]


@dataclass
class Fact:
    occurred_on: int


@dataclass
class Facts:
    facts: tuple = field(default_factory=tuple)


def day(text):
    return date.fromisoformat(text).toordinal()


def quarters(today, changes, happened=()):
    """`changes`: (day, compliance, kinds) from which on the answer is so."""
    known = sorted((day(at), compliance, kinds) for at, compliance, *kinds in changes)

    def assess(as_of):
        current = [one for one in known if one[0] <= as_of][-1]
        later = [one[0] for one in known if one[0] > as_of]
        return Assessed(current[1], min(later, default=None), tuple(current[2]))

    facts = Facts(tuple(Fact(day(one)) for one in (changes[0][0], *happened)))
    return last_quarters(facts, assess, day(today))


def test_there_are_twelve_the_last_one_is_the_present():
    found = quarters("2026-05-10", [("2020-01-01", "NORMAL")])
    assert [one["quarter"] for one in found] == [
        "2023Q3", "2023Q4", "2024Q1", "2024Q2", "2024Q3", "2024Q4", "2025Q1", "2025Q2", "2025Q3", "2025Q4", "2026Q1", "2026Q2"
    ]  # fmt: skip
    assert {one["compliance"] for one in found} == {"NORMAL"}


def test_before_the_first_event_there_is_no_data():
    found = quarters("2026-05-10", [("2026-02-15", "NORMAL")])
    assert [one["compliance"] for one in found] == ["NO_DATA"] * 10 + ["NORMAL"] * 2


def test_one_bad_day_marks_its_quarter_and_names_the_breach():
    changes = [("2020-01-01", "NORMAL"), ("2025-08-10", "BREACH", "PAY"), ("2025-08-11", "NORMAL")]
    marked = [one for one in quarters("2026-05-10", changes) if one["compliance"] != "NORMAL"]
    assert marked == [{"quarter": "2025Q3", "compliance": "BREACH", "breaches": ["PAY"]}]


def test_days_after_today_do_not_count():
    changes = [("2020-01-01", "NORMAL"), ("2026-06-30", "BREACH", "START")]
    assert quarters("2026-05-10", changes)[-1]["compliance"] == "NORMAL"
