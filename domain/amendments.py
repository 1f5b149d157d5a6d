"""May one parameter be amended: its key, its form, its day, and what else holds beside it (specification 10, E92)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domain.event import day_number, day_text
from domain.policy import RuleBook, Rules
from domain.policy_contradictions import contradictions
from domain.policy_keys import KEYS, ORGANISATION, parse_value


class AmendmentRefused(ValueError):  # noqa: N818 - an answer
    """`field` of the data is at fault; `code` stands in the catalogue."""

    def __init__(self, field: str, code: str, message: str) -> None:
        super().__init__(message)
        self.field, self.code, self.message = field, code, message


def amended(book: RuleBook, jurisdiction: str, data: Mapping[str, Any], today: int) -> RuleBook:
    """The book with an amendment. Raises AmendmentRefused for what may not be posted (`rules.amended`)."""
    key, since = str(data["key"]), day_number(data["valid_from"])
    if key not in KEYS:
        raise AmendmentRefused("key", "RULE_UNKNOWN", f"未知参数 {key}")
    try:
        parse_value(key, data["value"])
    except ValueError as error:
        raise AmendmentRefused("value", "RULE_VALUE", str(error)) from None
    if key in ORGANISATION:
        _holds_at_once(key, since, data.get("area_id"), today)
    after = book.amended(jurisdiction, data)
    known = set(_contradicted(book, jurisdiction, key, since))
    for fault in _contradicted(after, jurisdiction, key, since):
        if fault not in known:
            raise AmendmentRefused("value", "RULE_CONTRADICTION", "：".join(fault))
    return after


def _holds_at_once(key: str, since: int, area_id: str | None, today: int) -> None:
    """Who is who has no day: it is asked when a report arrives (decision 0004)."""
    if since > today:
        message = f"{key} 自登记起生效，请在{day_text(since)}当日上报"
        raise AmendmentRefused("valid_from", "RULE_NOT_DATED", message)
    if area_id is not None:
        raise AmendmentRefused("area_id", "RULE_NOT_DATED", f"{key} 不分园区")


def _contradicted(book: RuleBook, jurisdiction: str, key: str, since: int) -> Iterator[tuple[str, str]]:
    """(jurisdiction, what contradicts a parameter) from a day on, here and below, while the value of that day stands."""
    for rules in book.below(jurisdiction):
        for day in _days(rules, key, since):
            found = contradictions({one: rules.get(one, day) for one in KEYS})
            yield from ((rules.jurisdiction, one.message) for one in found if key in one.keys)


def _days(rules: Rules, key: str, since: int) -> list[int]:
    """The day, and each later one on which another parameter changes before this one does."""
    until = min((day for day in rules.days_of_change(key) if day > since), default=None)
    changes = {day for one in KEYS for day in rules.days_of_change(one)}
    return [since, *sorted(day for day in changes if since < day and (until is None or day < until))]
