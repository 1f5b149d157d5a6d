"""Every benchmark in a very short form: it runs to its end, measures something, and judges it by its own target."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))
from benchmarks import append, growth, posting, read_models, run  # noqa: E402
from benchmarks.figures import alone, beside, interleaved, line  # noqa: E402


@pytest.fixture(autouse=True)
def benchmarks_can_be_imported(monkeypatch):
    """The programs that a benchmark starts import the package from the checkout."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]) + os.pathsep + os.environ.get("PYTHONPATH", ""))


def test_a_ratio_is_the_median_of_the_runs_and_is_judged_by_its_target():
    found = beside("work", "events/s", [50, 60, 90], "peer", [100, 100, 100], ">= 0.6")
    assert (found["value"], found["peer_value"], found["ratio"], found["ratio_range"]) == (60, 100, 0.6, [0.5, 0.9])
    assert found["reached"] and "≥ 0.6 ✓" in line(found)
    assert not beside("work", "ms", [50, 61], "peer", [20, 20], "<= 2")["reached"]


def test_plans_take_turns_and_the_first_round_does_not_count():
    turns = []

    def plan(name):
        turns.append(name)
        return len(turns)

    values = interleaved({"a": lambda: plan("a"), "b": lambda: plan("b")}, 2)
    assert turns == ["a", "b"] * 3
    assert values == {"a": [3, 5], "b": [4, 6]}


@pytest.mark.parametrize(
    "measured",
    [
        pytest.param(lambda: append.run(2000, 1, with_emmett=False), id="append"),
        pytest.param(lambda: growth.run((5000, 10_000), 1, 5000), id="growth"),
        pytest.param(lambda: posting.run(1, 100, 500, 300), id="posting"),
        pytest.param(lambda: read_models.run(1, 20, 500, requests=20), id="read_models"),
    ],
)
def test_a_benchmark_measures(measured):
    figures = measured()
    assert figures and all(one["value"] > 0 and one["runs"] == 1 for one in figures)


def test_the_page_shows_every_figure_that_stands():
    figures = [beside("work", "events/s", [50], "peer", [100], ">= 0.6")]
    text = run.page({"append": {"day": "2026-11-24", "machine": "a machine", "figures": figures}})
    assert line(figures[0]) in text and "**missed**" in text


def test_the_list_of_figures_has_the_form_of_the_contract():
    figures = [beside("work", "events/s", [50], "peer", [100], ">= 0.6"), alone("law", "ms", [0.3], "<= 0.4")]
    assert run.flat({"append": {"figures": figures}}) == [
        {
            "name": "work",
            "unit": "events/s",
            "value": 50,
            "peer": "peer",
            "peer_value": 100,
            "ratio": 0.5,
            "target": ">= 0.6",
            "runs": 1,
        },
        {
            "name": "law",
            "unit": "ms",
            "value": 0.3,
            "peer": None,
            "peer_value": None,
            "ratio": 0.3,
            "target": "<= 0.4",
            "runs": 1,
        },
    ]
