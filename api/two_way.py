"""An answer that is streamed while the request is still being read (NDJSON in, NDJSON out)."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from typing import IO, Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

_IN_MEMORY: Final = 1 << 20
_CHUNK: Final = 1 << 16


class Spool:
    """Bytes that one task writes and another reads, in memory up to 1 MiB, else on disk."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed by `close`
        self._written = self._taken = 0
        self._ended = False
        self._changed = asyncio.Event()

    def write(self, part: bytes) -> None:
        """Adds bytes at the end; where all before was read, the file begins anew."""
        if self._taken == self._written:
            self._written = self._taken = 0
        self._file.seek(self._written)
        self._written += self._file.write(part)
        self._changed.set()

    def end(self) -> None:
        """Nothing follows."""
        self._ended = True
        self._changed.set()

    async def chunks(self) -> AsyncIterator[bytes]:
        """What is written, as it comes, until the end."""
        while True:
            if self._taken < self._written:
                self._file.seek(self._taken)
                part = self._file.read(min(_CHUNK, self._written - self._taken))
                self._taken += len(part)
                yield part
            elif self._ended:
                return
            else:
                self._changed.clear()
                await self._changed.wait()

    def close(self) -> None:
        """Frees memory and disk."""
        self._file.close()


class TwoWayAnswer(Response):
    """Streams lines while the request is still being read.

    Starlette's StreamingResponse cannot: it reads the request itself to notice that the client has left.
    """

    media_type = "application/x-ndjson"

    def __init__(self, lines: AsyncIterator[bytes]) -> None:
        super().__init__(None)
        del self.headers["content-length"]
        self._lines = lines

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Sends what the spool holds, while a task of its own fills it."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        spool = Spool()
        work = asyncio.create_task(self._fill(spool))
        try:
            async for part in spool.chunks():
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await work
            await send({"type": "http.response.body", "body": b""})
        finally:
            work.cancel()
            spool.close()

    async def _fill(self, spool: Spool) -> None:
        try:
            async for line in self._lines:
                spool.write(line)
        finally:
            spool.end()
