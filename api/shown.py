"""How far the lists show the log, and who waits for it (contract 4.1: `min_position`)."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from starlette.concurrency import run_in_threadpool

from adapters.parcel_log import ParcelLog
from api.problems import Problem
from projections import catalog

WAIT_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 0.05


class Shown:
    """One look at a time for everybody who waits in this process: who waits holds no thread and no connection."""

    def __init__(self, log: ParcelLog) -> None:
        self._log = log
        self._next: asyncio.Task[tuple[int, int]] | None = None
        self._looked_at = 0.0

    async def wait_for(self, position: int) -> None:
        """Waits until the lists show an event. Raises Problem 503 when they do not in time.

        A position that the log itself does not have is in no receipt: it is not waited for.
        """
        end = time.monotonic() + WAIT_SECONDS
        while True:
            shown, last = await self._look()
            if shown >= position:
                return
            if position > last or time.monotonic() >= end:
                raise Problem("BEHIND", headers={"Retry-After": "1"})

    async def _look(self) -> tuple[int, int]:
        """Positions of the lists and of the log, read after this was called."""
        if self._next is None:
            self._next = asyncio.create_task(self._read())
        return await asyncio.shield(self._next)

    async def _read(self) -> tuple[int, int]:
        await asyncio.sleep(max(0.0, self._looked_at + _PAUSE_SECONDS - time.monotonic()))
        self._next = None  # who asks from now on shares the look after this one
        self._looked_at = time.monotonic()
        return await run_in_threadpool(self._positions)

    def _positions(self) -> tuple[int, int]:
        with self._log.connection() as connection:
            return catalog.positions(connection)
