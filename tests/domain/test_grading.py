"""Classes of enterprises (specification 6.2, 11.5; the shares of a figure: 8.12 no. 15)."""

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from law_lives import BOOK

from domain.event import day_number
from domain.grading import FORMULAS, Enterprise, FiguresMissing, grade

DAY = day_number("2026-03-01")
ONE_FIGURE = FORMULAS["huangyan-2022-small"]
ABOVE = FORMULAS["huangyan-2022"]
AVERAGE = {term.figure: term.benchmark for term in ABOVE}


def firm(number, tax="10", **more):
    figures = {"tax_per_mu": Fraction(tax), "tax_per_kwh": Fraction("0.1")}
    return Enterprise(f"91120114MA{number:08d}", more.pop("figures", figures), **more)


def classes(found):
    return {one.uscc: one.class_ for one in found}


def graded(firms, formula=ONE_FIGURE, benchmarks=None, rules=None):
    return grade(firms, formula, benchmarks or {}, rules or BOOK.rules("120114"), DAY)


def test_of_275_enterprises_55_are_a_110_b_and_14_d():
    found = graded([firm(number, tax=str(number)) for number in range(1, 276)])
    assert Counter(one.class_ for one in found) == {"A": 55, "B": 110, "C": 96, "D": 14}
    assert found[0].uscc.endswith("275") and found[-1].uscc.endswith("001"), "the highest score first"


def test_a_veto_is_d_on_top_of_those_that_the_ranking_gives_and_t_counts_for_nothing():
    firms = [firm(number, tax=str(number)) for number in range(1, 101)]
    firms[99] = firm(100, tax="100", vetoes=frozenset({"TAX_FRAUD"}))
    firms += [firm(number, graded=False, figures={}) for number in range(200, 240)]
    found = graded(firms)
    assert Counter(one.class_ for one in found) == {"A": 19, "B": 40, "C": 35, "D": 6, "T": 40}
    assert classes(found)[firms[99].uscc] == "D" and found[0].rank == 1


def test_a_term_counts_at_most_one_and_a_half_times_its_weight():
    far, just = firm(1, tax="1000"), firm(2, tax=str(Fraction("11.5932") * 3 / 2))
    scores = {one.uscc: one.score for one in graded([far, just])}
    assert scores[far.uscc] == scores[just.uscc] == 75 + Fraction("0.1") / Fraction("0.2352") * 50


def test_equal_scores_are_ordered_by_tax_per_mu_then_by_number():
    firms = [firm(3, tax="20"), firm(1, tax="30"), firm(2, tax="20")]
    assert [one.uscc[-1] for one in graded(firms)] == ["1", "2", "3"], "all three reach the cap"


def test_who_reports_no_emission_gets_the_average_of_the_others():
    whole = [firm(1, figures=AVERAGE), firm(2, figures={name: value / 2 for name, value in AVERAGE.items()})]
    without = firm(3, figures={name: value for name, value in AVERAGE.items() if name != "value_added_per_emission"})
    scores = {one.uscc: one.score for one in graded([*whole, without], ABOVE)}
    assert scores[whole[0].uscc] == 100
    assert scores[without.uscc] == 90 + Fraction(10 + 5, 2)


@pytest.mark.parametrize(
    ("firms", "formula", "words"),
    [
        ([firm(1, figures={})], ONE_FIGURE, "企业91120114MA00000001缺少tax_per_mu"),
        ([firm(1)], FORMULAS["huaian-2024"], "缺少tax_per_mu的基准值"),
    ],
)
def test_what_is_missing_is_named(firms, formula, words):
    with pytest.raises(FiguresMissing, match=words):
        graded(firms, formula)


@given(st.lists(st.tuples(st.integers(0, 50), st.booleans(), st.booleans()), max_size=60))
def test_every_enterprise_gets_one_class_whatever_the_order_of_the_rows(rows):
    firms = [
        firm(number, tax=str(tax), vetoes=frozenset({"MAJOR_ACCIDENT"} if veto else ()), graded=kept)
        for number, (tax, veto, kept) in enumerate(rows)
    ]
    found = graded(firms)
    assert classes(found) == classes(graded(firms[::-1])) and len(found) == len(firms)
    better = {class_: rank for rank, class_ in enumerate("ABCD")}
    ranks = [better[one.class_] for one in found if one.class_ != "T" and not vetoed(one, firms)]
    assert ranks == sorted(ranks)


def vetoed(one, firms):
    return next(firm for firm in firms if firm.uscc == one.uscc).vetoes
