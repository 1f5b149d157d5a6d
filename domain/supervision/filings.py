"""Filing duties of the authority: one month, never counted against the enterprise (specification 8.1, 11.12)."""

from __future__ import annotations

from typing import Final

from domain.assessment import Filing
from domain.calendar import add_months
from domain.event import day_number
from domain.facts import Fact
from domain.policy_keys import FILING_TRIGGERS
from domain.supervision.life import Life, day

_NUMBERS: Final = ("doc_ref", "agreement_no", "supplement_no")


def filings(life: Life) -> list[Filing]:
    """The duties that the pack names on the day of each document, by due day and document type (002五(三);
    specification 8.1, 11.36).
    """
    if not _redevelopment(life):
        return []
    left, rules = list(life.of("filing.submitted")), life.rules
    found = []
    for doc_type, reference, dated in sorted(_owed(life), key=lambda one: one[2]):
        first = day_number(rules.get("filing.from", dated))
        if doc_type in rules.get("filing.doc_types", dated) and dated >= first and not life.is_history(dated):
            unrolled = add_months(dated, rules.get("filing.months", dated))
            filed = _taken(left, doc_type, reference, dated)
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
    """(document type, reference, date) of everything that is to be filed: what the pack names for an event type on the
    day of the document; where it says `doc_type`, the type that the document states (`filing.triggers`).
    """
    found: list[tuple[str, str | None, int]] = []
    for event_type in sorted(FILING_TRIGGERS):
        for fact in life.of(event_type):
            dated = day(fact.data.get("doc_date")) or fact.occurred_on
            named = life.rules.get("filing.triggers", dated).get(event_type)
            if named is not None and _is_paper(fact):
                doc_type = str(fact.data.get("doc_type")) if named == "doc_type" else named
                found.append((doc_type, _reference(fact), dated))
    return found


def _is_paper(fact: Fact) -> bool:
    """History is not filed, and of the extensions only an approved one that has its supplement (8.1)."""
    if fact.type == "contract.signed":
        return not fact.data.get("onboarding")
    if fact.type == "extension.decided":
        return fact.data.get("decision") == "APPROVED" and bool(fact.data.get("supplement_no"))
    return True


def _reference(fact: Fact) -> str | None:
    """The number of the contract, agreement, supplement or document (specification 11.23)."""
    if fact.type == "contract.signed":
        return fact.event.contract_no or (fact.event.document or {}).get("no")
    found: str | None = next((fact.data[name] for name in _NUMBERS if fact.data.get(name)), None)
    return found


def _taken(left: list[Fact], doc_type: str, reference: str | None, dated: int) -> int | None:
    """The day on which this document was filed. A filing is of one document: of that with its number, else with its date;
    one that states neither is of the first that has none of its own and was there on its day.
    """
    of_type = [fact for fact in left if fact.data.get("doc_type") == doc_type]
    named = [fact for fact in of_type if _names(fact, reference, dated)]
    bare = [
        fact
        for fact in of_type
        if not (fact.data.get("doc_ref") or fact.data.get("doc_date")) and fact.occurred_on >= dated
    ]
    filed = next(iter((*named, *bare)), None)
    if filed is None:
        return None
    left.remove(filed)
    return filed.occurred_on


def _names(filing: Fact, reference: str | None, dated: int) -> bool:
    number, on = filing.data.get("doc_ref"), day(filing.data.get("doc_date"))
    return bool(number == reference) if number and reference else on == dated


def _state(life: Life, doc_type: str, reference: str | None, due: int, unrolled: int, filed: int | None) -> Filing:
    if filed is not None:
        late = max(filed - due, 0)
        return Filing(doc_type, reference, due, filed, "LATE_CLOSED" if late else "ON_TIME", late, unrolled)
    late = max(life.as_of - due, 0)
    return Filing(doc_type, reference, due, None, "OVERDUE" if late else "PENDING", late, unrolled)
