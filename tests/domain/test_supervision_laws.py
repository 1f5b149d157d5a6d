"""Laws that hold for every life (specification 8.12, 11.31): properties over random parcels."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from law_lives import BOOK, EXAMPLES, lives

from domain.answers import status_answer
from domain.assessment import OPEN_PHASES
from domain.event import Event, day_number
from domain.events import RANK
from domain.facts import fold
from domain.supervision import assess_on, evaluate
from domain.supervision.evaluate import digest

RULES, CALENDAR = BOOK.rules("120114"), BOOK.calendar()
days = st.integers(day_number("2019-01-01"), day_number("2027-06-30"))


@settings(max_examples=EXAMPLES)
@given(lives(), days)
def test_between_a_day_and_its_next_change_nothing_changes_and_on_that_day_something_does(events, day):
    facts = fold(events, RANK)
    found = evaluate(facts, day, RULES, CALENDAR)
    end = found.next_change_on if found.next_change_on is not None else day + 900
    before = digest(found)
    for between in range(day + 1, min(end, day + 900)):
        assert digest(assess_on(facts, between, RULES, CALENDAR)) == before
    if found.next_change_on is not None:
        assert digest(assess_on(facts, end, RULES, CALENDAR)) != before


@settings(max_examples=EXAMPLES)
@given(lives(), days, st.randoms(use_true_random=False))
def test_the_order_of_arrival_never_changes_an_answer(events, day, chance):
    shuffled = list(events)
    chance.shuffle(shuffled)
    renumbered = [_numbered(event, number) for number, event in enumerate(shuffled, start=1)]
    one = assess_on(fold(events, RANK), day, RULES, CALENDAR)
    assert digest(assess_on(fold(renumbered, RANK), day, RULES, CALENDAR)) == digest(one)


def _numbered(event, number):
    fields = {name: getattr(event, name) for name in Event.__slots__}
    return Event(**fields | {"version": number, "position": number})


@settings(max_examples=EXAMPLES)
@given(lives(), days)
def test_an_answer_asked_after_others_is_the_answer_of_fresh_facts(events, day):
    kept = fold(events, RANK)
    for other in (day + 400, day - 3, day + 31):
        evaluate(kept, other, RULES, CALENDAR)
    again, fresh = evaluate(kept, day, RULES, CALENDAR), evaluate(fold(events, RANK), day, RULES, CALENDAR)
    assert again == fresh


@settings(max_examples=EXAMPLES)
@given(lives(), days)
def test_what_holds_of_every_answer(events, day):
    facts = fold(events, RANK)
    found = evaluate(facts, day, RULES, CALENDAR)
    answer = status_answer(found, facts, known_at=1, as_of=day, alert_ids={})
    by_type = Counter(event.type for event in events if event.occurred_on <= day)
    stands = found.open_breaches()
    if found.stage == "EXITED":
        assert not found.alerts and not found.exit_eligible and found.compliance == "CLOSED"
    if found.exit_in_progress:
        assert not found.alerts and not found.exit_eligible
    if "FI" in found.exit_eligible:
        assert found.idle_clock == "Y2" and not any(
            event.type == "construction.started" and event.occurred_on <= day and event.data.get("permit_no") for event in events
        )  # fmt: skip
    if "FP" in found.exit_eligible:
        assert by_type["performance.assessed"] >= 2 and by_type["agreement.signed"]
    if "MT" in found.exit_eligible:
        assert not stands and found.idle_clock == "NONE"
    assert len({one.breach_id for one in found.breaches}) == len(found.breaches)
    assert len({(one.code, one.subject) for one in found.alerts}) == len(found.alerts)
    assert all(one.effective_from <= day for one in found.breaches)
    assert all(one.phase in OPEN_PHASES or one.ended_on is not None for one in found.breaches)
    assert {f"A-BREACH-{one.kind}" for one in stands} == {
        one.code for one in found.alerts if one.code.startswith("A-BREACH")
    } or found.stage in ("EXITED", "EXIT_IN_PROGRESS")
    assert len({one.key for one in found.obligations}) == len(found.obligations)
    assert answer["exit"]["eligible"] == sorted(answer["exit"]["eligible"])


@settings(max_examples=EXAMPLES)
@given(lives(), days)
def test_later_knowledge_never_changes_an_earlier_answer(events, day):
    for count in range(1, len(events) + 1):
        known = assess_on(fold(events, RANK, events[count - 1].recorded_at), day, RULES, CALENDAR)
        assert digest(known) == digest(assess_on(fold(events[:count], RANK), day, RULES, CALENDAR))


@settings(max_examples=EXAMPLES)
@given(lives(), days)
def test_a_breach_keeps_its_id_from_day_to_day(events, day):
    facts = fold(events, RANK)
    one = {
        (b.kind, b.obligation, b.effective_from): b.breach_id for b in assess_on(facts, day, RULES, CALENDAR).breaches
    }
    two = {
        (b.kind, b.obligation, b.effective_from): b.breach_id
        for b in assess_on(facts, day + 200, RULES, CALENDAR).breaches
    }
    assert all(two.get(key, identity) == identity for key, identity in one.items())
