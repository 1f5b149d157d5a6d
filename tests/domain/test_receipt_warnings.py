"""What a receipt warns of though the event is taken: hearing, stay, ground of a refusal, unpaid price (5, 6.1, 11). Given / when / then."""

import pytest
from law_lives import CONTRACT, PAID, life
from test_guards import take, warned

IDLE = [("idle.investigated", "2021-02-01", {}), ("idle.determined", "2021-03-01", {"result": "IDLE_ENTERPRISE"})]


@pytest.mark.parametrize(
    ("service", "until"),
    [(None, "2022-04-13"), ({"served_on": "2022-04-28", "method": "直接送达"}, "2022-05-09")],
    ids=["from the day of the decision", "from service, over the May holiday and its working Saturday"],
)
def test_a_decision_to_recover_names_the_last_day_to_ask_for_a_hearing(service, until):
    disposal = {"option": "FREE_RECOVERY"} | ({"service": service} if service else {})
    found = take(life(*IDLE), "idle.disposed", "2022-04-06", disposal).warnings
    assert [one.message[: len("听证申请期限至") + 10] for one in found if one.code == "HEARING_CLOCK"] == [
        f"听证申请期限至{until}"
    ]
    assert warned(life(*IDLE), "idle.disposed", "2022-04-06", {"option": "FEE"}) == set()


@pytest.mark.parametrize(
    ("events", "stayed"),
    [
        ([("remedy.filed", "2021-04-01", {"kind": "LITIGATION", "stay": True})], True),
        ([("remedy.filed", "2021-04-01", {"kind": "RECONSIDERATION", "stay": False})], False),
        (
            [
                ("remedy.filed", "2021-04-01", {"kind": "LITIGATION", "stay": True}),
                ("remedy.decided", "2021-05-06", {"outcome": "UPHELD"}),
            ],
            False,
        ),
    ],
    ids=["stayed", "not stayed", "decided"],
)
def test_a_cancellation_during_a_stay_is_taken_with_a_warning(events, stayed):
    leaving = life(*PAID, ("exit.opened", "2021-03-01", {"kind": "VS"}), *events)
    assert ("STAYED" in warned(leaving, "title.cancelled", "2021-06-01", {}, by="REG")) is stayed


@pytest.mark.parametrize(("conditions", "warns"), [(None, True), ("亩均税收不低于15万元", False)])
def test_a_renewal_is_refused_on_the_ground_of_the_contract_alone(conditions, warns):
    contract = CONTRACT | ({"renewal_conditions": conditions} if conditions else {})
    applied = life(("renewal.applied", "2067-01-05", {}), contract=contract)
    found = warned(applied, "renewal.decided", "2067-06-01", {"decision": "REFUSED", "ground": "绩效不达标"})
    assert ("A-RENEW-NO-GROUND" in found) is warns


def test_a_first_registration_warns_of_a_price_that_is_not_paid_on_record():
    first = ("title.registered", "2020-02-03", {"kind": "FIRST"})
    assert warned(life(PAID[0]), *first, by="REG") == {"PRICE_NOT_ON_RECORD"}
    assert warned(life(*PAID), *first, by="REG") == set()
    unknown = {key: value for key, value in CONTRACT.items() if key != "instalments"}
    assert warned(life(contract=unknown), *first, by="REG") == {"PRICE_NOT_ON_RECORD"}, "not known to be paid"
    change = ("title.registered", "2020-02-03", {"kind": "CHANGE"})
    assert warned(life(PAID[0]), *change, by="REG") == set()


def test_a_cancellation_without_an_exit_is_recorded_as_out_of_sequence():
    assert "OUT_OF_SEQUENCE" in warned(life(*PAID), "title.cancelled", "2021-06-01", {}, by="REG")
