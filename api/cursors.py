"""Opaque cursors of lists: where the page ended, sealed, and bound to the question it was a page of (contract 4.1)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Final

import orjson

from api.problems import Problem

_SEAL: Final = 16
_LONGEST: Final = 1024


class Cursors:
    """Seals and opens cursors with a key of this installation; they outlive restarts and other processes."""

    def __init__(self, key: bytes) -> None:
        self._key = hmac.digest(key, b"landcycle-cursor-v1", "sha256")

    def seal(self, question: str, filters: Mapping[str, Any], after: Any) -> str:
        """The cursor of the page after `after`."""
        place = orjson.dumps(after)
        return base64.urlsafe_b64encode(self._seal(question, filters, place) + place).rstrip(b"=").decode()

    def open(self, question: str, filters: Mapping[str, Any], cursor: str | None) -> Any:
        """Where the page before ended; None at the start. Raises Problem 400 for a cursor that is not ours."""
        if cursor is None:
            return None
        if len(cursor) <= _LONGEST:
            try:
                raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            except (binascii.Error, ValueError):
                raw = b""
            canonical = base64.urlsafe_b64encode(raw).rstrip(b"=").decode() == cursor
            if canonical and hmac.compare_digest(raw[:_SEAL], self._seal(question, filters, raw[_SEAL:])):
                return orjson.loads(raw[_SEAL:])
        raise Problem("CURSOR_ALTERED")

    def _seal(self, question: str, filters: Mapping[str, Any], place: bytes) -> bytes:
        asked = hashlib.sha256(orjson.dumps([question, dict(filters)], option=orjson.OPT_SORT_KEYS)).digest()
        return hmac.digest(self._key, asked + place, "sha256")[:_SEAL]
