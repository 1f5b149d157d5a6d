"""Periods and working days (Civil Code 201-203; specification 4.2), on `datetime.date`."""

from datetime import date, timedelta

ONE = timedelta(days=1)


def day(text):
    """A day from the wire; None stays None."""
    return None if text is None else date.fromisoformat(text)


def plus(start, days):
    """So many days later."""
    return start + timedelta(days=days)


def add_months(start, months):
    """The corresponding day, or the last day of the month where there is none."""
    year, month = start.year, start.month
    for _ in range(abs(months)):
        month += 1 if months > 0 else -1
        if month == 13:
            year, month = year + 1, 1
        if month == 0:
            year, month = year - 1, 12
    last = start.day
    while True:
        try:
            return date(year, month, last)
        except ValueError:
            last -= 1


def add_years(start, years):
    """The corresponding day so many years later."""
    return add_months(start, 12 * years)


def works(one, calendar, asked):
    """Is this a working day by the tables that were published until the day that is asked?"""
    table = calendar.years.get(one.year)
    while table is not None and table.published > asked.toordinal():
        table = table.before
    if table is not None and one.toordinal() in table.workdays:
        return True
    if table is not None and one.toordinal() in table.holidays:
        return False
    return one.isoweekday() < 6


def roll(one, calendar, asked=date(9000, 1, 1)):
    """The day itself or the next working day."""
    while not works(one, calendar, asked):
        one += ONE
    return one
