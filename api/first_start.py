"""What a data directory is given once: secrets that nobody set, keys to try, and the sample parcels.

A start that is killed in between leaves nothing half done: the next one goes on from where it was.
"""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Final

from adapters import api_keys
from adapters.postgres import open_pool
from adapters.settings import SECRETS, Settings, business_date, require_secrets
from adapters.whole_files import write_whole
from api import sample

_KEYS: Final = (
    ("regulator", "000000", "regulator", None),
    ("coordinator", "120000", "coordinator", None),
    ("120114/NRP", "120114", "department", "NRP"),
    ("120114/HUC", "120114", "department", "HUC"),
    ("120114/FIN", "120114", "department", "FIN"),
)
"""(name, jurisdiction, role, department) of the keys that a first start makes and prints."""


def with_secrets(settings: Settings) -> Settings:
    """Secrets that nobody set are made once and kept in the data directory. Raises UnsafeSettings."""
    require_secrets(settings)
    path = settings.data_dir / "secrets.json"
    kept: dict[str, str] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    for name in SECRETS:
        kept.setdefault(name, secrets.token_hex(32))
    write_whole(path, json.dumps(kept))
    chosen = {name: kept[name] for name in SECRETS if not getattr(settings, name).get_secret_value()}
    return Settings.model_validate(settings.model_dump() | chosen)


def complete(settings: Settings, *, with_sample: bool) -> tuple[int, int] | None:
    """Loads the sample and makes the keys to try, once; (parcels, events) of a sample that was loaded now.

    The keys are written down last: they say that the first start is complete.
    """
    if settings.environment == "production" or keys_of(settings.data_dir):
        return None
    loaded = sample.load(settings, sample.sample(business_date(settings))) if with_sample else None
    with open_pool(settings.database_url, max_size=1) as pool, pool.connection() as connection:
        made = {
            name: api_keys.create(connection, settings, jurisdiction, role, department)
            for name, jurisdiction, role, department in _KEYS
        }
    write_whole(settings.data_dir / "keys.json", json.dumps(made, indent=1))
    return loaded


def keys_of(directory: Path) -> dict[str, str]:
    """The keys to try by their names; none before a first start is complete."""
    try:
        keys: dict[str, str] = json.loads((directory / "keys.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return keys


def parcel_to_try(settings: Settings) -> str | None:
    """The id of a parcel of the sample, else of any parcel that the log knows; None while it knows none."""
    wanted = sample.sample(business_date(settings))[3].parcel_id
    with open_pool(settings.database_url, max_size=1) as pool, pool.connection() as connection:
        row = connection.execute(
            "SELECT coalesce((SELECT parcel_id FROM event_log WHERE parcel_id = %s LIMIT 1),"
            " (SELECT parcel_id FROM event_log WHERE parcel_id NOT LIKE '%%:%%' ORDER BY position DESC LIMIT 1))",
            (wanted,),
        ).fetchone()
    return row[0] if row else None
