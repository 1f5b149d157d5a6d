"""The peer of a post: a FastAPI endpoint that validates the same body by the same model and runs one INSERT.

No key, no entitlement, no rules, no idempotence, no chain, no order: what anybody would write first.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool
from pydantic import BaseModel, ConfigDict

from domain.events.construction import ConstructionProgressReported


class Body(BaseModel):
    """The envelope of one `construction.progress_reported`."""

    model_config = ConfigDict(extra="forbid")
    event_id: str
    type: str
    occurred_on: str
    document: dict[str, Any] | None = None
    data: ConstructionProgressReported


def create_app() -> FastAPI:
    """The endpoint, with a pool of 16 connections as ours has."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncConnectionPool(os.environ["LANDCYCLE_DATABASE_URL"], min_size=16, max_size=16) as pool:
            async with pool.connection() as connection:
                await connection.execute(
                    "CREATE TABLE IF NOT EXISTS bare_post (position bigserial PRIMARY KEY, parcel_id text, event_id uuid UNIQUE, body jsonb)"
                )
            app.state.pool = pool
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/v1/parcels/{parcel_id}/events", status_code=201)
    async def post(parcel_id: str, body: Body) -> dict[str, Any]:
        async with app.state.pool.connection() as connection:
            cursor = await connection.execute(
                "INSERT INTO bare_post (parcel_id, event_id, body) VALUES (%s, %s, %s) RETURNING position",
                (parcel_id, body.event_id, Jsonb(body.model_dump(mode="json"))),
            )
            (position,) = await cursor.fetchone()
        return {"event_id": body.event_id, "parcel_id": parcel_id, "position": position}

    return app
