"""Every type, every example, every scenario event; and what is refused, with its pointer."""

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Kind, Refusal
from domain.event import day_number
from domain.events import CATALOGUE, envelope_union_schema, example_envelopes, normalise, parse_envelope

TODAY = day_number("2046-01-01")
SCENARIOS = sorted((Path(__file__).parents[1] / "scenarios").glob("*.yaml"))
WIRE_NAMES = """
project.registered construction.verified charge.assessed admission.reviewed production.started charge.paid project.approved
capacity.declared credit.recorded standard.proposed indicators.reported interview.held supply.announced performance.assessed
remedy.filed supply.deal_confirmed enterprise.graded remedy.decided agreement.signed health.checked exit.opened agreement.amended
transfer.requested exit.withdrawn contract.signed transfer.registered exit.soil_surveyed payment.received letting.reported
exit.valued bond.posted bond.released bond.forfeited equity.changed exit.signed_off land.delivered mortgage.decided exit.settled
title.registered seizure.imposed seizure.lifted title.cancelled supply.result_published use_change.approved land.returned
filing.submitted transition.started transition.ended renewal.applied construction.permitted parcel.split parcel.merged
renewal.decided construction.started extension.requested conversion.applied construction.progress_reported extension.decided
conversion.decided construction.stopped breach.notified report.corrected construction.resumed breach.contested report.withdrawn
construction.completed breach.decided inefficiency.identified rectification.ordered register.entered register.left
rectification.inspected document.approved idle.investigated idle.determined policy.granted idle.disposed site.inspected
conditions.changed conflict.decided lineage.recorded rules.amended plan.approved programme.reviewed calendar.published area.evaluated
""".split()


def refused(body, subject="parcel"):
    with pytest.raises(Refusal) as caught:
        parse_envelope(body, today=TODAY, subject=subject)
    assert caught.value.kind is Kind.SHAPE
    return {(error.pointer, error.code) for error in caught.value.errors}


def start(**more):
    return {
        "type": "construction.started",
        "occurred_on": "2021-10-08",
        "document": {"no": "武建施〔2021〕118号"},
        "data": {"evidence": "FOUNDATION_ONE_THIRD"},
    } | more


def contract(**data):
    return {"type": "contract.signed", "occurred_on": "2021-03-15", "document": {"no": "x"}, "data": data}


def test_the_catalogue_holds_every_type_of_the_contract():
    assert set(WIRE_NAMES) - {kind.name for kind in CATALOGUE.values()} == set()


@pytest.mark.parametrize("key", CATALOGUE)
def test_every_type_has_titles_and_two_examples_that_are_accepted(key):
    kind = CATALOGUE[key]
    assert re.search("[一-鿿]", kind.zh) and kind.en and len(kind.examples) >= 2 and kind.model.__doc__
    for name, field in kind.model.model_fields.items():
        assert field.title and re.search("[一-鿿]", field.title), (key, name)
    for body in example_envelopes(kind):
        if not kind.system_only:
            envelope = parse_envelope(body, today=TODAY, subject=kind.subject)
            assert normalise(key, envelope.data) == envelope.data


def events_of(path):
    scenario = yaml.safe_load(
        re.sub(r'"@[a-z]+:[^"]*"', '"01920000-0000-7000-8000-000000000009"', path.read_text("utf-8"))
    )
    yield from (event for step in scenario["steps"] for event in step["events"])


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_every_event_of_the_scenarios_is_well_formed(path):
    def plain(value):
        if isinstance(value, dict):
            return {key: plain(one) for key, one in value.items()}
        if isinstance(value, list):
            return [plain(one) for one in value]
        return value.isoformat() if hasattr(value, "isoformat") else value

    for event in events_of(path):
        body = plain({key: event[key] for key in ("type", "occurred_on", "on_behalf_of", "document", "data")})
        parse_envelope(body, today=TODAY)


def test_an_unknown_field_is_refused_with_its_pointer():
    assert refused(start(data={"evidence": "PIT_EXCAVATED", "dept/h": 3})) == {("/data/dept~1h", "UNKNOWN_FIELD")}
    assert refused(start(colour="red")) == {("/colour", "UNKNOWN_FIELD")}


def test_a_wrong_unit_is_refused_with_its_pointer():
    term = {"code": "O-TAX", "direction": "GE", "threshold": "20.00", "unit": "万元/公斤", "assess_on": "REACH"}
    body = {
        "type": "agreement.signed",
        "occurred_on": "2021-03-15",
        "document": {"no": "x"},
        "data": {"agreement_no": "x", "obligations": [term]},
    }
    assert refused(body) == {("/data/obligations/0", "WRONG_UNIT")}


def test_a_credit_code_with_a_bad_check_digit_is_refused_with_its_pointer():
    assert refused(contract(holder={"uscc": "91310115MA1H8R7C6D", "name": "x"})) == {
        ("/data/holder/uscc", "USCC_CHECK_DIGIT")
    }


def test_a_day_in_the_future_is_refused():
    assert refused(start(occurred_on="2046-01-02")) == {("/occurred_on", "OCCURRED_IN_FUTURE")}


def test_a_malformed_unit_code_is_refused():
    body = {
        "type": "title.registered",
        "occurred_on": "2021-03-15",
        "document": {"no": "x"},
        "data": {"unit_code": "12"},
    }
    assert refused(body) == {("/data/unit_code", "UNIT_CODE")}


def test_money_as_a_float_is_refused_since_floats_lose_cents():
    assert refused(contract(price_wan=2400.01)) == {("/data/price_wan", "NOT_A_DECIMAL_STRING")}


def test_a_data_date_that_repeats_the_day_must_equal_it():
    assert refused(start(data={"evidence": "PIT_EXCAVATED", "started_on": "2021-10-09"})) == {
        ("/data/started_on", "DAY_DIFFERS")
    }


def test_days_out_of_order_and_a_wrong_sum_are_refused():
    assert {code for _, code in refused(contract(start_due="2022-01-01", complete_due="2021-01-01"))} == {
        "DATES_OUT_OF_ORDER"
    }
    instalments = [{"no": 1, "due": "2021-05-14", "amount_wan": "10"}]
    assert {code for _, code in refused(contract(price_wan="11", instalments=instalments))} == {"INSTALMENTS_SUM"}


def test_a_notice_without_its_document_is_refused():
    body = start()
    del body["document"]
    assert refused(body) == {("/document", "DOCUMENT_REQUIRED")}


@given(st.decimals(min_value=0, max_value=10**9, places=4))
def test_money_is_kept_to_the_yuan_in_one_canonical_form(amount):
    once = normalise("bond.posted", {"amount_wan": f"{amount + 1:f}"})
    assert normalise("bond.posted", once) == once
    assert re.fullmatch(r"\d+\.\d{2,4}", once["amount_wan"])


def test_the_union_names_every_postable_type_and_resolves_every_reference():
    union, components = envelope_union_schema()
    assert len(union["oneOf"]) == sum(
        1 for kind in CATALOGUE.values() if kind.subject == "parcel" and not kind.system_only
    )
    for reference in re.findall(r"#/components/schemas/(\w+)", str(components)):
        assert reference in components
