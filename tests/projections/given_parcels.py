"""Sample lives in a database, and workers over it."""

from contextlib import contextmanager
from datetime import date

from adapters.postgres import open_pool
from adapters.settings import Settings
from api import sample
from projections import generations, worker

TODAY = date(2026, 11, 24)


def settings_for(database_url, tmp_path, **more):
    values = {
        "database_url": database_url,
        "today": TODAY,
        "data_dir": tmp_path,
        "key_pepper": "p",
        "body_hash_key": "b",
        "cursor_key": "c",
    }
    return Settings(**(values | more))


def load(settings, lives=None):
    return sample.load(settings, lives if lives is not None else sample.sample(settings.today.toordinal()))


@contextmanager
def pool_of(settings):
    with open_pool(settings.database_url, max_size=4) as pool:
        yield pool


def work(settings):
    with pool_of(settings) as pool:
        return worker.run_once(settings, pool)


TABLES = ("read_parcel", "read_exit", "read_quality")


def rows(settings):
    """Every row of every read model, and what stands in the alert log, without what time of day gives."""
    with pool_of(settings) as pool, pool.connection() as connection:
        generations.show(connection)
        found = {name: connection.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall() for name in TABLES}
        found["alert"] = connection.execute("SELECT alert_id, state, level FROM alert ORDER BY 1").fetchall()
        return found


def alert_changes(settings):
    with pool_of(settings) as pool, pool.connection() as connection:
        return connection.execute(
            "SELECT position, parcel_id, sequence, change ->> 'type' FROM alert_log ORDER BY position"
        ).fetchall()
