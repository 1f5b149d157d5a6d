"""API keys: `lc_<id>_<secret>`, of which the database keeps the id and an HMAC of the secret (contract 7).

`landcycle keys` makes, lists and revokes them; the API looks them up.
"""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from adapters import divisions
from adapters.postgres import Connection
from domain.departments import DEPARTMENTS

if TYPE_CHECKING:
    from adapters.settings import Settings

ROLES: Final = ("department", "regulator", "coordinator", "admin")
_TOKEN: Final = re.compile(r"lc_([0-9a-f]{12})_([0-9A-Za-z_-]{32})")
_DIVISION: Final = re.compile(r"\d{6}")


class KeyRefused(ValueError):  # noqa: N818 - an answer, not a fault
    """A key cannot be made like this; the message says why in one line."""


@dataclass(slots=True, frozen=True)
class Principal:
    """Who calls: what a key or an access token grants. `department` is set for the role `department` alone."""

    key_id: str
    role: str
    jurisdiction: str
    department: str | None = None
    area_id: str | None = None


def create(
    connection: Connection,
    settings: Settings,
    jurisdiction: str,
    role: str,
    department: str | None = None,
    area: str | None = None,
) -> str:
    """Makes a key and returns it; it can never be shown again. Raises KeyRefused."""
    check_grant(jurisdiction, role, department)
    if not divisions.known(jurisdiction):
        raise KeyRefused(f"行政区划代码表（GB/T 2260）中没有{jurisdiction} (DIVISION_UNKNOWN)")
    key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(24)
    connection.execute(
        "INSERT INTO api_key (key_id, secret_hash, role, jurisdiction, department, area_id)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        (key_id, secret_hash(settings, secret), role, jurisdiction, department, area),
    )
    return f"lc_{key_id}_{secret}"


def check_grant(jurisdiction: str, role: str, department: str | None) -> None:
    """Whether a role, a division and a department fit together. Raises KeyRefused."""
    if role not in ROLES:
        raise KeyRefused(f"没有角色“{role}”，应为{'、'.join(ROLES)} (ROLE_UNKNOWN)")
    if not _DIVISION.fullmatch(jurisdiction):
        raise KeyRefused(f"“{jurisdiction}”不是6位行政区划代码 (JURISDICTION)")
    if role == "department" and department not in DEPARTMENTS:
        raise KeyRefused(f"角色department须写明部门，为{'、'.join(DEPARTMENTS)}之一 (DEPARTMENT_REQUIRED)")
    if role != "department" and department is not None:
        raise KeyRefused(f"角色{role}不带部门 (DEPARTMENT_NOT_ALLOWED)")


def find(connection: Connection, settings: Settings, token: str) -> Principal | None:
    """What a key grants; None for one that is unknown, wrong or revoked."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        return None
    row = connection.execute(
        "SELECT secret_hash, role, jurisdiction, department, area_id FROM api_key"
        " WHERE key_id = %s AND revoked_at IS NULL",
        (match[1],),
    ).fetchone()
    if row is None or not hmac.compare_digest(bytes(row[0]), secret_hash(settings, match[2])):
        return None
    return Principal(match[1], row[1], row[2], row[3], row[4])


def list_keys(connection: Connection) -> list[dict[str, Any]]:
    """Every key without its secret, the newest last: id, role, jurisdiction, department, area, created, revoked."""
    names = ("key_id", "role", "jurisdiction", "department", "area_id", "created_at", "revoked_at")
    rows = connection.execute(
        "SELECT key_id, role, jurisdiction, department, area_id, created_at, revoked_at FROM api_key"
        " ORDER BY created_at, key_id"
    ).fetchall()
    return [dict(zip(names, row, strict=True)) for row in rows]


def revoke(connection: Connection, key_id: str) -> bool:
    """Ends a key, named by its id or by the whole key; False when no such key is good."""
    match = _TOKEN.fullmatch(key_id)
    done = connection.execute(
        "UPDATE api_key SET revoked_at = now() WHERE key_id = %s AND revoked_at IS NULL",
        (match[1] if match else key_id,),
    )
    return done.rowcount == 1


def secret_hash(settings: Settings, secret: str) -> bytes:
    """HMAC-SHA-256 of a key's secret with the pepper of this installation."""
    return hmac.digest(settings.key_pepper.get_secret_value().encode(), secret.encode(), "sha256")
