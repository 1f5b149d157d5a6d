"""Every obligation says how its day came about, step by step, from the paper to the day that counts (contract 4)."""

import pytest
from law_lives import AGREEMENT, CONTRACT, LEASE, life, on

from domain.event import day_text

DATED = {
    "code": "O-PUBLIC",
    "direction": "GE",
    "threshold": "100.00",
    "unit": "m2",
    "assess_on": "DATE",
    "due": "2021-05-01",
}
BARE = {key: value for key, value in CONTRACT.items() if key != "start_due"}
MOVED = (
    "extension.decided", "2020-01-10",
    {"decision": "APPROVED", "cause": "GOV_POLICY", "supplement_no": "S1", "new": {"start_due": "2020-06-01", "complete_due": "2022-06-01"}},
)  # fmt: skip


def steps(found, key):
    one = next(one for one in found.obligations if one.key == key)
    return one.due and day_text(one.due), [(step.day and day_text(step.day), step.rule) for step in one.explanation]


def test_a_payment_is_explained_to_the_rolled_day():
    assert steps(on("2019-05-01", life()), "O-PAY/1") == (
        "2019-06-03", [("2019-06-01", "出让合同"), ("2019-06-03", "民法典第203条；规范4.2")]
    )  # fmt: skip


def test_a_rent_is_explained_to_the_rolled_day():
    due, told = steps(on("2019-05-01", life(contract=LEASE)), "O-RENT/2020")
    assert (due, [day for day, _ in told]) == ("2020-03-02", ["2020-03-01", "2020-03-02"])


def test_a_milestone_is_explained_by_its_contract_and_the_extension():
    found = on("2020-02-01", life(MOVED))
    assert steps(found, "O-START") == (
        "2020-06-01", [("2020-01-01", "出让合同"), ("2020-06-01", "规范4.5、11.3"), ("2020-06-02", "民法典第201条；规范4.2")]
    )  # fmt: skip


def test_a_milestone_that_the_agreement_alone_names_is_explained_by_it():
    agreement = {**AGREEMENT, "obligations": [{"code": "O-START", "due": "2020-05-01"}]}
    found = on("2019-05-01", life(contract=BARE, agreement=agreement))
    assert steps(found, "O-START") == (
        "2020-05-01",
        [("2020-05-01", "监管协议"), ("2020-05-02", "民法典第201条；规范4.2")],
    )


def test_a_day_of_the_agreement_is_explained_to_the_day():
    due, told = steps(on("2019-05-01", life(agreement={**AGREEMENT, "obligations": [DATED]})), "O-PUBLIC")
    assert (due, told[-1]) == ("2021-05-01", ("2021-05-01", "监管协议；规范4.2"))


def test_a_condition_of_the_admission_names_the_admission():
    reviewed = ("admission.reviewed", "2018-12-01", {"result": "CONDITIONAL", "conditions": [DATED]}, "EEB")
    due, told = steps(on("2019-05-01", life(reviewed)), "O-PUBLIC")
    assert (due, told) == ("2021-05-01", [("2018-12-01", "准入评审意见"), ("2021-05-01", "准入评审意见；规范4.2")])


@pytest.mark.parametrize("contract", [CONTRACT, LEASE])
def test_no_obligation_with_a_day_is_without_a_step_that_leads_to_it(contract):
    found = on("2019-05-01", life(MOVED, contract=contract, agreement={**AGREEMENT, "obligations": [DATED]}))
    for one in found.obligations:
        if one.due is not None:
            assert one.due in {step.day for step in one.explanation}, one.key
