"""In what two assessments of one parcel on one day differ: by other rules, or by another calendar (`landcycle simulate`).

Both must rest on the same facts; what is equal is left out, so two equal assessments have no difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from domain.assessment import Alert, Amount, Assessment, Breach, ExitKind, Filing, Obligation
from domain.event import day_text, shown_day
from domain.supervision.measures import wan

T = TypeVar("T")

Shown = Mapping[str, Any]
"""What is compared of one thing, in wire form: field → value."""

DEADLINES: Final = frozenset({"due", "cure_until"})
"""Fields that are the last day for something that is owed."""


@dataclass(slots=True, frozen=True)
class Difference:
    """One thing that differs. `before` None: it is new; `after` None: it is gone; else both hold only what differs."""

    what: str
    """parcel, obligation, breach, alert, amount, exit or filing."""
    key: str
    """Which one: obligation key, breach or alert code with its subject, kind of an amount or of an exit."""
    before: Shown | None
    after: Shown | None

    @property
    def moves_a_deadline(self) -> bool:
        """Does it move the last day of something that both know."""
        return self.before is not None and self.after is not None and not DEADLINES.isdisjoint(self.before)

    def as_json(self) -> dict[str, Any]:
        """`{"what", "key", "before", "after"}`."""
        return {"what": self.what, "key": self.key, "before": self.before, "after": self.after}


def differences(before: Assessment, after: Assessment) -> list[Difference]:
    """Everything that differs, in the order of the status answer."""
    return list(_differences(_things(before), _things(after)))


def _differences(old: Mapping[tuple[str, str], Shown], new: Mapping[tuple[str, str], Shown]) -> Iterator[Difference]:
    for what, key in dict.fromkeys((*old, *new)):
        one, other = old.get((what, key)), new.get((what, key))
        if one is None or other is None:
            yield Difference(what, key, one, other)
        elif one != other:
            fields = [name for name in one if one[name] != other[name]]
            yield Difference(what, key, {name: one[name] for name in fields}, {name: other[name] for name in fields})


def _things(found: Assessment) -> dict[tuple[str, str], Shown]:
    """(what, key) → what is compared."""
    things: dict[tuple[str, str], Shown] = {("parcel", ""): _parcel(found)}
    _add(things, "obligation", found.obligations, lambda one: one.key, _obligation)
    _add(things, "breach", found.open_breaches(), _breach_key, _breach)
    _add(
        things,
        "amount",
        found.amounts,
        lambda one: "/".join(filter(None, (one.kind, one.obligation, one.charge_id))),
        _amount,
    )
    _add(things, "alert", found.alerts, _alert_key, _alert)
    _add(things, "exit", found.exit_kinds, lambda one: one.kind, _exit)
    _add(things, "filing", found.filings, lambda one: f"{one.doc_type}/{one.doc_ref or ''}", _filing)
    return things


def _add(
    things: dict[tuple[str, str], Shown],
    what: str,
    found: Iterable[T],
    key: Callable[[T], str],
    shown: Callable[[T], Shown],
) -> None:
    """The things of one kind; of several that bear the same name the later ones are numbered."""
    for one in found:
        name, number = key(one), 2
        while (what, name) in things:
            name, number = f"{key(one)}#{number}", number + 1
        things[what, name] = shown(one)


def _parcel(found: Assessment) -> Shown:
    return {
        "stage": found.stage,
        "compliance": found.compliance,
        "idle_clock": found.idle_clock,
        "idle_since": shown_day(found.idle_since),
    }


def _obligation(one: Obligation) -> Shown:
    return {"due": shown_day(one.due), "state": one.state, "days_late": one.days_late, "supervisor": one.supervisor}


def _breach_key(one: Breach) -> str:
    return f"{one.kind}/{one.breach_id}"


def _breach(one: Breach) -> Shown:
    return {
        "phase": one.phase,
        "level": one.level,
        "effective_from": day_text(one.effective_from),
        "cure_until": shown_day(one.cure_until),
    }


def _alert_key(one: Alert) -> str:
    return f"{one.code}/{one.subject}" if one.subject else one.code


def _alert(one: Alert) -> Shown:
    return {"level": one.level, "since": day_text(one.since), "departments": list(one.departments)}


def _amount(one: Amount) -> Shown:
    return {"amount_wan": wan(one.amount), "state": one.state, "due": shown_day(one.due)}


def _exit(one: ExitKind) -> Shown:
    return {"eligible": one.eligible, "since": shown_day(one.since), "blockers": list(one.blockers)}


def _filing(one: Filing) -> Shown:
    return {"due": day_text(one.due), "state": one.state, "days_late": one.days_late}
