"""The life of one parcel as it stands on a day: contract, agreement, dates and acts, read once from the facts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from domain.calendar import Calendar, add_years
from domain.event import day_number
from domain.facts import Fact, Facts
from domain.policy import Rules
from domain.supervision.measures import area, yuan

LEASES: Final = frozenset({"LEASE_LONG", "LEASE_THEN_GRANT"})
MILESTONES: Final = (
    ("O-START", "start_due", "START"),
    ("O-COMPLETE", "complete_due", "COMPLETE"),
    ("O-PROD", "production_due", "PROD"),
)
GOVERNMENT: Final = frozenset(
    {
        "GOV_LATE_DELIVERY",
        "GOV_PLAN_CHANGE",
        "GOV_POLICY",
        "GOV_PETITION",
        "MILITARY_HERITAGE",
        "GOV_OTHER",
        "FORCE_MAJEURE",
    }
)
"""Causes of a government extension (specification 4.5)."""


def day(value: Any) -> int | None:
    """A stored date as a day number; None where there is none."""
    try:
        return day_number(value) if isinstance(value, str) else None
    except ValueError:
        return None


@dataclass(slots=True, frozen=True)
class Term:
    """One obligation of the agreement as it stands."""

    code: str
    data: dict[str, Any]
    fact: Fact
    hard: bool


class Life:
    """Everything that the rules ask about a parcel on `as_of`. `marks` collects days on which the answer may change."""

    def __init__(self, facts: Facts, as_of: int, rules: Rules, calendar: Calendar) -> None:
        self.facts, self.as_of, self.rules, self.calendar = facts, as_of, rules, calendar
        self.marks: set[int] = {fact.occurred_on for fact in facts.facts if fact.occurred_on > as_of}

    def mark(self, *days: int | None) -> None:
        """Notes days on which the answer may change."""
        self.marks.update(one for one in days if one is not None and one > self.as_of)

    def of(self, *types: str) -> list[Fact]:
        """The facts of these types that are true on the day, in their order."""
        return [fact for fact in self.facts.of(*types) if fact.occurred_on <= self.as_of]

    def last(self, event_type: str) -> Fact | None:
        """The last fact of a type."""
        return self.facts.last(event_type, self.as_of)

    def rule(self, key: str) -> Any:
        """The value of a parameter on the day."""
        return self.rules.get(key, self.as_of)

    # --- contract and agreement

    @cached_property
    def contract_fact(self) -> Fact | None:
        """The contract, or what a split or merger carried over."""
        return self.last("contract.signed") or next(
            (fact for fact in reversed(self.of("lineage.recorded")) if fact.data.get("contract")), None
        )

    @cached_property
    def contract(self) -> Any:
        """The data of the contract; empty where there is none."""
        fact = self.contract_fact
        if fact is None:
            return {}
        return fact.data if fact.type == "contract.signed" else fact.data["contract"]

    @cached_property
    def price(self) -> int | None:
        """The land price in 元."""
        return yuan(self.contract.get("price_wan"))

    @cached_property
    def area(self) -> int | None:
        """The contract area in 0.01 m²."""
        return area(self.contract.get("area_m2"))

    @cached_property
    def mode(self) -> str | None:
        """The supply mode."""
        value = self.contract.get("supply_mode")
        return value if isinstance(value, str) else None

    @cached_property
    def onboarded_on(self) -> int | None:
        """The day from which the clocks run for imported history (specification 11.11); None for our own."""
        if not self.contract.get("onboarding"):
            return None
        fact = self.contract_fact
        return day(self.contract.get("onboarded_on")) or (fact.occurred_on if fact else None)

    def is_history(self, due: int | None) -> bool:
        """Lies a due day before the onboarding day: then nothing is found by the clock."""
        return due is not None and self.onboarded_on is not None and due < self.onboarded_on

    @cached_property
    def agreements(self) -> list[Fact]:
        """The agreement and its supplements, in their order."""
        return self.of("agreement.signed", "agreement.amended")

    @cached_property
    def terms(self) -> list[Term]:
        """The obligations that stand: a supplement replaces by code, the others stand (contract 4)."""
        return terms_of([*self.of("admission.reviewed"), *self.agreements])

    def terms_on(self, on: int) -> list[Term]:
        """The obligations of the agreement as they stood on a day, kept for these facts."""
        known: dict[tuple[int, ...], list[Term]] = self.facts.memo.setdefault("terms", {})
        papers = [fact for fact in self.agreements if fact.occurred_on <= on]
        key = tuple(id(fact) for fact in papers)
        if key not in known:
            known[key] = terms_of(papers)
        return known[key]

    @cached_property
    def superseded(self) -> list[Term]:
        """The obligations that a supplement replaced."""
        standing = {id(term.data) for term in self.terms}
        every = [term for fact in self.agreements for term in terms_of([fact])]
        return [term for term in every if id(term.data) not in standing]

    def term(self, code: str) -> Term | None:
        """The standing obligation of a code."""
        return next((term for term in self.terms if term.code == code), None)

    @cached_property
    def exit_clause(self) -> bool:
        """Does the agreement carry an exit clause."""
        clause: Any = None
        for fact in self.agreements:
            clause = fact.data.get("exit_clause") or clause
        return bool(clause and clause.get("present"))

    def supervisor(self, code: str) -> str | None:
        """The supervisor shown: of the agreement, else the first of the pack."""
        term = self.term(code)
        if term and term.data.get("supervisor"):
            return str(term.data["supervisor"])
        named = self.rules.supervisors.get(code)
        return named[0] if named else None

    # --- extensions and milestones

    @cached_property
    def extensions(self) -> list[Fact]:
        """Approved extensions, known at any day: they act from the old due date (specification 2.3, 11.13)."""
        return [fact for fact in self.facts.of("extension.decided") if fact.data.get("decision") == "APPROVED"]

    @cached_property
    def dues(self) -> dict[str, tuple[int, Fact]]:
        """Milestone field → (due day after extensions, the event that set it)."""
        found: dict[str, tuple[int, Fact]] = {}
        fact = self.contract_fact
        if fact is None:
            return found
        for field in ("start_due", "complete_due", "production_due", "capacity_due"):
            value = day(self.contract.get(field))
            if value is not None:
                found[field] = (value, fact)
        for extension in self.extensions:
            for field, text in (extension.data.get("new") or {}).items():
                value = day(text)
                if value is not None:
                    found[field] = (value, extension)
        return found

    def due(self, field: str) -> int | None:
        """The due day of a milestone."""
        entry = self.dues.get(field)
        return entry[0] if entry else None

    @cached_property
    def idle_from(self) -> int | None:
        """The effective start date of the idle clock: moved by the days that a shifting cause grants (4.3, 11.37)."""
        start = day(self.contract.get("start_due"))
        milestone = start
        shifting = self.rule("idle.shifting_causes")
        for extension in self.extensions:
            new = day((extension.data.get("new") or {}).get("start_due"))
            if new is None:
                continue
            moves = extension.data.get("cause") in shifting or (
                str(extension.data.get("cause", "")).startswith("ENTERPRISE")
                and self.rule("extension.enterprise.shifts_idle")
            )
            if moves and start is not None and milestone is not None:
                start += new - milestone
            milestone = new
        return start

    # --- building

    @cached_property
    def started(self) -> Fact | None:
        """The lawful start: with evidence, and a permit on record or named (specification 2.1, 11.18, 11.37)."""
        permitted = self.facts.first("construction.permitted", self.as_of) is not None
        for fact in self.of("construction.started"):
            if not fact.data.get("unlawful") and (fact.data.get("permit_no") or permitted):
                return fact
        return None

    @cached_property
    def completed(self) -> Fact | None:
        """The completion."""
        return self._counting("O-COMPLETE", self.of("construction.completed"))

    @cached_property
    def produced(self) -> Fact | None:
        """The start of production."""
        return self._counting("O-PROD", self.of("production.started"))

    def _counting(self, code: str, facts: list[Fact]) -> Fact | None:
        """Of several reports of one milestone: the one a coordinator chose, else the supervisor's, else the first (11.16)."""
        if len(facts) < 2:
            return facts[0] if facts else None
        for decision in reversed(self.of("conflict.decided")):
            chosen = self.facts.by_id.get(str(decision.data.get("event_id")))
            if decision.data.get("obligation") == code and chosen in facts:
                return chosen
        own = [fact for fact in facts if fact.department == self.supervisor(code)]
        return (own or facts)[0]

    @cached_property
    def delivered(self) -> Fact | None:
        """The hand-over of the land."""
        return self.facts.first("land.delivered", self.as_of)

    def milestone_fact(self, code: str) -> Fact | None:
        """What fulfils a milestone."""
        return {"O-START": self.started, "O-COMPLETE": self.completed, "O-PROD": self.produced}[code]

    # --- exit

    @cached_property
    def cancelled_on(self) -> int | None:
        """The day of `title.cancelled`."""
        fact = self.facts.first("title.cancelled", self.as_of)
        split = self.facts.first("parcel.split", self.as_of) or self.facts.first("parcel.merged", self.as_of)
        if fact is None and split is not None and self.facts.parcel_id in split.data.get("from_codes", ()):
            return split.occurred_on
        return fact.occurred_on if fact else None

    @cached_property
    def exit_opened(self) -> Fact | None:
        """The exit that runs (or led to the end); a withdrawn or annulled one was never opened (5.4, 11.37)."""
        running: Fact | None = None
        for fact in self.of("exit.opened", "exit.withdrawn", "remedy.decided", "transfer.registered"):
            if fact.type == "exit.opened":
                running = fact
            elif running is not None and _ends_exit(fact, running):
                running = None
        return running

    @cached_property
    def clock(self) -> int:
        """The day on which the clocks stand: today, or the day an exit was opened (specification 5.4)."""
        stops = [one for one in (self.exit_opened.occurred_on if self.exit_opened else None, self.cancelled_on) if one]
        return min([self.as_of, *stops])

    @property
    def leaving(self) -> bool:
        """An exit runs or has ended the right."""
        return self.exit_opened is not None or self.cancelled_on is not None

    # --- tenure

    @cached_property
    def conversion(self) -> Fact | None:
        """The approved conversion of a lease."""
        approved = [fact for fact in self.of("conversion.decided") if fact.data.get("decision") == "APPROVED"]
        return approved[-1] if approved else None

    @cached_property
    def is_lease(self) -> bool:
        """Is the right a lease on this day."""
        return self.mode in LEASES and self.conversion is None

    @cached_property
    def is_grant(self) -> bool:
        """Counts the tenure as a grant (specification 5.1)."""
        return self.mode in self.rule("exit.grant_tenures") or (self.mode in LEASES and self.conversion is not None)

    @cached_property
    def right_to(self) -> int | None:
        """The last day of the term (specification 2.5)."""
        renewed = self.renewal
        if renewed is not None:
            end = day(renewed.data.get("new_end"))
            if end is not None:
                return end
        return self.right_to_before_renewal

    @cached_property
    def right_to_before_renewal(self) -> int | None:
        """The last day of the term, renewals left aside."""
        if self.conversion is not None and day(self.conversion.data.get("term_to")):
            return day(self.conversion.data["term_to"])
        for title in reversed(self.of("title.registered")):
            if day(title.data.get("right_to")):
                return day(title.data["right_to"])
        if day(self.contract.get("term_to")):
            return day(self.contract["term_to"])
        years = self.contract.get("term_years")
        if self.delivered is not None and years is not None:
            whole, _, part = str(years).partition(".")
            if not part.strip("0"):
                return add_years(self.delivered.occurred_on, int(whole)) - 1
        return None

    @cached_property
    def approved_renewals(self) -> list[Fact]:
        """Approved renewals decided up to the day."""
        return [fact for fact in self.of("renewal.decided") if fact.data.get("decision") == "APPROVED"]

    @cached_property
    def renewal(self) -> Fact | None:
        """The approved renewal in force: from its `effective_from`."""
        found = None
        for fact in self.approved_renewals:
            start = day(fact.data.get("effective_from")) or fact.occurred_on
            self.mark(start)
            if start <= self.as_of:
                found = fact
        return found

    # --- holder

    @cached_property
    def holder(self) -> dict[str, Any] | None:
        """The land holder: of the contract, or the last transferee."""
        holder = self.contract.get("holder")
        for fact in self.of("transfer.registered"):
            if fact.data.get("kind") == "WHOLE" and (
                fact.data.get("transferee_uscc") or fact.data.get("transferee_name")
            ):
                holder = {"uscc": fact.data.get("transferee_uscc"), "name": fact.data.get("transferee_name")}
        return {"uscc": holder.get("uscc"), "name": holder.get("name")} if holder else None


def terms_of(facts: Iterable[Fact]) -> list[Term]:
    """The obligations that agreements and conditional admissions state, the last of each code."""
    found: dict[str, Term] = {}
    for fact in facts:
        entries = fact.data.get("obligations" if fact.type.startswith("agreement.") else "conditions") or ()
        for entry in entries:
            if isinstance(entry, dict) and entry.get("code"):
                data = entry
                if fact.type == "admission.reviewed" and not entry.get("supervisor"):
                    data = {**entry, "supervisor": fact.data.get("reviewer") or fact.department}
                found[entry["code"]] = Term(entry["code"], data, fact, bool(entry.get("hard")))
    return list(found.values())


def _ends_exit(fact: Fact, running: Fact) -> bool:
    if fact.type == "exit.withdrawn":
        return True
    if fact.type == "remedy.decided":
        return fact.data.get("outcome") == "ANNULLED"
    return fact.data.get("kind") == "WHOLE" and running.data.get("kind") in ("MT", "MTA")
