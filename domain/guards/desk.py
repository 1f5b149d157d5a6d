"""The desk at which a command is decided: the facts, the day, the rules, and the warnings that gather."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

from domain.assessment import Assessment
from domain.calendar import Calendar
from domain.decision import Command, Context, Warn
from domain.errors import FieldError, Kind, Refusal
from domain.facts import Fact, Facts
from domain.policy import Rules
from domain.supervision import assess_on
from domain.supervision.life import Life

_FORCE: Final = {"DRAFT": "草案，尚未生效", "DEFAULT": "本地无明文规定，取默认值"}
"""What is said of a parameter without full force."""


class Desk:
    """A guard looks at the day of the act, the whole day, with all present knowledge (specification 11.17)."""

    def __init__(self, facts: Facts, command: Command, context: Context) -> None:
        self.facts, self.command, self.context = facts, command, context
        self.warnings: list[Warn] = []

    @property
    def data(self) -> Mapping[str, Any]:
        """The data of the command."""
        return self.command.data

    @property
    def day(self) -> int:
        """The day of the act."""
        return self.command.occurred_on

    @property
    def rules(self) -> Rules:
        """The rules of the parcel's jurisdiction."""
        return self.context.rules

    @property
    def calendar(self) -> Calendar:
        """Working days."""
        return self.context.calendar

    def rule(self, key: str) -> Any:
        """A parameter on the day of the act."""
        return self.context.rules.get(key, self.day)

    @cached_property
    def life(self) -> Life:
        """The parcel on the day of the act."""
        return Life(self.facts, self.day, self.rules, self.calendar)

    @cached_property
    def assessment(self) -> Assessment:
        """What the law makes of the parcel on the day of the act; asked only by guards that need it."""
        return assess_on(self.facts, self.day, self.rules, self.calendar)

    def has(self, event_type: str) -> bool:
        """Is a fact of this type on record by the day of the act."""
        return self.facts.first(event_type, self.day) is not None

    def warn(self, code: str, message: str) -> None:
        """Adds a warning to the receipt."""
        self.warnings.append(Warn(code, message))

    def refuse(self, code: str, message: str, *keys: str) -> Refusal:
        """A rule of the domain is broken (409). `keys`: the parameters it rests on; those without full force are named,
        in words and as `rests_on` (specification 11.25).
        """
        found = self.rules.without_force(keys, self.day)
        words = "；".join(f"{one.source}，{_FORCE[one.status]}" for one in found)
        return Refusal(Kind.RULE, code, message + (f"（依据：{words}）" if found else ""), rests_on=found)

    def refuse_field(self, pointer: str, code: str, message: str) -> Refusal:
        """A field is well-formed but invalid (422)."""
        return Refusal(Kind.SHAPE, code, f"{pointer}：{message}", (FieldError(pointer, code, message),))

    def refuse_department(self, code: str, message: str, *keys: str) -> Refusal:
        """The department has no duty here (403). `keys`: the parameters that say whose it is."""
        return Refusal(Kind.ENTITLEMENT, code, message, rests_on=self.rules.without_force(keys, self.day))

    def names(self, departments: tuple[str, ...]) -> str:
        """Local names of departments, for messages."""
        return "、".join(f"{self.rules.name_of(one)}（{one}）" for one in departments)

    def target(self, event_id: str) -> Fact | None:
        """A fact of this stream by its id."""
        return self.facts.by_id.get(event_id)
