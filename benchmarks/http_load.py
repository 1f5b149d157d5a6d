"""Posts prepared bodies over a number of connections, in a process of its own, and times each answer.

    python -m benchmarks.http_load PORT CONNECTIONS EXPECTED_STATUS < lines of JSON {"path", "headers", "body"}

Speaks HTTP/1.1 itself, since a client library would cost more than the server. Prints {"seconds", "p50", "p99"} (ms).
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

from benchmarks.figures import percentile

_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


def load(port: int, connections: int, requests: Sequence[dict[str, Any]], status: int) -> dict[str, float]:
    """Posts all requests and returns what the load process measured. Raises RuntimeError for another status."""
    text = "\n".join(json.dumps(one) for one in requests)
    arguments = [sys.executable, "-m", "benchmarks.http_load", str(port), str(connections), str(status)]
    done = subprocess.run(arguments, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    found: dict[str, float] = json.loads(done.stdout)
    return found


async def _connection(port: int, mine: list[bytes], status: bytes, taken: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for request in mine:
        began = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        body = await reader.readexactly(int(length.group(1))) if length else b""
        taken.append((time.perf_counter() - began) * 1000)
        if head[9:12] != status:
            raise RuntimeError((head + body).decode())
    writer.close()


async def _all(port: int, shares: list[list[bytes]], status: bytes) -> dict[str, float]:
    taken: list[float] = []
    began = time.perf_counter()
    await asyncio.gather(*(_connection(port, mine, status, taken) for mine in shares))
    return {"seconds": time.perf_counter() - began, "p50": percentile(taken, 0.5), "p99": percentile(taken, 0.99)}


def _request(one: dict[str, Any]) -> bytes:
    body = one["body"].encode()
    lines = [f"{one.get('method', 'POST')} {one['path']} HTTP/1.1", "Host: bench", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in one["headers"].items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


if __name__ == "__main__":
    to_port, number, expected = (int(one) for one in sys.argv[1:])
    prepared = [_request(json.loads(one)) for one in sys.stdin]
    print(
        json.dumps(asyncio.run(_all(to_port, [prepared[at::number] for at in range(number)], str(expected).encode())))
    )
