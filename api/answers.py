"""How answers are written: JSON by orjson, instants with the offset of Shanghai, receipts of the log (contract 3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response

from adapters.receipts import Receipt
from domain.event import instant_text


class JsonAnswer(Response):
    """A JSON body."""

    media_type = "application/json"

    def __init__(
        self, content: Any, status_code: int = 200, headers: Mapping[str, str] | None = None, media_type: str | None = None
    ) -> None:  # fmt: skip
        super().__init__(orjson.dumps(content), status_code, headers, media_type)


def receipt_item(receipt: Receipt) -> dict[str, Any]:
    """A receipt on the wire (contract 3). What a dry run did not get from the log is null."""
    taken = receipt.position > 0
    return {
        "event_id": receipt.event_id,
        "parcel_id": receipt.parcel_id,
        "version": receipt.version,
        "position": receipt.position if taken else None,
        "recorded_at": instant_text(receipt.recorded_at) if taken else None,
        "chain_hash": receipt.chain_hash.hex() if taken else None,
        "epoch": receipt.epoch,
        "warnings": [{"code": warning.code, "message": warning.message} for warning in receipt.warnings],
    }
