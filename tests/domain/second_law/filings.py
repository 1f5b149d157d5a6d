"""Filing duties of the authority (specification 8.1, 11.12, 11.23, 11.37)."""

from .days import add_months, day, roll
from .terms import is_history, terms


def documents(view):
    """(type, reference, day) of every document that may have to be filed."""
    for one in view.of("document.approved"):
        yield one.data["doc_type"], one.data.get("doc_ref"), day(one.data.get("doc_date")) or one.day
    for one in view.of("contract.signed"):
        yield "SUPPLY_RESULT", one.event.contract_no, one.day
    for one in view.of("agreement.signed", "agreement.amended"):
        yield "AGREEMENT", one.data.get("agreement_no"), one.day
    for one in view.of("extension.decided"):
        if one.data["decision"] == "APPROVED" and one.data.get("supplement_no"):
            yield "AGREEMENT", one.data["supplement_no"], one.day


def is_redevelopment(view):
    entered = any(one.data["register"] == "PROVINCIAL" for one in view.of("register.entered"))
    return entered or bool(terms(view).get("redevelopment")) or bool(view.of("document.approved"))


def filings(view):
    """Every duty with (type, reference, due, filed on, state, days late, agreed day)."""
    if not is_redevelopment(view):
        return []
    sent = list(view.of("filing.submitted"))
    found = []
    for kind, reference, signed in sorted(documents(view), key=lambda one: one[2]):
        if kind not in view.rule("filing.doc_types", signed) or signed < day(view.rule("filing.from", signed)):
            continue
        if is_history(view, signed):
            continue
        agreed = add_months(signed, view.rule("filing.months", signed))
        due = roll(agreed, view.calendar)
        filed = _taken(sent, kind, reference, signed)
        if filed is None:
            state, late = ("PENDING", 0) if view.day <= due else ("OVERDUE", (view.day - due).days)
        else:
            state, late = ("ON_TIME", 0) if filed <= due else ("LATE_CLOSED", (filed - due).days)
        found.append(
            {
                "doc_type": kind,
                "doc_ref": reference,
                "due": due,
                "filed_on": filed,
                "state": state,
                "days_late": late,
                "agreed": agreed,
            }
        )
    return found


def _taken(sent, kind, reference, signed):
    """The first filing of the document that is not yet taken by another one; its number says which, else its date."""
    papers = [one for one in sent if one.data["doc_type"] == kind]
    by_number = [one for one in papers if reference and one.data.get("doc_ref") == reference]
    by_date = [
        one
        for one in papers
        if not (reference and one.data.get("doc_ref"))
        and one.data.get("doc_date")
        and day(one.data["doc_date"]) == signed
    ]
    silent = [
        one for one in papers if not one.data.get("doc_ref") and not one.data.get("doc_date") and one.day >= signed
    ]
    for one in [*sorted([*by_number, *by_date], key=papers.index), *silent]:
        sent.remove(one)
        return one.day
    return None
