"""Streams that are about no parcel: rules, calendars, plans of a jurisdiction, figures of an area (contract 3.1)."""

from __future__ import annotations

from domain.amendments import AmendmentRefused, amended
from domain.decision import Command, Context, Decision, decided
from domain.errors import FieldError, Kind, Refusal


def decide_without_parcel(command: Command, context: Context) -> Decision:
    """The event of one command on a jurisdiction or an area. Raises Refusal."""
    if command.type == "rules.amended":
        _amendable(command, context)
    elif command.type == "calendar.published":
        _of_its_year(command)
    return Decision((decided(command),))


def _amendable(command: Command, context: Context) -> None:
    try:
        amended(context.book, command.parcel_id.partition(":")[2], command.data, context.today)
    except AmendmentRefused as refused:
        raise _refused(f"/data/{refused.field}", refused.code, refused.message) from None


def _refused(pointer: str, code: str, message: str) -> Refusal:
    return Refusal(Kind.SHAPE, code, message, (FieldError(pointer, code, message),))


def _of_its_year(command: Command) -> None:
    year = str(command.data["year"])
    for name in ("holidays", "workdays"):
        for number, day in enumerate(command.data[name]):
            if not day.startswith(f"{year}-"):
                raise _refused(f"/data/{name}/{number}", "OTHER_YEAR", f"{day}不在{year}年")
