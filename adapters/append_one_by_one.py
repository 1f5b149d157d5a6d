"""Groups that the log did not take together, appended each by itself: one that it cannot take keeps no other out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from adapters.parcel_log import ParcelLog
from adapters.postgres import DatabaseRefused
from adapters.receipts import Append, Appended, Conflict, Outcome


def one_by_one(log: ParcelLog, groups: Sequence[Append], rules_position: int) -> list[Outcome | Exception]:
    """Appends every group by itself; a group that the log cannot take gets the error, its neighbours go in."""
    hashes: dict[tuple[str, int], bytes] = {}
    outcomes: list[Outcome | Exception] = []
    for group in groups:
        try:
            (outcome,) = log.append([_resolved(group, hashes)], rules_position)
        except KeyError:  # it builds on a group that did not go in
            outcomes.append(Conflict(group.stream, group.expected_version))
        except (DatabaseRefused, ValueError) as error:
            outcomes.append(error)
        else:
            outcomes.append(outcome)
            if isinstance(outcome, Appended):
                hashes.update({(one.parcel_id, one.version): one.chain_hash for one in outcome.receipts})
    return outcomes


def _resolved(group: Append, hashes: Mapping[tuple[str, int], bytes]) -> Append:
    """The group with the chain hashes that the groups before it have given."""
    previous = hashes[group.stream, group.expected_version] if group.previous is None else group.previous
    return replace(group, previous=previous, also=tuple(_resolved(part, hashes) for part in group.also))
