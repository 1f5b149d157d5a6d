"""Proof that nothing was changed, left out or put in later (contract 4.2)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from adapters import merkle_log
from adapters.parcel_log import read_stream
from api.answers import JsonAnswer
from api.dependencies import Caller, Parcel, Wiring
from api.fields import invalid
from api.hiding import Eyes
from api.parcels import area_must_match
from api.problems import Problem
from domain.events import RANK
from domain.facts import fold

router = APIRouter(tags=["proof"])

TreeSize = Annotated[int | None, Query(ge=1, le=2**62, description="default: that of the last signed head")]


@router.get("/v1/parcels/{parcel_id}/proof", name="Proof of a parcel's events")  # noqa: FAST003 - `Parcel` takes it
def get_proof(parcel: Parcel, parts: Wiring, tree_size: TreeSize = None) -> Response:
    """Every event with the exact text that was hashed and its path in the tree; hidden records are null."""
    with parts.log.connection() as connection:
        events = read_stream(connection, parcel.parcel_id)
        if not events:
            raise Problem("UNKNOWN_PARCEL")
        try:
            proof = merkle_log.proof_answer(connection, parcel.parcel_id, tree_size)
        except ValueError:
            raise invalid("tree_size", "还没有这样大的树") from None
    if proof is None:
        raise Problem("NOT_FOUND", "日志还没有签名的树头，请稍后再试")
    area_must_match(parcel.principal, fold(events, RANK))
    eyes = Eyes(parcel.principal)
    hidden = {event.version for event in events if eyes.hides({"department": event.department, "data": event.data})}
    shown = [{**one, "record": None} if one["version"] in hidden else one for one in proof["events"]]
    return JsonAnswer({**proof, "events": shown})


@router.get("/v1/log/head", name="The last signed head of the log")
def get_head(caller: Caller, parts: Wiring) -> Response:  # noqa: ARG001 - any caller may ask
    """Tree size, root and signature."""
    with parts.log.connection() as connection:
        found = merkle_log.head(connection)
    if found is None:
        raise Problem("NOT_FOUND", "日志还没有签名的树头")
    return JsonAnswer(found)


@router.get("/v1/log/keys", name="The public keys of signed heads")
def get_keys(caller: Caller, parts: Wiring) -> Response:  # noqa: ARG001 - any caller may ask
    """Raw 32-byte Ed25519 keys in base64."""
    with parts.log.connection() as connection:
        return JsonAnswer({"keys": merkle_log.keys(connection)})


@router.get("/v1/log/consistency", name="Proof that one head grew out of another")
def get_consistency(
    caller: Caller,  # noqa: ARG001 - any caller may ask
    parts: Wiring,
    from_: Annotated[int, Query(alias="from", ge=1, le=2**62, description="tree size")],
    to: Annotated[int, Query(ge=1, le=2**62, description="tree size")],
) -> Response:
    """The consistency path of RFC 6962, 2.1.2."""
    if from_ > to:
        raise invalid("from", "应不大于to")
    with parts.log.connection() as connection:
        try:
            return JsonAnswer(merkle_log.consistency_answer(connection, from_, to))
        except ValueError:
            raise invalid("to", "还没有这样大的树") from None
