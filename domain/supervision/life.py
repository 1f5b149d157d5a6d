"""The life of one parcel as it stands on a day: contract, agreement, dates and acts, read once from the facts.

What depends on the visible facts alone is computed once for all days between two facts (`era`): asking for a later
day, as the search for the next change does, reads it again for nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, TypeVar, overload

from domain.calendar import Calendar
from domain.event import day_number
from domain.facts import Fact, Facts
from domain.policy import Rules
from domain.supervision.measures import area, yuan
from domain.supervision.tenure import Tenure, tenure_of
from domain.supervision.terms import Term, terms_of

LEASES: Final = frozenset({"LEASE_LONG", "LEASE_THEN_GRANT"})
MILESTONES: Final = (
    ("O-START", "start_due", "START"),
    ("O-COMPLETE", "complete_due", "COMPLETE"),
    ("O-PROD", "production_due", "PROD"),
)
GOVERNMENT: Final = frozenset(
    {"GOV_LATE_DELIVERY", "GOV_PLAN_CHANGE", "GOV_POLICY", "GOV_PETITION", "MILITARY_HERITAGE", "GOV_OTHER", "FORCE_MAJEURE"}
)  # fmt: skip
"""Causes of a government extension (specification 4.5)."""
_ERAS_KEPT: Final = 4

T = TypeVar("T")


def day(value: Any) -> int | None:
    """A stored date as a day number; None where there is none."""
    try:
        return day_number(value) if isinstance(value, str) else None
    except ValueError:
        return None


class of_era(Generic[T]):  # noqa: N801 - used like cached_property
    """A property that depends on the visible facts, the rules and the calendar alone, kept for the whole era."""

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self.compute, self.name = compute, compute.__name__
        self.__doc__ = compute.__doc__

    @overload
    def __get__(self, life: None, owner: Any) -> of_era[T]: ...
    @overload
    def __get__(self, life: object, owner: Any) -> T: ...
    def __get__(self, life: Any, owner: Any) -> Any:
        """Computes once; later reads find the value in the instance."""
        if life is None:
            return self
        era = life.era
        if self.name in era:
            value = era[self.name]
        else:
            value = era[self.name] = self.compute(life)
        life.__dict__[self.name] = value
        return value


class Life:
    """Everything that the rules ask about a parcel on `as_of`.

    `sure` is the first later day on which the answer certainly changes, `maybe` holds earlier and later candidates.
    """

    def __init__(self, facts: Facts, as_of: int, rules: Rules, calendar: Calendar) -> None:
        self.facts, self.as_of, self.rules, self.calendar = facts, as_of, rules, calendar
        days: list[int] | None = facts.memo.get("days")
        if days is None:
            days = facts.memo["days"] = [fact.occurred_on for fact in facts.facts]
        self.count = bisect_right(days, as_of)
        self.sure: int | None = None
        self.maybe: set[int] = set(days[self.count :])
        self.era: dict[str, Any] = _era(facts, self.count, as_of, rules, calendar)

    def will(self, *days: int) -> None:
        """Notes days on which the answer changes for certain; while the clocks stand still, perhaps."""
        for one in days:
            if one > self.as_of:
                if self.leaving:
                    self.maybe.add(one)
                elif self.sure is None or one < self.sure:
                    self.sure = one

    def may(self, *days: int | None) -> None:
        """Notes days on which the answer may change."""
        self.maybe.update(one for one in days if one is not None and one > self.as_of)

    def of(self, *types: str) -> Sequence[Fact]:
        """The facts of these types that are true on the day, in their order."""
        by_type = self.facts.by_type
        present = [name for name in types if name in by_type]
        if not present:
            return ()
        if len(present) == 1:
            group = by_type[present[0]]
            if group[-1].occurred_on <= self.as_of:
                return group
            return [fact for fact in group if fact.occurred_on <= self.as_of]
        wanted = set(present)
        return [fact for fact in self.facts.facts[: self.count] if fact.event.type in wanted]

    def last(self, event_type: str) -> Fact | None:
        """The last fact of a type."""
        return self.facts.last(event_type, self.as_of)

    def first(self, event_type: str) -> Fact | None:
        """The first fact of a type."""
        return self.facts.first(event_type, self.as_of)

    def rule(self, key: str) -> Any:
        """The value of a parameter on the day."""
        return self.rules.get(key, self.as_of)

    # --- contract and agreement

    @of_era
    def contract_fact(self) -> Fact | None:
        """The contract, or what a split or merger carried over (specification 11.28)."""
        return self.last("contract.signed") or next(
            (fact for fact in reversed(self.of("lineage.recorded")) if fact.data.get("contract")), None
        )

    @of_era
    def contract(self) -> Any:
        """The data of the contract; empty where there is none."""
        fact = self.contract_fact
        if fact is None:
            return {}
        return fact.data if fact.type == "contract.signed" else fact.data["contract"]

    @of_era
    def carried(self) -> frozenset[str] | None:
        """The obligations that a split or merger handed over; None where the contract is the parcel's own."""
        fact = self.contract_fact
        if fact is None or fact.type != "lineage.recorded" or fact.data.get("obligations") is None:
            return None
        return frozenset(str(key) for key in fact.data["obligations"])

    @of_era
    def price(self) -> int | None:
        """The land price in 元."""
        return yuan(self.contract.get("price_wan"))

    @of_era
    def area(self) -> int | None:
        """The contract area in 0.01 m²."""
        return area(self.contract.get("area_m2"))

    @of_era
    def mode(self) -> str | None:
        """The supply mode."""
        value = self.contract.get("supply_mode")
        return value if isinstance(value, str) else None

    @of_era
    def onboarded_on(self) -> int | None:
        """The day from which the clocks run for imported history (specification 11.11); None for our own."""
        if not self.contract.get("onboarding"):
            return None
        fact = self.contract_fact
        return day(self.contract.get("onboarded_on")) or (fact.occurred_on if fact else None)

    def is_history(self, due: int | None) -> bool:
        """Lies a due day before the onboarding day: then nothing is found by the clock."""
        return due is not None and self.onboarded_on is not None and due < self.onboarded_on

    @of_era
    def agreements(self) -> Sequence[Fact]:
        """The agreement and its supplements, in their order."""
        return self.of("agreement.signed", "agreement.amended")

    @of_era
    def terms(self) -> list[Term]:
        """The obligations that stand."""
        return self.terms_on(self.as_of)

    def terms_on(self, on: int) -> list[Term]:
        """The obligations of admission and agreement as they stood on a day, kept for the era."""
        papers = [fact for fact in self._papers if fact.occurred_on <= on]
        known: dict[int, list[Term]] = self.era.setdefault("terms_on", {})
        if len(papers) not in known:
            known[len(papers)] = terms_of(papers)
        return known[len(papers)]

    @of_era
    def _papers(self) -> Sequence[Fact]:
        return self.of("admission.reviewed", "agreement.signed", "agreement.amended")

    @of_era
    def superseded(self) -> list[Term]:
        """The obligations that a supplement replaced (specification 2.5)."""
        if len(self.agreements) < 2:
            return []
        standing = {id(term.data) for term in self.terms}
        every = [term for fact in self.agreements for term in terms_of([fact])]
        return [term for term in every if id(term.data) not in standing]

    @of_era
    def _term_by_code(self) -> dict[str, Term]:
        return {term.code: term for term in self.terms}

    def term(self, code: str) -> Term | None:
        """The standing obligation of a code."""
        return self._term_by_code.get(code)

    @of_era
    def exit_clause(self) -> bool:
        """Does the agreement carry an exit clause."""
        clause: Any = None
        for fact in self.agreements:
            clause = fact.data.get("exit_clause") or clause
        return bool(clause and clause.get("present"))

    def supervisor(self, code: str) -> str | None:
        """The supervisor shown: of the agreement, else the first of the pack."""
        named = self.supervisors(code)
        return named[0] if named else None

    def supervisors(self, code: str) -> tuple[str, ...]:
        """The agreement's supervisor, else everyone whom the pack names (specification 3.2)."""
        term = self.term(code)
        if term is not None and term.data.get("supervisor"):
            return (str(term.data["supervisor"]),)
        return self.rules.supervisors.get(code, ())

    # --- extensions and milestones

    @of_era
    def extensions(self) -> list[Fact]:
        """Approved extensions, known at any day: they act from the old due date (specification 2.3, 11.13)."""
        return [fact for fact in self.facts.of("extension.decided") if fact.data.get("decision") == "APPROVED"]

    @of_era
    def dues(self) -> dict[str, tuple[int, Fact]]:
        """Milestone field → (due day after extensions, the event that set it); none that a split left behind."""
        found: dict[str, tuple[int, Fact]] = {}
        fact = self.contract_fact
        if fact is None:
            return found
        for field, code in (*((field, code) for code, field, _ in MILESTONES), ("capacity_due", "O-REACH")):
            value = day(self.contract.get(field))
            if value is not None and (self.carried is None or code in self.carried):
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

    @of_era
    def idle_from(self) -> tuple[int, Fact] | None:
        """The effective start date of the idle clock and the event that set it (specification 4.3, 11.4, 11.37).

        A cause of government, force majeure or preliminary work moves it by the days that it grants.
        """
        start, fact = day(self.contract.get("start_due")), self.contract_fact
        if start is None or fact is None or "start_due" not in self.dues:
            return None
        milestone, shifting = start, self.rule("idle.shifting_causes")
        for extension in self.extensions:
            new, cause = day((extension.data.get("new") or {}).get("start_due")), str(extension.data.get("cause"))
            if new is None:
                continue
            if cause in shifting or (cause.startswith("ENTERPRISE") and self.rule("extension.enterprise.shifts_idle")):
                start, fact = start + new - milestone, extension
            milestone = new
        return start, fact

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

    def _inherited(self, code: str, field: str) -> Fact | None:
        """A milestone that was behind the parent of a split before the split (specification 11.28)."""
        behind = self.carried is not None and code not in self.carried and self.contract.get(field)
        return self.contract_fact if behind else None

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
        """The hand-over of the land; that of the parent where a split carried the right over."""
        return self.first("land.delivered") or (None if self.carried is None else self.contract_fact)

    def milestone_fact(self, code: str) -> Fact | None:
        """What fulfils a milestone."""
        if code == "O-START":
            return self.started
        return self.completed if code == "O-COMPLETE" else self.produced

    # --- exit

    @of_era
    def cancelled_on(self) -> int | None:
        """The day of `title.cancelled`, or of the split or merger that took the parcel up."""
        ends = [fact.occurred_on for fact in self.of("title.cancelled")[:1]]
        ends += [
            fact.occurred_on
            for fact in self.of("parcel.split", "parcel.merged")
            if self.facts.parcel_id in fact.data.get("from_codes", ())
        ]
        return min(ends, default=None)

    @of_era
    def exit_opened(self) -> Fact | None:
        """The exit that runs (or led to the end); a withdrawn or annulled one was never opened (5.4, 11.37)."""
        running: Fact | None = None
        for fact in self.of("exit.opened", "exit.withdrawn", "remedy.decided", "transfer.registered"):
            if fact.type == "exit.opened":
                running = fact
            elif running is not None and _ends_exit(fact, running):
                running = None
        return running

    @of_era
    def clocks_stop_on(self) -> int | None:
        """The day on which the clocks stand still for good: exit opened, or title cancelled (specification 5.4)."""
        opened = self.exit_opened
        stops = [one for one in (opened.occurred_on if opened else None, self.cancelled_on) if one is not None]
        return min(stops, default=None)

    @property
    def clock(self) -> int:
        """The day on which the clocks stand: today, or the day on which they stopped."""
        stop = self.clocks_stop_on
        return self.as_of if stop is None or stop > self.as_of else stop

    @property
    def leaving(self) -> bool:
        """An exit runs or has ended the right."""
        return self.clocks_stop_on is not None

    # --- tenure

    @of_era
    def tenure(self) -> Tenure:
        """The ends of the term one after another."""
        return tenure_of(self)

    @of_era
    def conversion(self) -> Fact | None:
        """The approved conversion of a lease."""
        approved = [fact for fact in self.of("conversion.decided") if fact.data.get("decision") == "APPROVED"]
        return approved[-1] if approved else None

    @of_era
    def is_lease(self) -> bool:
        """Is the right a lease on this day."""
        return self.mode in LEASES and self.conversion is None

    @of_era
    def is_grant(self) -> bool:
        """Counts the tenure as a grant (specification 5.1)."""
        return self.mode in self.rule("exit.grant_tenures") or (self.mode in LEASES and self.conversion is not None)

    @property
    def right_to(self) -> int | None:
        """The last day of the term on this day (specification 2.5)."""
        return self.tenure.end_on(self.as_of)

    # --- holder

    @of_era
    def holder(self) -> dict[str, Any] | None:
        """The land holder: of the contract, or the last transferee of the whole."""
        holder = self.contract.get("holder")
        for fact in self.of("transfer.registered"):
            data = fact.data
            if data.get("kind") == "WHOLE" and (data.get("transferee_uscc") or data.get("transferee_name")):
                holder = {"uscc": data.get("transferee_uscc"), "name": data.get("transferee_name")}
        return {"uscc": holder.get("uscc"), "name": holder.get("name")} if holder else None


def _era(facts: Facts, count: int, as_of: int, rules: Rules, calendar: Calendar) -> dict[str, Any]:
    """What is kept for the visible facts under these rules; for one day alone where a rule changes by the day."""
    eras: list[tuple[Any, ...]] = facts.memo.setdefault("eras", [])
    by_day = None if rules.changes_after(0) is None else as_of
    for known_count, known_day, known_rules, known_calendar, kept in eras:
        if known_count == count and known_day == by_day and known_rules is rules and known_calendar is calendar:
            era: dict[str, Any] = kept
            return era
    era = {}
    facts.memo["eras"] = [*eras[1 - _ERAS_KEPT :], (count, by_day, rules, calendar, era)]
    return era


def _ends_exit(fact: Fact, running: Fact) -> bool:
    if fact.type == "exit.withdrawn":
        return True
    if fact.type == "remedy.decided":
        return fact.data.get("outcome") == "ANNULLED"
    return fact.data.get("kind") == "WHOLE" and running.data.get("kind") in ("MT", "MTA")
