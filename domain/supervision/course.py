"""The course of the project: milestones with their extensions, and what fulfilled them (2.1, 4.3, 4.5, 11.16–11.18)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final

from domain.facts import Fact
from domain.supervision.known import day, of_era
from domain.supervision.papers import Papers

MILESTONES: Final = (
    ("O-START", "start_due", "START"),
    ("O-COMPLETE", "complete_due", "COMPLETE"),
    ("O-PROD", "production_due", "PROD"),
)


class Course(Papers):
    """What was to be done by when, and what was done."""

    @of_era
    def extensions(self) -> list[Fact]:
        """Approved extensions, known at any day: they act from the old due date (specification 2.3, 11.13)."""
        return [fact for fact in self.facts.of("extension.decided") if fact.data.get("decision") == "APPROVED"]

    @of_era
    def dues(self) -> dict[str, tuple[int, Fact]]:
        """Milestone field → (due day after extensions, the event that set it); none that a split left behind. The
        contract's day, where it names none the agreement's (specification 3.2).
        """
        found: dict[str, tuple[int, Fact]] = {}
        fact = self.contract_fact
        if fact is None:
            return found
        for field, code in (*((field, code) for code, field, _ in MILESTONES), ("capacity_due", "O-REACH")):
            value, source, term = day(self.contract.get(field)), fact, self.term(code)
            if value is None and term is not None:
                value, source = day(term.data.get("due")), term.fact
            if value is not None and (self.carried is None or code in self.carried):
                found[field] = (value, source)
        for extension in self.extensions:
            for field, text in (extension.data.get("new") or {}).items():
                value = day(text)
                if value is not None:
                    found[field] = (value, extension)
        if self.rule("calendar.roll.milestones"):  # BR-1 says no (specification 4.2)
            return {field: (self.calendar.roll(due), source) for field, (due, source) in found.items()}
        return found

    def due(self, field: str) -> int | None:
        """The due day of a milestone."""
        entry = self.dues.get(field)
        return entry[0] if entry else None

    @of_era
    def idle_from(self) -> tuple[int, Fact] | None:
        """The effective start date of the idle clock and the event that set it (specification 4.3, 11.4, 11.37).

        A cause of government, force majeure or preliminary work moves it by the days that it grants.
        """
        start, fact = day(self.contract.get("start_due")), self.contract_fact
        if start is None or fact is None or "start_due" not in self.dues:
            return None
        milestone = start
        for extension in self.extensions:
            new = day((extension.data.get("new") or {}).get("start_due"))
            if new is None:
                continue
            if self._shifts_idle(extension):
                start, fact = start + new - milestone, extension
            milestone = new
        return start, fact

    def _shifts_idle(self, extension: Fact) -> bool:
        """Does its cause move the idle clock, by the rules of the day on which it was decided."""
        cause, on = str(extension.data.get("cause")), extension.occurred_on
        if cause.startswith("ENTERPRISE") and self.rules.get("extension.enterprise.shifts_idle", on):
            return True
        return cause in self.rules.get("idle.shifting_causes", on)

    # --- building

    def _counted(self, code: str, reports: Sequence[Fact]) -> Fact | None:
        """The report that counts: the first; where departments differ the coordinator's choice, else the supervisor's
        (specification 11.16).
        """
        if len({fact.department for fact in reports}) < 2:
            return reports[0] if reports else None
        for decided in reversed(self.of("conflict.decided")):
            chosen = [fact for fact in reports if fact.event_id == decided.data.get("event_id")]
            if chosen and decided.data.get("obligation") == code:
                return chosen[0]
        own = [fact for one in self.supervisors(code) for fact in reports if fact.department == one]
        return own[0] if own else reports[0]

    @of_era
    def progress_reports(self) -> Sequence[Fact]:
        """The progress reports by day; where departments differ on one day, the one that counts last (11.16)."""
        found: list[Fact] = []
        for _, group in groupby(self.of("construction.progress_reported"), key=lambda fact: fact.occurred_on):
            reports = list(group)
            counts = self._counted("O-INVEST", reports)
            differing = len({fact.department for fact in reports}) > 1
            found += sorted(reports, key=lambda fact: fact is counts) if differing else reports
        return found

    def _inherited(self, code: str, field: str) -> Fact | None:
        """A milestone that was behind the parent of a split, where an earlier release repeated no facts (11.28)."""
        fact = self.contract_fact
        if fact is None or self.carried is None or code in self.carried or not self.contract.get(field):
            return None
        known = day((fact.data.get("fulfilled") or {}).get(code))
        return fact if known is None else replace(fact, occurred_on=known)

    @of_era
    def started(self) -> Fact | None:
        """The lawful start: with evidence, and a permit on record or named (specification 2.1, 11.18, 11.37)."""
        permitted = self.first("construction.permitted") is not None
        lawful = [
            fact
            for fact in self.of("construction.started")
            if not fact.data.get("unlawful") and (permitted or fact.data.get("permit_no"))
        ]
        return self._counted("O-START", lawful) or self._inherited("O-START", "start_due")

    @of_era
    def completed(self) -> Fact | None:
        """The completion."""
        found = self._counted("O-COMPLETE", self.of("construction.completed"))
        return found or self._inherited("O-COMPLETE", "complete_due")

    @of_era
    def produced(self) -> Fact | None:
        """The start of production."""
        found = self._counted("O-PROD", self.of("production.started"))
        return found or self._inherited("O-PROD", "production_due")

    @of_era
    def delivered(self) -> Fact | None:
        """The hand-over of the land; the split itself, where an earlier release repeated no facts (11.28)."""
        return self.first("land.delivered") or (None if self.carried is None else self.contract_fact)

    def milestone_fact(self, code: str) -> Fact | None:
        """What fulfils a milestone."""
        if code == "O-START":
            return self.started
        return self.completed if code == "O-COMPLETE" else self.produced
