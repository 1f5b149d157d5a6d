"""Contract, due days, term, exit: the terms that everything else is measured by (2.1, 2.5, 4.5, 5.4, 11.3, 11.11, 11.37)."""

from datetime import date
from fractions import Fraction

from .days import ONE, add_months, day, plus, roll

MILESTONES = {
    "O-START": "start_due",
    "O-COMPLETE": "complete_due",
    "O-PROD": "production_due",
    "O-REACH": "capacity_due",
}
LEASES = ("LEASE_LONG", "LEASE_THEN_GRANT")


def wan(text):
    """A sum on the wire as an exact number of 万元."""
    return None if text is None else Fraction(str(text))


def contract(view):
    """(day, data, event) of the contract, or None."""
    found = view.last("contract.signed")
    return None if found is None else found


def terms(view):
    found = contract(view)
    return {} if found is None else found.data


def onboarded_on(view):
    """The day before which everything is history that is not ours; None for a parcel of our own."""
    found = terms(view)
    return day(found.get("onboarded_on")) if found.get("onboarding") else None


def is_history(view, due):
    limit = onboarded_on(view)
    return limit is not None and due is not None and due < limit


def promises(view):
    """Obligation code → its terms, as the agreement stands on the day; an amendment replaces by code."""
    named = {}
    for one in view.of("agreement.signed", "agreement.amended"):
        for term in one.data.get("obligations") or []:
            named[term["code"]] = term
    for one in view.of("admission.reviewed"):
        for term in one.data.get("conditions") or []:
            if isinstance(term, dict) and one.data["result"] == "CONDITIONAL":
                named.setdefault(term["code"], term)
    return named


def extensions(view):
    """Approved ones, whatever their day."""
    return view.past_acts("extension.decided") if contract(view) else []


def _names(paper, code):
    return any(term["code"] == code for term in paper.data.get("obligations") or [])


def due_of(view, code):
    """(due day, event that set it) of a milestone, or (None, None)."""
    found = contract(view)
    if found is None:
        return None, None
    due, source = day(found.data.get(MILESTONES[code])), found
    papers = [one for one in view.of("agreement.signed", "agreement.amended") if _names(one, code)]
    if due is None and papers:
        due, source = day(promises(view)[code].get("due")), papers[-1]
    for one in extensions(view):
        new = day(one.data["new"].get(MILESTONES[code]))
        if new is not None:
            due, source = new, one
    return (due, source) if due is not None else (None, None)


def idle_date(view):
    """The effective start date of 4.3: moved by the shifting causes alone, by the days that they grant (11.37)."""
    due = effective = day(terms(view).get("start_due"))
    for one in extensions(view):
        new = day(one.data["new"].get("start_due"))
        if new is None or due is None:
            continue
        if one.data["cause"] in view.rule("idle.shifting_causes"):
            effective += new - due
        due = new
    return effective


def converted(view):
    """The approved conversion, or None."""
    approved = [one for one in view.of("conversion.decided") if one.data["decision"] == "APPROVED"]
    return approved[-1] if approved else None


def is_lease(view):
    return terms(view).get("supply_mode") in LEASES and converted(view) is None


def approved_renewals(view):
    return [one for one in view.of("renewal.decided") if one.data["decision"] == "APPROVED" and one.data.get("new_end")]


def right_to(view):
    """The end of the term on this day (2.5)."""
    end = first_end(view)
    for one in view.of("renewal.decided", "conversion.decided"):
        if one.data["decision"] != "APPROVED":
            continue
        if one.type == "conversion.decided" and one.data.get("term_to"):
            end = day(one.data["term_to"])
        if one.type == "renewal.decided" and one.data.get("new_end"):
            since = day(one.data.get("effective_from")) or one.day
            end = day(one.data["new_end"]) if since <= view.day else end
    return end


def first_end(view):
    """The end of the term before any renewal or conversion."""
    titles = [one for one in view.of("title.registered") if one.data.get("right_to")]
    if titles:
        return day(titles[-1].data["right_to"])
    found = terms(view)
    if found.get("term_to"):
        return day(found["term_to"])
    delivered = view.first("land.delivered")
    if delivered is None or found.get("term_years") is None:
        return None
    return add_months(delivered.day, int(Fraction(str(found["term_years"])) * 12)) - ONE


def instalments(view):
    """(number, agreed day, rolled day, 万元) of each part of the price."""
    return [
        (str(one["no"]), day(one["due"]), roll(day(one["due"]), view.calendar), wan(one["amount_wan"]))
        for one in terms(view).get("instalments") or []
    ]


def rents(view):
    """(year, agreed day, rolled day, 万元) of each rent from the first day of the term to the end of the lease, or to the
    day on which the right ended.
    """
    found = terms(view)
    if not (found.get("annual_rent_wan") and found.get("rent_due") and found.get("supply_mode") in LEASES):
        return []
    begin, end = day(found.get("term_from")), lease_end(view)
    if begin is None or end is None:
        return []
    end = min(end, exited_on(view) or end)
    lines = []
    for year in range(begin.year, end.year + 1):
        due = _in_year(year, found["rent_due"])
        if begin <= due <= end:
            lines.append((str(year), due, roll(due, view.calendar), wan(found["annual_rent_wan"])))
    return lines


def lease_end(view):
    """Rent runs to the end of the lease; a conversion ends the lease on its day."""
    turned = converted(view)
    if turned is None:
        return right_to(view)
    return min(right_to(view.at(turned.day, frozenset({turned.id}))), turned.day)


def _in_year(year, month_day):
    try:
        return date.fromisoformat(f"{year}-{month_day}")
    except ValueError:
        return date(year, 2, 28)


def exit_running(view):
    """(kind, day) of the exit that is open, or None."""
    running = None
    for one in view.of("exit.opened", "exit.withdrawn", "remedy.decided", "transfer.registered", "title.cancelled"):
        if one.type == "exit.opened":
            running = (one.data["kind"], one.day)
        elif one.type == "exit.withdrawn" or one.data.get("outcome") == "ANNULLED":
            running = None
        elif (
            one.type == "transfer.registered"
            and one.data["kind"] == "WHOLE"
            and running
            and running[0] in ("MT", "MTA")
        ):
            running = None
        elif one.type == "title.cancelled":
            break
    return running


def exited_on(view):
    """The day on which the right ended, or None."""
    for one in view.of("title.cancelled", "parcel.split", "parcel.merged"):
        if one.type == "title.cancelled" or view.parcel in one.data["from_codes"]:
            return one.day
    return None


def clock_day(view):
    """The last day that the clocks have counted: they stand still from the opening of an exit on (5.4)."""
    running, gone = exit_running(view), exited_on(view)
    limits = [view.day] + ([running[1]] if running else []) + ([gone] if gone else [])
    return min(limits)


def started_on(view):
    """The day of the lawful start; without a permit on record it fulfils nothing (11.18, 11.37)."""
    permits = [one.day for one in view.of("construction.permitted")]
    for one in view.of("construction.started"):
        if one.data.get("unlawful"):
            continue
        if one.data.get("permit_no") or permits:
            return one.day
    return None


def first_day(view, kind):
    found = view.first(kind)
    return None if found is None else found.day


def in_window(view, due, last, days):
    """Inside the reminder window: counted from the agreed day, lasting to the rolled one."""
    return plus(due, -days) <= view.day <= last
