"""Idle land, walked day by day (specification 4.3, 11.4, 11.37)."""

from fractions import Fraction

from .days import ONE, add_years
from .terms import clock_day, exited_on, first_day, idle_date, is_history, onboarded_on, started_on, terms, wan

RANKS = {"NONE": 0, "Y1": 1, "Y2": 2}


def clock(view):
    """(NONE, Y1 or Y2; its first day; the first day of Y1; the day from which it is counted)."""
    if exited_on(view):
        return "NONE", None, None, None
    today = clock_day(view)
    if any(one is not None and one > today for one in (started_on(view), first_day(view, "construction.completed"))):
        return "NONE", None, None, None
    return clock_at(view, today)


def clock_at(view, today):
    """The clock as it stands after a day that it has counted."""
    done = first_day(view, "construction.completed")
    if done is not None and done <= today:
        return "NONE", None, None, None
    start = started_on(view)
    if start is None or start > today:
        return _not_started(view, today)
    return _stopped(view, start, today)


def _not_started(view, today):
    begin = idle_date(view)
    if begin is None or is_history(view, begin):
        return "NONE", None, None, None
    one, two = add_years(begin, 1) + ONE, add_years(begin, 2) + ONE
    if today >= two:
        return "Y2", two, one, begin
    return ("Y1", one, one, begin) if today >= one else ("NONE", None, None, begin)


def progress(view, today):
    """(share of the area, share of the investment) by the last figures reported until a day; None: not known."""
    area, total = wan(terms(view).get("area_m2")), wan(terms(view).get("development_investment_wan"))
    shares = {}
    for one in view.of("construction.progress_reported"):
        if one.day <= today:
            for name, whole in (("developed_m2", area), ("invest_excl_land_wan", total)):
                if one.data.get(name) is not None and whole:
                    shares[name] = Fraction(one.data[name]) / whole
    return shares.get("developed_m2"), shares.get("invest_excl_land_wan")


def below(view, today):
    """One ratio that is known and too low suffices."""
    developed, invested = progress(view, today)
    return (developed is not None and developed < view.rule("idle.area_ratio")) or (
        invested is not None and invested < view.rule("idle.invest_ratio")
    )


def reached(view, today):
    """Both ratios known and reached."""
    developed, invested = progress(view, today)
    if developed is None or invested is None:
        return False
    return developed >= view.rule("idle.area_ratio") and invested >= view.rule("idle.invest_ratio")


def _stopped(view, start, today):
    stops = [one for one in view.of("construction.stopped", "construction.resumed") if one.day >= start]
    value, since, entered, stop, counted = "NONE", None, None, None, None
    walk = start
    while walk <= today:
        for one in stops:
            if one.day == walk and one.type == "construction.stopped" and stop is None:
                stop = max(walk, onboarded_on(view) or walk)
            elif one.day == walk and one.type == "construction.resumed":
                stop = None
        if stop is not None and walk > add_years(stop, 1) and (entered or below(view, walk)):
            now = "Y2" if walk > add_years(stop, 2) else "Y1"
            entered, counted = entered or walk, counted or stop
            if RANKS[now] > RANKS[value]:
                value, since = now, walk
        if entered and stop is None and reached(view, walk):
            value, since, entered, counted = "NONE", None, None, None
        walk += ONE
    return value, since, entered, counted or stop


def determination(view):
    """NONE, INVESTIGATING, the last result, or RELEASED once the basis has ended."""
    if exited_on(view):
        return "NONE"
    word, said = "NONE", None
    for one in view.of("idle.investigated", "idle.determined"):
        word, said = ("INVESTIGATING" if one.type == "idle.investigated" else one.data["result"]), one.day
    if said is None:
        return "NONE"
    facts = [day for day in (started_on(view), first_day(view, "construction.completed")) if day is not None]
    today = max([clock_day(view), *facts])  # what is done while an exit runs releases all the same
    for walk in sorted({said} | {one.day for one in view.known if said < one.day <= today}):  # only reports release
        if walk <= max(today, said) and clock_at(view, walk)[0] == "NONE" and _ended(view, said, walk):
            return "RELEASED"
    return word


def _ended(view, said, today):
    """Started or completed since the word, or resumed with both ratios reached."""
    start, done = started_on(view), first_day(view, "construction.completed")
    if start is not None and done is not None and said <= done <= today:
        return True
    if start is not None and said <= start <= today:
        return True
    if start is None or start > said:
        return False
    return reached(view, today) or not _is_stopped(view, said)


def _is_stopped(view, today):
    """Does a stop of started land stand at the end of a day?"""
    start = started_on(view)
    steps = [one for one in view.of("construction.stopped", "construction.resumed") if start <= one.day <= today]
    return bool(steps) and steps[-1].type == "construction.stopped"
