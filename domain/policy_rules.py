"""The rules of one jurisdiction on any day: each value with its source (specification 10, 11.25)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, Final

from domain.assessment import RestsOn
from domain.policy_layers import Layer, duties, names, supervised, timelines
from domain.policy_pack import Pack, Value

ENGINE: Final = "1.0.0"
"""Version of the evaluation itself; every answer names it."""


class Rules:
    """The rules of one jurisdiction (and area), inherited nation → province → city → district → area.

    The nearest layer that sets a key wins; within a layer, of the values in force on the day, the one with the latest
    day, of equal days the one recorded last.
    """

    __slots__ = (
        "_dated",
        "_duties",
        "_entitled",
        "_names",
        "_plain",
        "_values",
        "advised",
        "assessment_lead",
        "engine",
        "id",
        "jurisdiction",
        "status",
        "supervisors",
    )

    def __init__(
        self, jurisdiction: str, packs: Iterable[Pack], layers: Iterable[Layer], advised: Rules | None = None
    ) -> None:
        self.advised = advised
        """The same with the drafts that only warn (`drafts = "WARN"`, specification 11.25); None where there are none."""
        chain = list(packs)
        own = chain[-1]
        self.jurisdiction = jurisdiction
        self.id = f"{own.code}/{own.version}"
        self.status = own.status
        self.engine = ENGINE
        self._values, self._dated = timelines(layers)
        substitutes = self._values["departments.map"]
        self.supervisors: Mapping[str, tuple[str, ...]] = supervised(chain, substitutes)
        """Obligation code → the departments that may each post its breach events (specification 3.2)."""
        self._values["supervisors"] = Value(self.supervisors, "规范3.2", "PRODUCT", "DEFAULT", self.id)
        self._plain: dict[str, Any] = {key: value.value for key, value in self._values.items()}
        self.assessment_lead = str(self._plain["assessment.lead"])
        """The department that leads the assessments: MIIT, in 和平 STB."""
        self._duties = duties(chain, substitutes)
        self._entitled: dict[str, tuple[str, ...]] = {key: value.value for key, value in self._duties.items()}
        self._names = names(chain)

    def get(self, key: str, on: int) -> Any:
        """The value in force on a day; None: not checked, not computed. Raises KeyError for an unknown key."""
        if key in self._dated:
            return self.value(key, on).value
        return self._plain[key]

    def accrued(self, key: str, after: int, until: int) -> Fraction:
        """A rate per day summed over the days after a day until another, each day at the value in force on it; null: 0
        (specification 8.12 no. 14).
        """
        if until <= after:
            return Fraction(0)
        total, first = Fraction(0), after + 1
        for since in (*self.days_of_change(key), until + 1):
            last = min(since - 1, until)
            if last >= first:
                total += (self.get(key, first) or 0) * (last - first + 1)
                first = last + 1
        return total

    def value(self, key: str, on: int) -> Value:
        """The value in force on a day, with its source. Raises KeyError for an unknown key."""
        current = self._values[key]
        for since, value in self._dated.get(key, ()):
            if since > on:
                break
            current = value
        return current

    def without_force(self, keys: Iterable[str], on: int) -> tuple[RestsOn, ...]:
        """Those of the parameters that bind on a day and whose status is DRAFT or DEFAULT (specification 11.25).

        A value that is null is not checked and not computed: nothing rests on it.
        """
        values = [(key, self.value(key, on)) for key in keys]
        return tuple(
            RestsOn(key, one.status, one.source)
            for key, one in values
            if one.status in ("DRAFT", "DEFAULT") and one.value is not None
        )

    def changes_after(self, on: int) -> int | None:
        """The first later day on which a value changes; None: none is known."""
        return min((since for steps in self._dated.values() for since, _ in steps if since > on), default=None)

    def days_of_change(self, key: str) -> list[int]:
        """The days on which a parameter takes another value."""
        return [since for since, _ in self._dated.get(key, ())]

    def departments_for(self, event_type: str) -> tuple[str, ...]:
        """Who may post a type (a key of the catalogue)."""
        return self._entitled.get(event_type, ())

    def entitled(self, event_type: str, department: str) -> bool:
        """May this department post this type here."""
        return department in self._entitled.get(event_type, ())

    def duty(self, event_type: str) -> Value:
        """Who may post a type, with the source; DEFAULT where no pack names it (specification 11.30)."""
        return self._duties[event_type]

    def name_of(self, department: str) -> str:
        """The local Chinese name of an office."""
        return self._names.get(department, department)
