"""Amounts, recomputed from the facts of one day (specification 3.3, 8.1, 11.22, 11.37)."""

from dataclasses import dataclass
from fractions import Fraction

from .breaches import OF_CHARGE, taken_away
from .figures import assessments, far_limits, item_actual, of_kind, ratios
from .idle import clock
from .openings import spells
from .payments import owed
from .terms import clock_day, due_of, exit_running, exited_on, first_day, is_history, started_on, terms, wan

PENNY = Fraction(1, 100)


@dataclass(frozen=True)
class Line:
    """One line; sums in 万元, rounded half up once."""

    kind: str
    state: str
    amount: Fraction
    obligation: str | None = None
    computed: Fraction | None = None


def rounded(sum_wan):
    """Half up, to 0.01 万元."""
    sign = -1 if sum_wan < 0 else 1
    return sign * PENNY * ((abs(sum_wan) / PENNY + Fraction(1, 2)) // 1)


def amounts(view):
    """Every line that is not nothing: what was never assessed, and each charge."""
    standing = computed(view)
    charged = {one.data["kind"] for one in view.of("charge.assessed") if not _lost_its_basis(view, one)}
    lines = [
        Line(kind, _state(state, rounded(total), paid), rounded(total), obligation)
        for (kind, obligation), (total, state, paid) in standing.items()
        if kind not in charged and rounded(total) > 0
    ]
    charges = _charges(view)
    return lines + charges + _too_much(view, charges, standing)


def _state(state, total, paid):
    return "PAID" if state == "FIXED" and paid >= total else state


def computed(view):
    """(kind, obligation) → (sum, RUNNING or FIXED, paid) by the formulas."""
    found = {}
    gone = taken_away(view)
    price, found_terms = wan(terms(view).get("price_wan")), terms(view)
    if price:
        for kind, code, field in (
            ("LD_START", "O-START", "ld_start_permille_day"),
            ("LD_COMPLETE", "O-COMPLETE", "ld_complete_permille_day"),
        ):
            rate = (
                wan(found_terms.get(field))
                if found_terms.get(field) is not None
                else view.rule(field.replace("ld_", "ld.", 1))
            )
            days, state = _days(view, code, gone)
            if rate and days:
                total = price * rate / 1000 * days
                cap = view.rule("ld.cap_ratio")
                found[kind, code] = (min(total, cap * price) if cap is not None else total, state, 0)
        found |= _shortfalls(view, price, gone)
    late = [one for one in owed(view) if one.fee and ("PAY", one.key) not in gone]
    if late:
        state = "RUNNING" if any(one.paid_on is None for one in late) and not exited_on(view) else "FIXED"
        found["LATE_FEE", None] = (sum(one.fee for one in late), state, _fees_received(view))
    return found


def _fees(view):
    """Every late fee that was assessed, in 万元, with what was paid on it: what comes in above the principal pays the fees
    assessed until then, the oldest first. And what came in beside them.
    """
    fees = [
        [one, wan(one.data["amount_wan"]), _paid_on(view, one)]
        for one in view.of("charge.assessed")
        if one.data["kind"] == "LATE_FEE"
    ]
    beside = Fraction(0)
    for when, amount in sorted(part for one in owed(view) for part in one.fee_paid):
        for fee in fees:
            part = min(amount, max(fee[1] - fee[2], 0)) if fee[0].day <= when else 0
            fee[2] += part
            amount -= part
        beside += amount
    return fees, beside


def _fees_received(view):
    return _fees(view)[1]


def _paid_on(view, one):
    payments = [p for p in view.of("charge.paid") if p.data["charge_id"] == one.data["charge_id"]]
    return sum((wan(p.data["amount_wan"]) for p in payments), Fraction(0))


def _too_much(view, lines, standing):
    """What came in above the principal and is not owed as a fee goes back once no fee runs."""
    total, state, _ = standing.get(("LATE_FEE", None), (Fraction(0), "FIXED", 0))
    assessed = sum(one.amount for one in lines if one.kind == "LATE_FEE" and one.state in ("PAID", "ASSESSED"))
    back = rounded(_fees_received(view) - max(rounded(total) - assessed, 0))
    went_along = any(view.parcel in one.data["from_codes"] for one in view.of("parcel.split", "parcel.merged"))
    return [Line("LATE_FEE", "REFUND_DUE", -back)] if back > 0 and state != "RUNNING" and not went_along else []


def _days(view, code, gone):
    """(days late, RUNNING or FIXED): the day of the opening of an exit still counts."""
    due, source = due_of(view, code)
    if due is None or (code[2:], source.id) in gone or is_history(view, due):
        return 0, ""
    start, last = started_on(view), clock_day(view)
    done = start if code == "O-START" else first_day(view, "construction.completed")
    if code == "O-COMPLETE":
        if start is None:
            return 0, ""
        due = max(due, start)
    stopped = exit_running(view) is not None or done is not None or exited_on(view) is not None
    end = last if done is None else min(done, last)
    return max((end - due).days, 0), "FIXED" if stopped else "RUNNING"


def _shortfalls(view, price, gone):
    found = {}
    for spell in spells(view):
        if spell.identity in gone or spell.how in ("WITHDRAWN", "EXEMPTED"):
            continue
        state = "FIXED" if spell.end else "RUNNING"
        if spell.kind == "FAR":
            share, still = _far_short(view, spell)
            if share:
                found["LD_FAR", "O-FAR"] = (price * share, state if still else "FIXED", 0)
        if spell.kind == "INVEST":
            share = _invest_short(view, spell)
            if share:
                found["LD_INVEST", "O-INVEST"] = (price * share, state, 0)
    return found


def _far_short(view, spell):
    """(share by the last verification below the least, is the last one below it)."""
    share, still = None, False
    for one in view.of("construction.verified"):
        if one.id not in spell.fails:
            continue
        low, _ = far_limits(view.at(one.day))
        actual = ratios(one.data).get("O-FAR")
        still = bool(low) and actual is not None and actual < low
        if still:
            share = (low - actual) / low
    return share, still


def _invest_short(view, spell):
    one = next(one for one in view.of("performance.assessed") if one.id == spell.fails[-1])
    term = of_kind(view.at(one.day), "START_COMPLETE")["O-INVEST"]
    item = next((item for item in one.data.get("items") or [] if item["code"] == "O-INVEST"), {})
    actual = item_actual(view, "O-INVEST", term.get("unit"), item, one.data.get("period"))
    agreed = wan(term["threshold"])
    return None if actual is None else (agreed - actual) / agreed


def _charges(view):
    lines = []
    for one in view.of("charge.assessed"):
        kind, amount, paid = one.data["kind"], wan(one.data["amount_wan"]), _paid_on(view, one)
        if kind == "LATE_FEE":
            paid = next(fee[2] for fee in _fees(view)[0] if fee[0] is one)
        if _lost_its_basis(view, one):
            lines.append(Line(kind, "REVERSED", Fraction(0)))
            if paid:
                lines.append(Line(kind, "REFUND_DUE", -rounded(paid)))
        else:
            lines.append(Line(kind, "PAID" if paid >= amount else "ASSESSED", rounded(amount)))
            if paid > amount:  # only a correction of the one or the other leads there
                lines.append(Line(kind, "REFUND_DUE", -rounded(paid - amount)))
    return lines + _paid_for_nothing(view)


def _paid_for_nothing(view):
    """What was paid on a charge that was withdrawn is due back."""
    stands = {one.data["charge_id"] for one in view.known if one.type == "charge.assessed"}
    said = {one.data["charge_id"]: one.data["kind"] for one in view.events if one.type == "charge.assessed"}
    back = {}
    for one in view.of("charge.paid"):
        name = one.data["charge_id"]
        if name not in stands and name in said:
            back[name] = back.get(name, Fraction(0)) + wan(one.data["amount_wan"])
    return [Line(said[name], "REFUND_DUE", -rounded(total)) for name, total in back.items()]


def _lost_its_basis(view, one):
    """Does nothing that is known now bear the charge on its day? A sum of the authority's own stands until something
    was taken back after it, or a decision took its breach away.
    """
    if _has_basis(view, one, computed(view.at(one.day))):
        return False
    if not one.data.get("override_reason"):
        return True
    back = ("report.corrected", "report.withdrawn", "extension.decided")
    kind, gone = OF_CHARGE.get(one.data["kind"]), taken_away(view)
    decided = any(s.kind == kind and s.start <= one.day and s.identity in gone for s in spells(view))
    later = [event for event in view.events if event.version > one.event.version]
    return decided or any(event.type in back for event in later)


def _has_basis(view, one, standing):
    """Do the facts bear the charge?"""
    kind = one.data["kind"]
    if kind == "OTHER":
        return True
    if kind == "TOP_UP":
        failing = [result for result in assessments(view) if result.passed is False and result.day <= one.day]
        named = None if one.data.get("override_reason") else one.data.get("obligation")
        return bool(failing) and named in (None, "O-REACH", "PERF", *failing[-1].failed)
    if kind == "IDLE_FEE":
        then = view.at(one.day)
        effects = view.rule("idle.effect_of_determination")
        words = [effects[said.data["result"]] for said in view.of("idle.determined")[-1:]]
        return clock(then)[0] != "NONE" and "EXEMPTED" not in words and "WITHDRAWN" not in words
    return any(name == kind for name, _ in standing)
