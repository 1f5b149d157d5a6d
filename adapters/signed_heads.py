"""Signed heads of the log's tree: made, kept in the database, and written to a file that leaves it.

Without heads kept elsewhere a cut tail of the log could not be proved. Source: contract 4.2.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from adapters import failpoints, merkle_log
from adapters.event_codec import ALGORITHM
from adapters.merkle_tree import Hash
from adapters.postgres import Connection, Pool, translated
from domain.event import instant_text

KEY_FILE: Final = "log-signing-key.pem"
HEADS_FILE: Final = "heads.ndjson"
_TAIL: Final = 8192
"""Bytes at the end of the file in which its last line is looked for."""
_LEAVES: Final = 20_000
"""Events taken into the tree in one transaction."""
_log = structlog.get_logger("landcycle.heads")


def signed_text(tree_size: int, root: str, issued_at: str) -> bytes:
    """What is signed of a head."""
    return f"landcycle-head-v1\n{tree_size}\n{root}\n{issued_at}\n".encode()


def signature_holds(head: Mapping[str, Any], public_key: bytes) -> bool:
    """Whether a head was signed with this key (raw 32 bytes)."""
    text = signed_text(head["tree_size"], head["root"], head["issued_at"])
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(base64.b64decode(head["signature"]), text)
    except (InvalidSignature, ValueError):
        return False
    return True


@dataclass(slots=True, frozen=True)
class Signer:
    """An Ed25519 key. `key_id`: the first 16 hex digits of the sha256 of the public key."""

    key: Ed25519PrivateKey

    @property
    def public_key(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @property
    def key_id(self) -> str:
        return hashlib.sha256(self.public_key).hexdigest()[:16]

    def sign(self, tree_size: int, root: Hash, issued_at: str) -> bytes:
        """The signature of a head."""
        return self.key.sign(signed_text(tree_size, root.hex(), issued_at))


def open_signer(directory: Path, seed: str = "") -> Signer:
    """The key of a 32-byte seed in base64, else that of the data directory: made at the first call, readable by the
    owner alone. Raises ValueError for a seed or a file that is none.
    """
    if seed:
        return Signer(Ed25519PrivateKey.from_private_bytes(base64.b64decode(seed, validate=True)))
    path = directory / KEY_FILE
    if not path.exists():
        directory.mkdir(parents=True, exist_ok=True)
        pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        number, fresh = tempfile.mkstemp(dir=directory)  # readable by the owner alone
        try:
            with os.fdopen(number, "wb") as file:
                file.write(pem)
            with contextlib.suppress(FileExistsError):
                os.link(fresh, path)  # of two that start at once the first wins
        finally:
            os.unlink(fresh)  # noqa: PTH108 - a name from mkstemp
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"{path} holds no Ed25519 key")  # noqa: TRY004 - the content is wrong, not a type of ours
    return Signer(key)


def sign_head(connection: Connection, signer: Signer, now: int) -> dict[str, Any] | None:
    """Signs the tree as it is built, where it has grown or a new epoch has begun; `now` in µs. None: nothing new.

    Part of the caller's transaction.
    """
    size = merkle_log.Tree(connection).size()
    row = connection.execute("SELECT epoch FROM log_head").fetchone()
    assert row is not None, "log_head has one row"
    last = merkle_log.head(connection)
    if size == 0 or (last is not None and (last["tree_size"], last["epoch"]) == (size, row[0])):
        return None
    root = merkle_log.Tree(connection).root(size)
    issued_at = instant_text(now)
    connection.execute(
        "INSERT INTO log_key (key_id, public_key) VALUES (%s, %s) ON CONFLICT DO NOTHING",
        (signer.key_id, signer.public_key),
    )
    connection.execute(
        "INSERT INTO tree_head (tree_size, epoch, root, algorithm, issued_at, key_id, signature)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (size, row[0], root, ALGORITHM, issued_at, signer.key_id, signer.sign(size, root, issued_at)),
    )
    return merkle_log.head(connection)


def write_heads(connection: Connection, path: Path) -> int:
    """Appends to the file the heads that it does not have yet; returns how many. A torn last line is replaced.

    A file whose last line is no head is set aside under another name, and one with every head begun. Raises OSError.
    """
    try:
        tree_size, epoch = _last_in(path)
    except (ValueError, TypeError, KeyError):
        aside = path.with_name(f"{path.name}.unreadable-{time.time_ns()}")
        path.rename(aside)
        _log.warning("heads.unreadable", set_aside=str(aside))
        tree_size, epoch = 0, 1
    written = 0
    with path.open("a", encoding="utf-8") as file:
        while heads := merkle_log.heads_after(connection, tree_size, 1000, epoch):
            for head in heads:
                file.write(json.dumps(head, separators=(",", ":")) + "\n")
            tree_size, epoch = heads[-1]["tree_size"], heads[-1]["epoch"]
            written += len(heads)
        file.flush()
        os.fsync(file.fileno())
    return written


def _last_in(path: Path) -> tuple[int, int]:
    """Tree size and epoch of the last whole line; what stands after it is cut off."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - _TAIL))
        tail = file.read()
        whole = tail[: tail.rfind(b"\n") + 1]
        file.truncate(end - len(tail) + len(whole))
    lines = whole.splitlines()
    last = json.loads(lines[-1]) if lines else {"tree_size": 0, "epoch": 1}
    return int(last["tree_size"]), int(last["epoch"])


class TreeKeeper:
    """What the worker does for the tree: builds it, signs a head at intervals, writes the heads to the file."""

    def __init__(self, pool: Pool, directory: Path, interval_seconds: float = 5.0, seed: str = "") -> None:
        self._pool, self._interval = pool, interval_seconds
        self._signer = open_signer(directory, seed)
        self._path = directory / HEADS_FILE
        self._signed_at = -interval_seconds
        self._problem: str | None = None

    def step(self) -> int:
        """Takes what is new into the tree and signs where a head is due; returns the number of events taken.

        In transactions of its own. Raises DatabaseUnavailable.
        """
        with translated():
            taken = 0
            while added := self._advance():
                taken += added
            if time.monotonic() - self._signed_at >= self._interval:
                self._sign()
                self._signed_at = time.monotonic()
            return taken

    def _advance(self) -> int:
        with self._pool.connection() as connection:
            added = merkle_log.advance(connection, _LEAVES)
            failpoints.reach("merkle.built")
            return added

    def _sign(self) -> None:
        with self._pool.connection() as connection:
            sign_head(connection, self._signer, time.time_ns() // 1000)
            failpoints.reach("heads.signed")
        failpoints.reach("heads.committed")
        with self._pool.connection() as connection:
            self._write(connection)

    def _write(self, connection: Connection) -> None:
        """The file follows at every interval, whatever kept it from being written before; readiness tells of a fault."""
        problem = None
        try:
            write_heads(connection, self._path)
        except OSError as error:
            problem = f"{self._path}不能写入（{error.strerror}）"
        if problem and problem != self._problem:
            _log.warning("heads.unwritten", problem=problem)
        self._problem = problem
        connection.execute(
            "UPDATE merkle_builder SET file_problem = %s WHERE file_problem IS DISTINCT FROM %s", (problem, problem)
        )
