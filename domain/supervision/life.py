"""The life of one parcel as it stands on a day: papers, course, exits, tenure and holder, read once from the facts."""

from __future__ import annotations

from typing import Any, Final

from domain.facts import Fact
from domain.supervision.course import MILESTONES, Course
from domain.supervision.known import day, of_era
from domain.supervision.tenure import Tenure, tenure_of

__all__ = ["GOVERNMENT", "LEASES", "MILESTONES", "Life", "day"]

LEASES: Final = frozenset({"LEASE_LONG", "LEASE_THEN_GRANT"})
GOVERNMENT: Final = frozenset(
    {"GOV_LATE_DELIVERY", "GOV_PLAN_CHANGE", "GOV_POLICY", "GOV_PETITION", "MILITARY_HERITAGE", "GOV_OTHER", "FORCE_MAJEURE"}
)  # fmt: skip
"""Causes of a government extension (specification 4.5)."""


class Life(Course):
    """Everything that the rules ask about a parcel on `as_of`."""

    # --- exit

    @of_era
    def cancelled_on(self) -> int | None:
        """The day of `title.cancelled`, or of the split or merger that took the parcel up."""
        ends = [fact.occurred_on for fact in self.of("title.cancelled")[:1]]
        return min([*ends, *([] if self.taken_up_on is None else [self.taken_up_on])], default=None)

    @of_era
    def taken_up_on(self) -> int | None:
        """The day of the split or merger that took the parcel up: what is owed went along (specification 8.12, 11.28)."""
        acts = self.of("parcel.split", "parcel.merged")
        return next(
            (fact.occurred_on for fact in acts if self.facts.parcel_id in fact.data.get("from_codes", ())), None
        )

    @of_era
    def exit_opened(self) -> Fact | None:
        """The exit that runs (or led to the end); a withdrawn or annulled one was never opened (5.4, 11.37)."""
        running: Fact | None = None
        for fact in self.of("exit.opened", "exit.withdrawn", "remedy.decided", "transfer.registered"):
            if fact.type == "exit.opened":
                ended = self.cancelled_on is not None and self.cancelled_on < fact.occurred_on
                running = running if ended else fact
            elif running is not None and _ends_exit(fact, running):
                running = None
        return running

    @of_era
    def clocks_stop_on(self) -> int | None:
        """The day on which the clocks stand still for good: exit opened, or title cancelled (specification 5.4)."""
        opened = self.exit_opened
        stops = [one for one in (opened.occurred_on if opened else None, self.cancelled_on) if one is not None]
        return min(stops, default=None)

    @property
    def clock(self) -> int:
        """The day on which the clocks stand: today, or the day on which they stopped."""
        stop = self.clocks_stop_on
        return self.as_of if stop is None or stop > self.as_of else stop

    @property
    def leaving(self) -> bool:
        """An exit runs or has ended the right."""
        return self.clocks_stop_on is not None

    # --- tenure

    @of_era
    def tenure(self) -> Tenure:
        """The ends of the term one after another."""
        return tenure_of(self)

    @of_era
    def conversion(self) -> Fact | None:
        """The approved conversion of a lease."""
        approved = [fact for fact in self.of("conversion.decided") if fact.data.get("decision") == "APPROVED"]
        return approved[-1] if approved else None

    @of_era
    def is_lease(self) -> bool:
        """Is the right a lease on this day."""
        return self.mode in LEASES and self.conversion is None

    @of_era
    def is_grant(self) -> bool:
        """Counts the tenure as a grant (specification 5.1)."""
        return self.mode in self.rule("exit.grant_tenures") or (self.mode in LEASES and self.conversion is not None)

    @property
    def right_to(self) -> int | None:
        """The last day of the term on this day (specification 2.5)."""
        return self.tenure.end_on(self.as_of)

    # --- holder

    @of_era
    def holder(self) -> dict[str, Any] | None:
        """The land holder: of the contract, or the last transferee of the whole."""
        holder = self.contract.get("holder")
        for fact in self.of("transfer.registered"):
            data = fact.data
            if data.get("kind") == "WHOLE" and (data.get("transferee_uscc") or data.get("transferee_name")):
                holder = {"uscc": data.get("transferee_uscc"), "name": data.get("transferee_name")}
        return {"uscc": holder.get("uscc"), "name": holder.get("name")} if holder else None


def _ends_exit(fact: Fact, running: Fact) -> bool:
    if fact.type == "exit.withdrawn":
        return True
    if fact.type == "remedy.decided":
        return fact.data.get("outcome") == "ANNULLED"
    return fact.data.get("kind") == "WHOLE" and running.data.get("kind") in ("MT", "MTA")
