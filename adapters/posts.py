"""What is handed to the append queue and what comes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from adapters.parcel_cache import Stream
from adapters.receipts import Receipt
from domain.decision import Command
from domain.errors import Refusal


@dataclass(slots=True)
class DryRun:
    """What the posts of one dry run would have left behind, so that its later lines see the earlier ones."""

    streams: dict[str, Stream] = field(default_factory=dict)


@dataclass(slots=True, frozen=True)
class Post:
    """Commands on one stream, all or none, in their order.

    `body_hashes` (event_codec.body_hash) stand beside the commands; None for one that nobody posted.
    `expected_version` is If-Match of the first command; `expected_versions`, where given, stands beside the commands
    and counts the commands before. A dry run decides and writes nothing; posts of one `session` see each other.
    """

    parcel_id: str
    commands: Sequence[Command]
    body_hashes: Sequence[bytes | None]
    expected_version: int | None = None
    dry_run: bool = False
    expected_versions: Sequence[int | None] = ()
    session: DryRun | None = None

    def expected(self, index: int) -> int | None:
        """The version that the command at `index` was written for; None where it does not matter."""
        if self.expected_versions:
            return self.expected_versions[index]
        return self.expected_version if index == 0 else None


@dataclass(slots=True, frozen=True)
class PostResult:
    """One receipt per command, in their order. Of a dry run: position and recorded_at 0, an empty chain hash."""

    receipts: tuple[Receipt, ...]


class CommandRefused(Refusal):
    """A rule refused one command of a post, so all of it. `index`: which."""

    def __init__(self, refusal: Refusal, index: int) -> None:
        super().__init__(refusal.kind, refusal.code, refusal.message, refusal.errors)
        self.index = index


class StaleVersion(Exception):  # noqa: N818 - an answer, not a fault
    """The stream stands at another version than the caller has seen. `index`: of the command."""

    def __init__(self, parcel_id: str, expected: int, version: int, index: int) -> None:
        super().__init__(f"{parcel_id} is at version {version}, not {expected}")
        self.parcel_id, self.expected, self.version, self.index = parcel_id, expected, version, index


class IdReused(Exception):  # noqa: N818 - an answer, not a fault
    """The event id was used for another report. `receipt` is of that one, None where it stands in the same post;
    `index`: of the command.
    """

    def __init__(self, event_id: str, receipt: Receipt | None, index: int) -> None:
        super().__init__(f"event id {event_id} was used before")
        self.event_id, self.receipt, self.index = event_id, receipt, index
