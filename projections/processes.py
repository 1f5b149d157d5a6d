"""Processes that compute parcels beside the one that leads them, for rebuilds and for great sweeps."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any


def collect_rarely() -> None:
    """For a process that evaluates or sends: it makes no cycles; looking for them took a fifth of the time."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def pool(count: int, begin: Callable[..., None], *arguments: Any) -> ProcessPoolExecutor:
    """So many processes, each of which calls `begin(*arguments)` first; none outlives the one that leads them."""
    return ProcessPoolExecutor(count, get_context("spawn"), _begin, (os.getpid(), begin, arguments))


def _begin(leader: int, begin: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the leader, who ends this process
    threading.Thread(target=_end_with, args=(leader,), daemon=True).start()
    begin(*arguments)
    collect_rarely()


def _end_with(leader: int) -> None:
    while os.getppid() == leader:
        time.sleep(1)
    os._exit(1)
