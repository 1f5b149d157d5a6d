"""Contract, agreement and supplements of a parcel as they stand on a day (specification 2.4, 3.2, 11.11, 11.28)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from domain.facts import Fact
from domain.supervision.known import Known, day, of_era
from domain.supervision.measures import area, yuan
from domain.supervision.terms import Term, terms_of


class Papers(Known):
    """What was agreed."""

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
        """The obligations that a split or merger of an earlier release handed over, without the facts behind them; None
        where the contract is the parcel's own, or the facts are repeated.
        """
        fact = self.contract_fact
        if fact is None or fact.type != "lineage.recorded" or fact.data.get("obligations") is None:
            return None
        return None if "repeats" in fact.data else frozenset(str(key) for key in fact.data["obligations"])

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
        """Lies a due day (a payment's: the rolled one) before the onboarding day: then the clock finds nothing (11.11)."""
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
        """The obligations of admission and agreement, own or carried over, as they stood on a day, kept for the era."""
        known: dict[int, list[Term]] = self.era.setdefault("terms_on", {})
        on = min(on, self.last_paper_on)
        if on not in known:
            known[on] = terms_of(fact for fact in self._papers if fact.occurred_on <= on)
        return known[on]

    @of_era
    def _papers(self) -> Sequence[Fact]:
        return self.of("admission.reviewed", "lineage.recorded", "agreement.signed", "agreement.amended")

    @of_era
    def last_paper_on(self) -> int:
        """The day of the last paper or change of conditions: what is required stays the same from it on."""
        papers = (*self._papers[-1:], *self.of("conditions.changed")[-1:])
        return max((fact.occurred_on for fact in papers), default=0)

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
        for paper in (
            *(fact.data.get("agreement") or {} for fact in self.of("lineage.recorded")),
            *(fact.data for fact in self.agreements),
        ):
            clause = paper.get("exit_clause") or clause
        return bool(clause and clause.get("present"))

    def supervisor(self, code: str) -> str | None:
        """The supervisor shown: of the agreement, else who proposed the standard, else the first of the pack."""
        named = self.supervisors(code)
        return named[0] if named else None

    def supervisors(self, code: str) -> tuple[str, ...]:
        """The agreement's supervisor, else who proposed the standard, else everyone whom the pack names (specification
        1.1 row 5, 2.4, 3.2).
        """
        term = self.term(code)
        named = (term.data.get("supervisor") if term else None) or self._proposers.get(code)
        return (str(named),) if named else self.rules.supervisors.get(code, ())

    @of_era
    def _proposers(self) -> dict[str, str | None]:
        """Obligation code → who supervises it as the department that proposed it said (谁提出谁监管)."""
        return {
            str(fact.data.get("code")): fact.data.get("supervisor") or fact.department
            for fact in self.of("standard.proposed")
        }
