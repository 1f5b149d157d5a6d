"""Filing duties of the authority: one month, never counted against the enterprise (specification 8.1, 11.12)."""

from __future__ import annotations

from collections.abc import Sequence

from domain.assessment import Filing
from domain.calendar import add_months
from domain.event import day_number
from domain.facts import Fact
from domain.supervision.life import Life, day


def filings(life: Life) -> list[Filing]:
    """The duties that the pack names on the day of each document, by due day and document type (002五(三);
    specification 8.1, 11.36).
    """
    if not _redevelopment(life):
        return []
    submitted, rules = life.of("filing.submitted"), life.rules
    found = []
    for doc_type, reference, dated in _owed(life):
        first = day_number(rules.get("filing.from", dated))
        if doc_type in rules.get("filing.doc_types", dated) and dated >= first and not life.is_history(dated):
            unrolled = add_months(dated, rules.get("filing.months", dated))
            filed = _match(submitted, doc_type, reference, dated)
            due = life.rolled(unrolled, "filing", filed)
            if filed is None:
                life.will(unrolled - life.rule("remind.filing_days"), due + 1)
            found.append(_state(life, doc_type, reference, due, unrolled, filed))
    return sorted(found, key=lambda one: (one.due, one.doc_type, one.doc_ref or ""))


def _redevelopment(life: Life) -> bool:
    """A redevelopment project: entered in the provincial register, or so called by the contract (002 五(三))."""
    return bool(
        life.contract.get("redevelopment")
        or life.of("document.approved")
        or any(fact.data.get("register") == "PROVINCIAL" for fact in life.of("register.entered"))
    )


def _owed(life: Life) -> list[tuple[str, str | None, int]]:
    """(document type, reference, date) of everything that is to be filed."""
    found: list[tuple[str, str | None, int]] = [
        (str(fact.data.get("doc_type")), fact.data.get("doc_ref"), day(fact.data.get("doc_date")) or fact.occurred_on)
        for fact in life.of("document.approved")
    ]
    found += [
        ("SUPPLY_RESULT", fact.event.contract_no or (fact.event.document or {}).get("no"), fact.occurred_on)
        for fact in life.of("contract.signed")
        if not fact.data.get("onboarding")
    ]
    found += [("AGREEMENT", fact.data.get("agreement_no"), fact.occurred_on) for fact in life.agreements]
    found += [
        ("AGREEMENT", fact.data["supplement_no"], fact.occurred_on)
        for fact in life.of("extension.decided")
        if fact.data.get("decision") == "APPROVED" and fact.data.get("supplement_no")
    ]
    return found


def _match(submitted: Sequence[Fact], doc_type: str, reference: str | None, dated: int) -> int | None:
    """The day on which this document was filed: by reference, else by its date."""
    for fact in submitted:
        if fact.data.get("doc_type") != doc_type:
            continue
        same = (
            fact.data.get("doc_ref") == reference
            if fact.data.get("doc_ref")
            else day(fact.data.get("doc_date")) in (None, dated)
        )
        if same:
            return fact.occurred_on
    return None


def _state(life: Life, doc_type: str, reference: str | None, due: int, unrolled: int, filed: int | None) -> Filing:
    if filed is not None:
        late = max(filed - due, 0)
        return Filing(doc_type, reference, due, filed, "LATE_CLOSED" if late else "ON_TIME", late, unrolled)
    late = max(life.as_of - due, 0)
    return Filing(doc_type, reference, due, None, "OVERDUE" if late else "PENDING", late, unrolled)
