"""Every step of the scenarios is taken; every refusal is refused, with the code that is named."""

import pytest
from scenario_lives import BOOK, FILES, Played, runner

from domain.decision import Command, Context
from domain.errors import Kind, Refusal
from domain.event import day_number
from domain.events import RANK, parse_envelope
from domain.facts import fold
from domain.parcel import decide

TODAY = day_number("2046-01-01")
STATUS = {Kind.SHAPE: 422, Kind.RULE: 409, Kind.ENTITLEMENT: 403}


def attempt(played, entry):
    event = played.event(entry)
    body = {key: entry[key] for key in ("type", "occurred_on", "on_behalf_of", "document")} | {"data": dict(event.data)}
    envelope = parse_envelope(body, today=TODAY)
    command = Command(
        event.event_id,
        event.parcel_id,
        event.type,
        1,
        event.occurred_on,
        event.jurisdiction,
        event.department,
        event.on_behalf_of,
        event.contract_no,
        event.document,
        None,
        envelope.data,
    )
    rules = BOOK.rules(event.jurisdiction)
    if not rules.entitled(event.type, event.department):
        raise Refusal(Kind.ENTITLEMENT, "NOT_ENTITLED", "x")
    return event, decide(fold(played.events, RANK), command, Context(TODAY, rules, BOOK.calendar(), {}, BOOK))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_steps_are_taken_and_refusals_refused(path):
    played = Played(path)
    steps = [{"row": 0, "as_of": played.scenario["steps"][0]["as_of"], "events": []}, *played.scenario["steps"]]
    for step in steps:
        for entry in step["events"]:
            event, decision = attempt(played, entry)
            assert decision.events[0].event_id == event.event_id
            played.events.append(event)
        if step["row"]:
            played.status(step["as_of"])
        for case in played.scenario["refusals"]:
            if case["after_row"] == step["row"]:
                with pytest.raises(Refusal) as refused:
                    attempt(played, case["event"])
                allowed = case["status"] if isinstance(case["status"], list) else [case["status"]]
                assert STATUS[refused.value.kind] in allowed, (case["why"], refused.value.code, refused.value.message)
                if "code" in case:
                    assert runner.same(case["code"], refused.value.code)
