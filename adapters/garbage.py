"""The garbage collector, for a process that answers: never in the middle of a post."""

from __future__ import annotations

import gc


def quiet_gc() -> None:
    """Keeps the garbage collector off the latency path: call once, when everything is loaded."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)
