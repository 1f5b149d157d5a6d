"""Breaches that a verification, a notice or a site report opens (specification 3.2, 4.7, 11.18, 11.37)."""

from .figures import measured
from .spell import STEPS, Spell, is_named, taken_by_decision

VERIFIED = {
    "FAR": ("O-FAR",),
    "BCOEF": ("O-BCOEF",),
    "OFFICE": ("O-OFFICE-L", "O-OFFICE-F"),
    "HOUSING": ("O-NOHOUSE",),
    "GREEN": ("O-GREEN",),
}
REPORTED = {
    "USE": ("O-USE", "O-IND", "O-PRICE5"),
    "TRANSFER": ("O-TRANSFER",),
    "LETTING": ("O-LET",),
    "EQUITY": ("O-EQUITY",),
    "PUBLIC": ("O-PUBLIC",),
}


def _all_met(view, figures):
    """Are the last known figures of every item met by what is agreed on the day?"""
    return all(measured(view, code, data) is not False for code, data in figures.items())


def verified(view, kind):
    codes = VERIFIED[kind]
    found, current, figures = [], None, {}
    events = view.of(
        "construction.verified", "conditions.changed", "agreement.amended", "breach.decided", "rectification.inspected"
    )
    for one in events:
        then = view.at(one.day)
        stands = current is not None and not current.end
        if one.type == "construction.verified":
            word = any(measured(then, code, one.data) is False for code in codes)
            figures |= {code: one.data for code in codes if measured(then, code, one.data) is not None}
            if word and not stands:
                current = Spell(kind, codes[0], one.id, one.day, None, "", codes)
                found.append(current)
            if word:
                current.fails.append(one.id)
            elif stands and current.fails and _all_met(then, figures):
                current.end, current.how = one.day, "CLOSED"
        elif one.type in ("conditions.changed", "agreement.amended"):
            if stands and current.fails and _all_met(then, figures):
                current.end, current.how = one.day, "CLOSED"
        elif stands and one.type == "rectification.inspected":
            if (
                kind in view.rule("breach.inspection_closes")
                and one.data["result"] == "CURED"
                and is_named(view, one.data, current)
            ):
                current.end, current.how = one.day, "CURED"
        elif stands and one.type == "breach.decided":
            taken_by_decision(view, current, one)
    return found + (_by_word(view, kind, codes, found) if kind == "HOUSING" else [])


def _by_word(view, kind, codes, others):
    """What notice, confirmation or order opens, where no other breach of the kind stands."""
    found, current = [], None
    for one in view.of(*STEPS, "rectification.inspected"):
        if any(spell.start <= one.day and (spell.end is None or spell.end > one.day) for spell in others):
            continue
        stands = current is not None and not current.end
        opens = one.data.get("obligation") in (kind, *codes) and one.data.get("decision", "CONFIRMED") == "CONFIRMED"
        opens = opens and one.type != "rectification.inspected"
        if opens and not stands:
            name = one.data.get("obligation")
            current = Spell(kind, name if name in codes else codes[0], one.id, one.day, None, "", codes)
            found.append(current)
        elif (
            stands
            and one.type == "rectification.inspected"
            and one.data["result"] == "CURED"
            and is_named(view, one.data, current)
        ):
            current.end, current.how = one.day, "CURED"
        elif stands and one.type == "breach.decided":
            taken_by_decision(view, current, one)
    return found


def _taken_over(view):
    return [one for one in view.of("equity.changed") if one.data.get("consent") is False]


def unlawful(view):
    reports = view.of("construction.started", "site.inspected")
    seen = [one for one in reports if one.data.get("unlawful") or "UNLAWFUL_START" in (one.data.get("findings") or [])]
    return _by_source(view, "UNLAWFUL_START", "O-LAWFUL", seen)


def _by_source(view, kind, code, reports):
    """One breach for each report (11.37: one breach per kind and source event), ended by inspection or decision."""
    found = [Spell(kind, code, report.id, report.day, None, "", (code,)) for report in reports]
    for one in view.of("rectification.inspected", "breach.decided"):
        meant = [
            spell for spell in found if spell.start <= one.day and not spell.end and is_named(view, one.data, spell)
        ]
        if len(meant) != 1:  # a name that means several means none
            continue
        if one.type == "breach.decided":
            taken_by_decision(view, meant[0], one)
        elif one.data["result"] == "CURED":
            meant[0].end, meant[0].how = one.day, "CURED"
    return found


def reported(view, kind):
    """USE and the like; a change of control opens by itself."""
    changed = _by_source(view, "EQUITY", "O-EQUITY", _taken_over(view)) if kind == "EQUITY" else []
    return changed + _by_word(view, kind, REPORTED[kind], changed)
