"""Words for tests of the log: events to append, posts to submit, and what the log must always look like."""

from uuid import uuid4

from adapters.event_codec import NO_HASH, chain_hash
from adapters.posts import Post
from adapters.receipts import Append
from domain.decision import Command, Context, Decided, Decision, Warn
from domain.errors import Kind, Refusal

DAY = 738_000


def decided(parcel_id, event_id=None, event_type="construction.started", **data):
    return Decided(
        event_id or str(uuid4()), parcel_id, event_type, 1, DAY, "120114", "NRP", None, None, None, None, data
    )


def append(parcel_id, count=1, version=0, previous=NO_HASH, also=(), event_ids=()):
    ids = event_ids or [None] * count
    events = tuple(decided(parcel_id, one, number=str(i)) for i, one in enumerate(ids))
    return Append(parcel_id, version, previous, events, also=also)


def command(parcel_id, event_id=None, event_type="construction.started", **data):
    return Command(
        event_id or str(uuid4()), parcel_id, event_type, 1, DAY, "120114", "NRP", None, None, None, None, data
    )


def body_of(one):
    """A stand-in for the keyed hash of the body: 48 bytes that depend on the data."""
    return repr(sorted(one.data.items())).encode().ljust(48, b".")[:48]


def post(*commands, parcel_id=None, **settings):
    return Post(parcel_id or commands[0].parcel_id, commands, [body_of(one) for one in commands], **settings)


def decide(facts, one: Command, context: Context) -> Decision:
    """At most `at_most` facts on the stream; `child` also writes to another stream; `warn` warns."""
    limit = one.data.get("at_most")
    if limit is not None and len(facts.facts) >= limit:
        raise Refusal(Kind.RULE, "FULL", f"{len(facts.facts)}")
    if one.data.get("fault"):
        raise KeyError("fault")
    events = [Decided(*(getattr(one, name) for name in Decided.__dataclass_fields__))]
    if child := one.data.get("child"):
        events.append(decided(child, event_type="lineage.recorded"))
    return Decision(tuple(events), (Warn("CARE", "…"),) if one.data.get("warn") else ())


def assert_log_is_whole(connection):
    """Positions gapless from 1, times rising with them, versions gapless per stream, every chain intact, and the
    head at the end."""
    rows = connection.execute(
        "SELECT position, recorded_at, parcel_id, version, record, chain_hash FROM event_log ORDER BY position"
    ).fetchall()
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
    times = [row[1] for row in rows]
    assert all(a < b for a, b in zip(times, times[1:], strict=False))
    streams = {}
    for _, _, parcel_id, version, record, chained in rows:
        last_version, last_hash = streams.get(parcel_id, (0, NO_HASH))
        assert version == last_version + 1, parcel_id
        assert chained == chain_hash(last_hash, record.encode()), (parcel_id, version)
        streams[parcel_id] = version, chained
    head = connection.execute("SELECT position, recorded_at FROM log_head").fetchone()
    assert head[0] == len(rows)
    if rows:
        assert head[1] == times[-1]
    return len(rows)
