"""Every type, every example, every scenario event; and what is refused, with its pointer."""

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Kind, Refusal
from domain.event import day_number, day_text
from domain.events import CATALOGUE, RANK, envelope_union_schema, example_envelopes, normalise, parse_envelope
from domain.events.decimals import Figure
from domain.events.envelope import FORMS_IN_WORDS
from domain.events.model import REGISTRY, EventData, optional
from domain.refusal_codes import CODES

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
    assert refused(body) == {("/data/obligations/0/unit", "WRONG_UNIT")}


def test_a_credit_code_with_a_bad_check_digit_is_refused_with_its_pointer():
    assert refused(contract(holder={"uscc": "91310115MA1H8R7C6D", "name": "x"})) == {
        ("/data/holder/uscc", "USCC_CHECK_DIGIT")
    }


def test_a_day_in_the_future_is_refused():
    assert refused(start(occurred_on="2046-01-02")) == {("/occurred_on", "OCCURRED_IN_FUTURE")}


def test_every_fault_is_pointed_at_in_the_envelope_and_in_the_data():
    """Given an unknown field beside `data` and another in it, then both are named at once; without a type the first alone."""
    body = {"type": "land.delivered", "occurred_on": "2020-01-01", "data": {"foo": 1}, "bar": 2}
    assert refused(body) == {("/bar", "UNKNOWN_FIELD"), ("/data/foo", "UNKNOWN_FIELD")}
    assert refused(body | {"type": "land.sold"}) == {("/bar", "UNKNOWN_FIELD")}
    assert refused(body | {"type": 7, "data": []}) >= {("/bar", "UNKNOWN_FIELD"), ("/type", "WRONG_TYPE")}


@pytest.mark.parametrize(
    ("name", "subject", "words"),
    [
        ("lineage.recorded", "parcel", "由系统记录"),
        ("rules.installed", "jurisdiction", "由系统记录"),
        ("calendar.published", "parcel", "/v1/jurisdictions/{code}/events"),
        ("area.evaluated", "parcel", "/v1/areas/{area_id}/events"),
        ("land.delivered", "area", "/v1/parcels/{parcel_id}/events"),
        ("land.sold", "parcel", "不在目录内"),
    ],
)
def test_a_type_that_is_not_taken_here_is_told_where_it_belongs(name, subject, words):
    """Given a type of the catalogue at an address that does not take it, then the refusal does not say it were unknown."""
    with pytest.raises(Refusal) as caught:
        parse_envelope({"type": name, "occurred_on": "2020-01-01", "data": {}}, today=TODAY, subject=subject)
    (error,) = caught.value.errors
    assert (error.pointer, error.code) == ("/type", "UNKNOWN_TYPE") and words in error.message


def test_history_is_not_taken_over_in_the_future():
    """Given a day of onboarding after today, then it is refused with its pointer; today itself is taken."""
    today = day_text(TODAY)
    parse_envelope(contract(onboarding=True, onboarded_on=today), today=TODAY)
    ahead = contract(onboarding=True, onboarded_on=day_text(TODAY + 1))
    assert refused(ahead) == {("/data/onboarded_on", "OCCURRED_IN_FUTURE")}


def test_a_malformed_unit_code_is_refused():
    body = {
        "type": "title.registered",
        "occurred_on": "2021-03-15",
        "document": {"no": "x"},
        "data": {"unit_code": "12"},
    }
    assert refused(body) == {("/data/unit_code", "UNIT_CODE")}


@pytest.mark.parametrize(
    ("last", "expected"),
    [("2024-02-29", set()), ("2024-02-28", {("/data/period", "PERIOD_NOT_A_YEAR")}), ("2024-03-01", {("/data/period", "PERIOD_NOT_A_YEAR")})],
)  # fmt: skip
def test_a_figure_speaks_of_twelve_months(last, expected):
    data = {"period": {"from": "2023-03-01", "to": last}, "scope": "PARCEL", "tax_wan": "95.00"}
    body = {"type": "indicators.reported", "occurred_on": "2024-04-01", "document": {"no": "x"}, "data": data}
    if expected:
        assert refused(body) == expected
    else:
        assert parse_envelope(body, today=TODAY)


def test_money_as_a_float_is_refused_since_floats_lose_cents():
    assert refused(contract(price_wan=2400.01)) == {("/data/price_wan", "NOT_A_DECIMAL_STRING")}


def test_a_data_date_that_repeats_the_day_must_equal_it():
    assert refused(start(data={"evidence": "PIT_EXCAVATED", "started_on": "2021-10-09"})) == {
        ("/data/started_on", "DAY_DIFFERS")
    }


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"start_due": "2022-01-01", "complete_due": "2021-01-01"}, ("/data/complete_due", "DATES_OUT_OF_ORDER")),
        ({"start_due": "2022-01-01", "complete_due": "2022-01-01"}, ("/data/complete_due", "DATES_OUT_OF_ORDER")),
        ({"start_due": "2022-01-01", "production_due": "2021-12-31"}, ("/data/production_due", "DATES_OUT_OF_ORDER")),
        ({"complete_due": "2022-01-01", "capacity_due": "2021-12-31"}, ("/data/capacity_due", "DATES_OUT_OF_ORDER")),
        ({"term_from": "2022-01-01", "term_to": "2021-12-31"}, ("/data/term_to", "DATES_OUT_OF_ORDER")),
        ({"far_min": "2.00", "far_max": "1.99"}, ("/data/far_max", "FAR_REVERSED")),
        ({"rent_step": {"cycle_y": 0, "max_rise": "0.10"}}, ("/data/rent_step/cycle_y", "OUT_OF_RANGE")),
        ({"rent_step": {"cycle_y": 5, "max_rise": "1.01"}}, ("/data/rent_step/max_rise", "OUT_OF_RANGE")),
        ({"rent_due": "02-30"}, ("/data/rent_due", "NOT_A_DATE")),
        ({"start_due": "2021-02-29"}, ("/data/start_due", "NOT_A_DATE")),
        ({"start_due": "9999-12-31"}, ("/data/start_due", "OUT_OF_RANGE")),
        ({"predecessor": "abc"}, ("/data/predecessor", "PARCEL_ID")),
        ({"industry_code": "A0111"}, ("/data/industry_code", "INDUSTRY_CODE")),
    ],
)
def test_what_the_fields_of_a_contract_must_not_say(data, expected):
    assert refused(contract(**data)) == {expected}


def instalment(no, amount="10"):
    return {"no": no, "due": "2021-05-14", "amount_wan": amount}


def test_instalments_add_up_to_the_price_and_none_stands_twice():
    assert refused(contract(price_wan="11", instalments=[instalment(1)])) == {("/data/instalments", "INSTALMENTS_SUM")}
    twice = [instalment(1), instalment("1")]
    assert refused(contract(price_wan="20", instalments=twice)) == {("/data/instalments", "WRONG_FORM")}
    assert parse_envelope(contract(price_wan="20", instalments=[instalment(1), instalment(2)]), today=TODAY)


def test_production_and_capacity_may_fall_on_one_day():
    assert parse_envelope(contract(production_due="2022-01-01", capacity_due="2022-01-01"), today=TODAY)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("1e3", "NOT_A_NUMBER"), ("1_000", "NOT_A_NUMBER"), ("1,000", "NOT_A_NUMBER"), ("NaN", "NOT_A_NUMBER"),
        ("Infinity", "NOT_A_NUMBER"), ("", "NOT_A_NUMBER"), ("-", "NOT_A_NUMBER"), (".5", "NOT_A_NUMBER"), ("1e999999", "NOT_A_NUMBER"),
        ("9" * 40, "OUT_OF_RANGE"), (10**30, "OUT_OF_RANGE"), ("1000000000000", "OUT_OF_RANGE"), ("0", "OUT_OF_RANGE"),
        ("-1", "OUT_OF_RANGE"), ("0.00001", "TOO_MANY_DECIMALS"), (True, "NOT_A_DECIMAL_STRING"), (1.0, "NOT_A_DECIMAL_STRING"),
        ([], "NOT_A_DECIMAL_STRING"),
    ],
)  # fmt: skip
def test_a_price_that_is_no_plain_positive_decimal_is_refused(value, code):
    assert refused(contract(price_wan=value)) == {("/data/price_wan", code)}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("2400", "2400.00"), (2400, "2400.00"), ("0002400.5", "2400.50"), ("２４００.5", "2400.50"), (" 1.2345 ", "1.2345"),
     ("1.230000", "1.23"), ("999999999999.9999", "999999999999.9999")],
)  # fmt: skip
def test_a_price_is_kept_in_one_form(sent, kept):
    assert normalise("contract.signed", {"price_wan": sent}) == {"price_wan": kept}


@given(st.text(max_size=60) | st.integers() | st.floats() | st.booleans() | st.none())
def test_whatever_is_sent_as_money_is_kept_or_refused_and_never_breaks(value):
    try:
        kept = normalise("contract.signed", {"price_wan": value})
    except Refusal as refusal:
        assert refusal.errors[0].pointer == "/data/price_wan"
    else:
        assert kept == {} if value is None else re.fullmatch(r"\d+\.\d{2,4}", kept["price_wan"])


def test_nothing_is_coerced():
    assert refused(contract(redevelopment="yes", onboarding=1, phase={"no": "1", "of": True})) == {
        ("/data/redevelopment", "WRONG_TYPE"), ("/data/onboarding", "WRONG_TYPE"), ("/data/phase/no", "WRONG_TYPE"),
        ("/data/phase/of", "WRONG_TYPE"),
    }  # fmt: skip


def test_the_pointer_names_the_place_whatever_its_key_and_each_fault_stands_once():
    raw = {"面积[公顷]": 5, "str": 3, "function-after": None, "电子监管号": "x"}
    body = {"type": "supply.result_published", "occurred_on": "2021-03-15", "data": {"raw": raw}}
    assert refused(body) == {(f"/data/raw/{key}", "WRONG_TYPE") for key in ("面积[公顷]", "str", "function-after")}
    conditions = [{"code": "O-TAX", "unit": "kg"}, 5, "", {"obligation": "O-TAX"}]
    with pytest.raises(Refusal) as caught:
        normalise("admission.reviewed", {"result": "CONDITIONAL", "conditions": conditions})
    assert [(one.pointer, one.code) for one in caught.value.errors] == [
        ("/data/conditions/0/unit", "WRONG_UNIT"), ("/data/conditions/1", "WRONG_TYPE"), ("/data/conditions/2", "TOO_SHORT"),
        ("/data/conditions/3/code", "REQUIRED"), ("/data/conditions/3/obligation", "UNKNOWN_FIELD"),
    ]  # fmt: skip


def test_blank_text_is_no_reason():
    change = {"field": "tax_wan", "old": "1", "new": "2"}
    data = {"corrects": "01920000-0000-7000-8000-000000000003", "changes": [change], "reason": " \n"}
    body = {"type": "report.corrected", "occurred_on": "2021-03-15", "data": data}
    assert refused(body) == {("/data/reason", "TOO_SHORT")}


def test_every_sentence_of_a_refusal_is_for_a_clerk_and_every_code_is_registered():
    faults = {
        "holder": [],
        "rent_due": 5,
        "area_id": "~",
        "supply_mode": "SALE",
        "use_code": "x" * 30,
        "far_min": "-1",
        "colour": 1,
    }
    with pytest.raises(Refusal) as caught:
        normalise("contract.signed", faults)
    assert len(caught.value.errors) == len(faults)
    for error in caught.value.errors:
        assert error.code in CODES and re.search("[一-鿿]", error.message), error
        assert not re.search(r"[\^\\$]| or |Input|should", error.message), error


def patterns(schema):
    if isinstance(schema, dict):
        if "pattern" in schema and schema.get("type") == "string":
            yield schema["pattern"]
        schema = list(schema.values())
    if isinstance(schema, list):
        for part in schema:
            yield from patterns(part)


@pytest.mark.parametrize("key", CATALOGUE)
def test_every_pattern_has_words(key):
    of_codes = {r"^\d{2}-\d{2}$"}
    assert set(patterns(CATALOGUE[key].model.model_json_schema())) - of_codes <= set(FORMS_IN_WORDS)


PAPERS = """admission.reviewed project.approved policy.granted supply.announced supply.deal_confirmed construction.permitted
construction.started performance.assessed mortgage.decided seizure.imposed seizure.lifted use_change.approved extension.decided breach.notified
breach.decided rectification.ordered idle.investigated idle.determined idle.disposed charge.assessed remedy.decided exit.opened
exit.withdrawn exit.signed_off renewal.decided conversion.decided conditions.changed inefficiency.identified document.approved
rules.amended plan.approved calendar.published"""


def test_a_document_is_asked_for_by_approvals_notices_and_decisions():
    assert {kind.name for kind in CATALOGUE.values() if kind.document_required} == set(PAPERS.split())
    body = {"type": "idle.investigated", "occurred_on": "2023-03-15", "data": {}}
    assert refused(body) == {("/document", "DOCUMENT_REQUIRED")}
    delivered = {"type": "land.delivered", "occurred_on": "2021-05-20", "data": {"land_condition": "AS_IS"}}
    assert parse_envelope(delivered, today=TODAY).document is None


@pytest.mark.parametrize("key", CATALOGUE)
def test_what_is_stored_has_neither_nulls_nor_defaults(key):
    for example in CATALOGUE[key].examples:
        nulls = {name: None for name, field in CATALOGUE[key].model.model_fields.items() if not field.is_required()}
        nulls = {CATALOGUE[key].model.model_fields[name].alias or name: None for name in nulls}
        assert normalise(key, nulls | dict(example)) == normalise(key, example)


def test_an_optional_field_and_a_new_type_touch_one_class():
    class KitesFlown(EventData, name="kites.flown", rank=1, zh="放风筝", en="Kites flown", by="CUL", examples=({}, {})):
        """Only this class."""

        height_m: Figure | None = optional("高度", "Height", unit="m")

    try:
        assert CATALOGUE["kites.flown"].departments == ("CUL",)
        body = {"type": "kites.flown", "occurred_on": "2021-03-15", "data": {"height_m": 30}}
        assert parse_envelope(body, today=TODAY).data == {"height_m": "30.00"}
        union, _ = envelope_union_schema()
        assert "kites.flown" in union["discriminator"]["mapping"]
    finally:
        del REGISTRY["kites.flown"]


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


def test_the_rank_follows_the_number_of_the_specification():
    numbered = sorted((kind for kind in CATALOGUE.values() if kind.number), key=lambda kind: kind.rank)
    assert [kind.number for kind in numbered] == sorted(kind.number for kind in numbered)
    assert RANK["contract.signed"] < RANK["payment.received"] and RANK["indicators.reported"] == 320


@pytest.mark.parametrize(
    "name", [name for name in CATALOGUE if name.endswith((".decided", ".notified", ".ordered", ".determined"))]
)
def test_the_day_of_service_may_stand_on_every_notice_decision_and_order(name):
    if CATALOGUE[name].departments:  # a coordinator's ruling between two offices is served on nobody
        data = dict(CATALOGUE[name].examples[0]) | {"service": {"served_on": "2024-05-25", "method": "EMS"}}
        assert normalise(name, data)["service"]["served_on"] == "2024-05-25"
