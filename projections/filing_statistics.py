"""How an authority keeps its filing duties: what fell due in a year, on time or late (specification 6.3, 8.10)."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from adapters.postgres import Connection
from projections import generations

_ASK: Final = """
SELECT count(*), count(*) FILTER (WHERE f ->> 'state' = 'ON_TIME'),
       coalesce(max(CASE f ->> 'state' WHEN 'LATE_CLOSED' THEN (f ->> 'days_late')::int
                                       WHEN 'OVERDUE' THEN %(today)s::date - (f ->> 'due')::date END), 0)
FROM read_parcel p JOIN status_feed s USING (parcel_id), jsonb_array_elements(s.answer::jsonb -> 'filings') f
WHERE p.jurisdiction LIKE %(prefix)s AND s.answer LIKE '%%"filings":[{%%' AND f ->> 'state' <> 'PENDING'
  AND left(f ->> 'due', 4) = %(year)s
  AND (%(area)s::text IS NULL OR EXISTS (SELECT FROM event_log e WHERE e.parcel_id = p.parcel_id
       AND e.type = 'contract.signed' AND e.record::jsonb -> 'data' ->> 'area_id' = %(area)s))
"""


def of_year(connection: Connection, prefix: str, area_id: str | None, year: int, today: str) -> dict[str, Any]:
    """`due`, `on_time`, `late` (filed late, or not yet), `on_time_ratio` (four decimals, None where none fell due) and
    `longest_delay_days` of the parcels whose jurisdiction begins with a prefix, of one area where it is named.
    """
    generations.show(connection)
    values = {"prefix": f"{prefix}%", "area": area_id, "year": str(year), "today": today}
    row = connection.execute(_ASK, values).fetchone()
    assert row is not None, "an aggregate has a row"
    due, on_time, longest = row
    ratio = (Decimal(on_time) / due).quantize(Decimal("0.0001"), ROUND_HALF_UP) if due else None
    return {
        "due": due,
        "on_time": on_time,
        "late": due - on_time,
        "on_time_ratio": None if ratio is None else str(ratio),
        "longest_delay_days": longest,
    }
