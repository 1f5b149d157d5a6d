"""Bulk appends with two calls under way: while the log takes one chunk, the next is made ready."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from adapters.parcel_log import Append, Outcome, ParcelLog


def append_chunks(log: ParcelLog, chunks: Iterable[Sequence[Append]]) -> Iterator[list[Outcome]]:
    """`append_bulk` of one chunk after the other, on two connections; the outcomes in the order of the chunks.

    No stream may stand in two neighbouring chunks; which of two neighbours comes first in the log is left open.
    """
    with ThreadPoolExecutor(2, thread_name_prefix="bulk-append") as threads:
        under_way: deque[Future[list[Outcome]]] = deque()
        for chunk in chunks:
            under_way.append(threads.submit(log.append_bulk, chunk))
            if len(under_way) > 1:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
