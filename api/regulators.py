"""The lists of regulators: parcels, exit-eligible parcels, what is missing or contradictory (contract 4, 4.1)."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from adapters.postgres import Connection
from api.dependencies import Caller, Wiring
from api.fields import Compliance, Cursor, DepartmentCode, Division, ExitCode, Limit, MinPosition, Stage, day_of
from api.lists import page, prefixes
from projections import compliance, data_quality, exit_eligible

router = APIRouter(tags=["regulators"])

Eligible = Literal["true", "false", "any"]
_ELIGIBLE = {"true": True, "false": False, "any": None}
_COORDINATOR_AFTER_DAYS: Final = 30
"""How long a silence is the department's alone (specification 11.33)."""


@router.get("/v1/parcels", name="Parcels")
async def list_parcels(
    *,
    caller: Caller,
    parts: Wiring,
    jurisdiction: Division = None,
    stage: Stage = None,
    compliance_: Compliance = None,
    department: DepartmentCode = None,
    due_before: Annotated[str | None, Query(description="an obligation falls due before this day")] = None,
    q: Annotated[str | None, Query(max_length=100, description="part of an id, an alias or the holder's name")] = None,
    alias: Annotated[
        str | None, Query(max_length=100, description="supervision, contract, unit or project number, exactly")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
    min_position: MinPosition = None,
) -> Response:
    """The parcels that the caller may see, in the order of their ids."""
    filters = {
        "jurisdiction": jurisdiction, "stage": stage, "compliance": compliance_, "department": department,
        "due_before": due_before, "q": q, "alias": alias,
    }  # fmt: skip
    codes = prefixes(caller, jurisdiction)
    before = None if due_before is None else day_of(due_before, "due_before")

    def find(connection: Connection, after: Any, count: int) -> list[dict[str, Any]]:
        return compliance.find(
            connection,
            jurisdictions=codes,
            stage=stage,
            compliance=compliance_,
            department=department,
            due_before=before,
            q=q,
            alias=alias,
            after=after,
            limit=count,
        )

    return await page(
        parts, caller, "parcels", filters=filters, find=find, place=lambda item: str(item["parcel_id"]),
        cursor=cursor, limit=limit, min_position=min_position,
    )  # fmt: skip


@router.get("/v1/exit-eligible", name="Exit-eligible parcels")
async def list_exit_eligible(
    *,
    caller: Caller,
    parts: Wiring,
    jurisdiction: Division = None,
    kind: ExitCode = None,
    eligible: Eligible = "true",
    cursor: Cursor = None,
    limit: Limit = 50,
    min_position: MinPosition = None,
) -> Response:
    """Parcels and the exit kinds that are open to them, each with its reasons and with what bars the others."""
    filters = {"jurisdiction": jurisdiction, "kind": kind, "eligible": eligible}
    codes = prefixes(caller, jurisdiction)

    def find(connection: Connection, after: Any, count: int) -> list[dict[str, Any]]:
        return exit_eligible.find(
            connection,
            jurisdictions=codes,
            kind=kind,
            eligible=_ELIGIBLE[eligible],
            after=None if after is None else tuple(after),
            limit=count,
        )

    return await page(
        parts, caller, "exit-eligible", filters=filters, find=find, place=lambda item: [item["parcel_id"], item["kind"]],
        cursor=cursor, limit=limit, min_position=min_position,
    )  # fmt: skip


@router.get("/v1/data-quality", name="What is missing or contradictory")
async def list_data_quality(
    *,
    caller: Caller,
    parts: Wiring,
    jurisdiction: Division = None,
    department: DepartmentCode = None,
    kind: Literal["SILENCE", "CONFLICT", "DATA_MISSING", "PARKED"] | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
    min_position: MinPosition = None,
) -> Response:
    """Reports that are owed, figures that contradict each other, history that was never reported (11.33).

    A silence is on a department's list from its first day, on the coordinator's own after 30 days.
    """
    filters = {"jurisdiction": jurisdiction, "department": department, "kind": kind}
    codes = prefixes(caller, jurisdiction)
    own_list = caller.role == "coordinator" and department is None

    def find(connection: Connection, after: Any, count: int) -> list[dict[str, Any]]:
        return data_quality.find(
            connection,
            jurisdictions=codes,
            department=department,
            kind=kind,
            silent_since=parts.today() - _COORDINATOR_AFTER_DAYS if own_list else None,
            after=None if after is None else tuple(after),
            limit=count,
        )

    return await page(
        parts, caller, "data-quality", filters=filters, find=find, place=data_quality.place,
        cursor=cursor, limit=limit, min_position=min_position,
    )  # fmt: skip
