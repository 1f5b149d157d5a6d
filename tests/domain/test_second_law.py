"""The law against a second, plain implementation written from the specification alone (decision 0019).

`SECOND_LAW_LIVES=20000 pytest tests/domain/test_second_law.py -k row` runs as many lives; without it four hundred.
"""

import os
import random
from datetime import date, timedelta

import pytest
from grown_lives import STEPS, Parcel, RandomChoice, a_day, prosper, sign
from hypothesis import HealthCheck, Phase, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from law_lives import AGREEMENT, START, life, on, phases
from scenario_lives import BOOK, FILES, Played
from second_answers import differences, next_change

LIVES = int(os.environ.get("SECOND_LAW_LIVES", "400"))
GREEN = {"code": "O-GREEN", "direction": "LE", "threshold": "0.2000", "unit": "ratio", "assess_on": "COMPLETION"}
BOND = {"code": "O-BOND", "direction": "BY_DATE", "assess_on": "DATE", "due": "2019-03-02"}
PLACES = {"120114": "120114001002GB00099", "371502": "371502003005GB00021"}


class DrawnChoice:
    """Every decision of a growing life drawn by hypothesis, so that a life that fails can be made smaller."""

    def __init__(self, data):
        self.data = data

    def pick(self, options):
        return self.data.draw(st.sampled_from(options))

    def number(self, low, high):
        return self.data.draw(st.integers(low, high))


class TwoLaws(RuleBasedStateMachine):
    """A parcel lives, by reports in any order, corrections, extensions and jumps of the clock; both laws are asked."""

    @initialize(data=st.data(), place=st.sampled_from(sorted(PLACES)))
    def begin(self, data, place):
        self.parcel = Parcel(place, PLACES[place])
        assume(sign(self.parcel, DrawnChoice(data)))
        prosper(self.parcel, DrawnChoice(data))

    @rule(data=st.data(), step=st.sampled_from(STEPS))
    def something_is_reported(self, data, step):
        choose = DrawnChoice(data)
        step(self.parcel, choose, a_day(self.parcel, choose))

    @rule(data=st.data())
    def the_clock_jumps(self, data):
        day = a_day(self.parcel, DrawnChoice(data))
        assert asked(self.parcel, day) == {}

    @rule(year=st.sampled_from((2020, 2024, 2028, 2032, 2048, 2076)), days=st.integers(-1, 1))
    def a_leap_day_comes(self, year, days):
        assert asked(self.parcel, date(year, 2, 29) + timedelta(days)) == {}

    @precondition(lambda self: len(self.parcel.events) > 2)
    @rule(data=st.data())
    def what_was_known_before_is_asked(self, data):
        choose = DrawnChoice(data)
        known = choose.pick(self.parcel.events).recorded_at
        assert asked(self.parcel, a_day(self.parcel, choose), known) == {}


TwoLaws.TestCase.settings = settings(
    max_examples=30 if "SECOND_LAW_LIVES" not in os.environ else LIVES // 20,
    stateful_step_count=20,
    deadline=None,
    derandomize="SECOND_LAW_LIVES" not in os.environ,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
TestTwoLaws = TwoLaws.TestCase


def asked(parcel, day, known_at=None):
    return differences(parcel.events, day, parcel.rules, parcel.calendar, names=parcel.names, known_at=known_at)


def grown(seed):
    """A whole life from one number."""
    choose = RandomChoice(random.Random(seed))
    place = choose.pick(("120114", "120114", "371502"))
    parcel = Parcel(place, PLACES[place])
    while not sign(parcel, choose):
        parcel = Parcel(place, PLACES[place])
    prosper(parcel, choose)
    for _ in range(choose.number(3, 18)):
        choose.pick(STEPS)(parcel, choose, a_day(parcel, choose))
    return parcel, choose


@pytest.mark.parametrize("seed", range(0, LIVES, 40))
def test_both_laws_answer_alike_in_a_long_row_of_lives(seed):
    for number in range(seed, seed + 40):
        parcel, choose = grown(number)
        for _ in range(3):
            day = a_day(parcel, choose)
            assert asked(parcel, day) == {}, (number, day)
        known = choose.pick(parcel.events).recorded_at
        assert asked(parcel, day, known) == {}, (number, day, known)


@pytest.mark.parametrize("seed", range(1, 6))
def test_next_change_is_the_day_on_which_the_second_law_answers_otherwise(seed):
    parcel, choose = grown(seed)
    day = a_day(parcel, choose)
    told, walked, last = next_change(parcel.events, day, parcel.rules, parcel.calendar)
    assert walked == (told if told is not None and told <= last else None)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_second_law_gives_every_row_of_the_agreed_scenarios(path):
    played = Played(path)
    rules, names = BOOK.rules(played.scenario["jurisdiction"]), {}
    for step in played.scenario["steps"]:
        for entry in step["events"]:
            played.events.append(played.event(entry))
        found, _ = played.assessment(step["as_of"])
        names |= {one.breach_id: (one.kind, (one.obligation, *one.events)) for one in found.breaches}
        played.status(step["as_of"])
        played.known_after[step["row"]] = len(played.events) * 1000
        day = date.fromisoformat(step["as_of"])
        assert differences(played.events, day, rules, BOOK.calendar(), names=names) == {}, step["row"]
    for query in played.scenario["two_time_queries"]:
        known = played.known_after.get(query.get("known_after_row"))
        day = date.fromisoformat(query["as_of"])
        assert differences(played.events, day, rules, BOOK.calendar(), names=names, known_at=known) == {}, query


def built(*entries):
    """A parcel of our own with an agreement on the green ratio, the bond and the payments."""
    agreement = {**AGREEMENT, "bond": {"amount_wan": "20.00", "form": "CASH"}, "obligations": [GREEN, BOND]}
    return life(*entries, agreement=agreement)


def test_a_verification_that_is_silent_on_an_item_closes_no_breach_of_it():
    measured = {"land_area_m2": "30000.00", "floor_area_m2": "40000.00"}
    failed = ("construction.verified", "2021-01-10", measured | {"green_m2": "9000.00"})
    silent = ("construction.verified", "2021-02-10", measured)
    met = ("construction.verified", "2021-03-10", measured | {"green_m2": "6000.00"})
    assert "GREEN" in phases(on("2021-02-10", built(failed, silent)))
    assert "GREEN" not in phases(on("2021-03-10", built(failed, silent, met)))


def test_a_decision_on_the_bond_takes_away_the_bonds_breach_alone():
    waived = ("breach.decided", "2019-12-20", {"obligation": "O-BOND", "decision": "EXEMPTED"})
    left = [one.obligation for one in on("2019-12-21", built(waived)).open_breaches()]
    assert left == ["O-PAY/1", "O-PAY/2"]
    posted = ("bond.posted", "2019-01-05", {"amount_wan": "20.00"})
    instalment = ("payment.received", "2019-05-01", {"instalment_no": 1, "amount_wan": "600.00"})
    left = [one.obligation for one in on("2019-12-21", built(posted, instalment, waived)).open_breaches()]
    assert left == ["O-PAY/2"]


def test_what_a_decision_waived_is_no_ground_for_termination():
    waived = [("breach.decided", "2019-12-20", {"obligation": f"O-PAY/{no}", "decision": "EXEMPTED"}) for no in (1, 2)]
    assert "FPAY" in on("2020-06-01", built()).exit_eligible
    assert "FPAY" not in on("2020-06-01", built(*waived)).exit_eligible


def test_a_stop_before_the_start_is_no_stop_of_started_land():
    stop = ("construction.stopped", "2019-06-01", {"cause": "ENTERPRISE_MARKET"})
    begun = ("construction.started", "2019-12-01", START)
    little = ("construction.progress_reported", "2019-12-02", {"developed_m2": "100.00"})
    assert on("2020-12-31", built(stop, begun, little)).idle_clock == "NONE"
