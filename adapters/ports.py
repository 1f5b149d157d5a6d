"""Ports for servers of our own."""

from __future__ import annotations

import random
import socket
from typing import Final

_BELOW_OUTGOING: Final = (15_000, 32_000)


def free_port(taken: int | None = None) -> int:
    """A free port of 127.0.0.1 other than `taken`, below those that outgoing connections are given. Raises OSError.

    A client that keeps asking for a stopped server would sooner or later be given the server's own port, connect to
    itself, and keep the server from starting again.
    """
    chance = random.SystemRandom()
    for _ in range(100):
        port = chance.randrange(*_BELOW_OUTGOING)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            if port != taken:
                return port
    raise OSError("no free port on 127.0.0.1")
