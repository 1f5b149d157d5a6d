"""Streams that are about no parcel: rules, calendars, plans of a jurisdiction, figures of an area (contract 3.1)."""

from __future__ import annotations

from domain.decision import Command, Context, Decided, Decision
from domain.errors import FieldError, Kind, Refusal
from domain.facts import Facts
from domain.policy_keys import parse_value


def decide_without_parcel(facts: Facts, command: Command, context: Context) -> Decision:
    """The event of one command on a jurisdiction or an area. Raises Refusal."""
    if command.type == "rules.amended":
        _amendable(command)
    elif command.type == "calendar.published":
        _of_its_year(command)
    del facts, context
    event = Decided(
        command.event_id, command.parcel_id, command.type, command.schema_version, command.occurred_on, command.jurisdiction,
        command.department, command.on_behalf_of, command.contract_no, command.document, command.attachments, command.data,
    )  # fmt: skip
    return Decision((event,))


def _amendable(command: Command) -> None:
    """The key is a parameter of part 10 and the value has its form."""
    try:
        parse_value(str(command.data["key"]), command.data["value"])
    except (ValueError, ZeroDivisionError) as error:
        known = str(error).startswith("参数")
        pointer, code = ("/data/value", "RULE_VALUE") if known else ("/data/key", "RULE_UNKNOWN")
        raise Refusal(Kind.SHAPE, code, str(error), (FieldError(pointer, code, str(error)),)) from None


def _of_its_year(command: Command) -> None:
    year = str(command.data["year"])
    wrong = [day for key in ("holidays", "workdays") for day in command.data[key] if not day.startswith(f"{year}-")]
    if wrong:
        message = f"{wrong[0]}不在{year}年"
        raise Refusal(Kind.SHAPE, "OTHER_YEAR", message, (FieldError("/data/holidays", "OTHER_YEAR", message),))
