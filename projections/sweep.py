"""`landcycle sweep`: brings the read models to a day, once, and ends (decision 0008)."""

from __future__ import annotations

from datetime import date

from adapters.postgres import day_of, open_pool
from adapters.settings import Settings, business_date
from domain.event import day_text
from projections import processes, worker


class SweepRefused(Exception):  # noqa: N818 - told in one line
    """The day lies before the last sweep or after today."""


def run(settings: Settings, as_of: int | None = None) -> int:
    """Re-evaluates what is due up to a day (default: today). Raises SweepRefused, BusinessDateBack."""
    processes.collect_rarely()
    today = business_date(settings)
    day = today if as_of is None else as_of
    with open_pool(settings.database_url, max_size=3, name="landcycle-sweep") as pool:
        with pool.connection() as connection:
            row = connection.execute("SELECT ticked_on::text FROM worker_lease").fetchone()
        last = 0 if row is None else day_of(row[0])
        if not last <= day <= today:
            raise SweepRefused(f"{day_text(day)}不在上次扫描日与今天（{day_text(today)}）之间 (SWEEP_DAY)")
        at_day = settings.model_copy(update={"today": date.fromordinal(day)})
        return worker.run_once(at_day, pool)
