"""Facts that grow by one event are those of all events folded at once."""

from hypothesis import given
from hypothesis import strategies as st

from domain.event import Event
from domain.events import RANK
from domain.facts import CORRECTED, WITHDRAWN, fold, grown

TYPES = ["contract.signed", "land.delivered", "construction.started", "unknown.type", CORRECTED, WITHDRAWN]


def event(version, kind, day, target):
    data = {
        CORRECTED: {"corrects": f"e{target}", "changes": [{"field": "a", "old": 1, "new": version}]},
        WITHDRAWN: {"withdraws": f"e{target}"},
    }.get(kind, {"a": 1})
    return Event(
        f"e{version}",
        "p",
        version,
        version,
        kind,
        1,
        738_000 + day,
        version,
        "120114",
        "NRP",
        None,
        None,
        None,
        None,
        data,
    )


@given(st.lists(st.tuples(st.sampled_from(TYPES), st.integers(0, 3), st.integers(1, 9)), min_size=1, max_size=8))
def test_growing_is_folding(described):
    events = [event(version, *one) for version, one in enumerate(described, 1)]
    assert grown(fold(events[:-1], RANK), events[-1], RANK) == fold(events, RANK)
