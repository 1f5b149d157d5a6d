"""Every row, two-time query and replayed row of the acceptance scenarios, asked of the pure function."""

import pytest
from scenario_lives import FILES, Played, runner


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_row_of_the_scenario_holds(path):
    played = Played(path)
    differing = [(name, differences) for name, differences in played.rows() if differences]
    assert not differing
    listed = played.breaches()
    for wanted in played.scenario.get("all_breaches", []):
        assert any(all(runner.same(value, one.get(key)) for key, value in wanted.items()) for one in listed), wanted


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_next_change_is_the_day_on_which_the_answer_changes(path):
    from domain.supervision.evaluate import digest, evaluate
    from scenario_lives import BOOK

    played = Played(path)
    list(played.rows())
    for step in played.scenario["steps"]:
        found, facts = played.assessment(step["as_of"], played.known_after[step["row"]])
        rules, calendar = BOOK.rules(played.scenario["jurisdiction"]), BOOK.calendar()
        last = found.next_change_on or found.as_of + 400
        for day in {found.as_of + 1, (found.as_of + last) // 2, last - 1} - {last}:
            if found.as_of < day < last:
                assert digest(evaluate(facts, day, rules, calendar)) == digest(found)
        if found.next_change_on:
            assert digest(evaluate(facts, found.next_change_on, rules, calendar)) != digest(found)


def test_the_runner_is_the_one_that_outsiders_use():
    assert runner.UNCHANGED
