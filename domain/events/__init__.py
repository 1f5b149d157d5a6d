"""Every event type of the contract (table 3.1), derived from the classes of this package."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from domain.events import (  # the imports register the types
    admission,
    agreement,
    construction,
    contract,
    crosscutting,
    exit,  # noqa: A004 - the field's word
    operation,
    programme,
    remedy,
    supply,
    tenure,
)
from domain.events.envelope import Envelope, normalise, parse_envelope
from domain.events.model import REGISTRY, EventType
from domain.events.union import envelope_union_schema, example_envelopes

CATALOGUE: Final[Mapping[str, EventType]] = REGISTRY
RANK: Final[Mapping[str, int]] = {kind.name: kind.rank for kind in REGISTRY.values()}

__all__ = [
    "CATALOGUE", "RANK", "Envelope", "EventType", "admission", "agreement", "construction", "contract", "crosscutting", "envelope_union_schema",
    "example_envelopes", "exit", "normalise", "operation", "parse_envelope", "programme", "remedy", "supply", "tenure",
]  # fmt: skip
