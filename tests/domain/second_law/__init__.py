"""The law a second time: slow and plain, written from the specification by another route, for tests alone.

Every answer is worked out anew for one day from the raw events, with `datetime.date` and `Fraction`; nothing is kept
between days. Only the parameters (`rules.get`), the table of working days and the names of events are shared with the
product.
"""

from .answer import second_answer

__all__ = ["second_answer"]
