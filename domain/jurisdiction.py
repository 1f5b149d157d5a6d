"""Streams that are about no parcel: rules, calendars, plans of a jurisdiction, figures of an area (contract 3.1)."""

from __future__ import annotations

from domain.decision import Command, Context, Decided, Decision
from domain.errors import FieldError, Kind, Refusal
from domain.event import Event, day_number
from domain.facts import Facts
from domain.policy_keys import KEYS, ORGANISATION, parse_value


def decide_without_parcel(facts: Facts, command: Command, context: Context) -> Decision:
    """The event of one command on a jurisdiction or an area. Raises Refusal."""
    if command.type == "rules.amended":
        _amendable(command, context)
    elif command.type == "calendar.published":
        _of_its_year(command)
    del facts
    event = Decided(
        command.event_id, command.parcel_id, command.type, command.schema_version, command.occurred_on, command.jurisdiction,
        command.department, command.on_behalf_of, command.contract_no, command.document, command.attachments, command.data,
    )  # fmt: skip
    return Decision((event,))


def _amendable(command: Command, context: Context) -> None:
    """The key is a parameter of part 10, the value has its form, and with what else holds it does not contradict."""
    data = command.data
    key, since = str(data["key"]), day_number(data["valid_from"])
    try:
        parse_value(key, data["value"])
    except ValueError as error:
        unknown = key not in KEYS
        raise _refused(
            "/data/key" if unknown else "/data/value", "RULE_UNKNOWN" if unknown else "RULE_VALUE", str(error)
        ) from None
    if key in ORGANISATION:
        _holds_at_once(command, context, since)
    code = command.parcel_id.partition(":")[2]
    event = Event(
        command.event_id, command.parcel_id, 0, 0, command.type, 1, command.occurred_on, 0, code, None, None, None, None, None, data
    )  # fmt: skip
    before = {(where, fault.message) for where, fault in context.book.contradictions(code, key, since)}
    for where, fault in context.book.amended(code, event).contradictions(code, key, since):
        if (where, fault.message) not in before:
            raise _refused("/data/value", "RULE_CONTRADICTION", f"{where}：{fault.message}")


def _holds_at_once(command: Command, context: Context, since: int) -> None:
    """Who is who has no day: it is asked when a report arrives (decision 0004)."""
    if since > context.today:
        key = command.data["key"]
        raise _refused(
            "/data/valid_from", "RULE_NOT_DATED", f"{key} 自登记起生效，请在{command.data['valid_from']}当日上报"
        )
    if command.data.get("area_id") is not None:
        raise _refused("/data/area_id", "RULE_NOT_DATED", f"{command.data['key']} 不分园区")


def _refused(pointer: str, code: str, message: str) -> Refusal:
    return Refusal(Kind.SHAPE, code, message, (FieldError(pointer, code, message),))


def _of_its_year(command: Command) -> None:
    year = str(command.data["year"])
    wrong = [day for key in ("holidays", "workdays") for day in command.data[key] if not day.startswith(f"{year}-")]
    if wrong:
        raise _refused("/data/holidays", "OTHER_YEAR", f"{wrong[0]}不在{year}年")
