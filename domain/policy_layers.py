"""How packs inherit: the nearest layer that sets a key wins, day by day; substitutes stand in for missing offices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from domain.departments import NAMES
from domain.events import CATALOGUE
from domain.policy_keys import KEYS
from domain.policy_pack import Pack, Value

Steps = tuple[tuple[int, Value], ...]
"""From which day which value holds, in the order of days."""

_ALWAYS: Final = 0
_BY_SUPERVISOR: Final = (
    "breach.notified", "breach.contested", "breach.decided", "rectification.ordered", "rectification.inspected",
    "charge.assessed",
)  # fmt: skip
"""Types that specification 2.4 gives to "the supervisor"."""
_FORMS: Final = frozenset({"department", "departments", "departments_map"})


@dataclass(slots=True, frozen=True)
class Layer:
    """What one jurisdiction or area sets: for each key its values, as they were recorded."""

    values: Mapping[str, Sequence[Value]]

    @classmethod
    def of(
        cls, values: Mapping[str, Value], amended: Iterable[tuple[str, Value]] = (), *, drafts: bool = True
    ) -> Layer:
        """The values of a pack and its amendments; without its drafts, what they would replace stays."""
        found = {
            key: [value]
            for key, value in values.items()
            if value.status != "RETIRED" and (drafts or value.status != "DRAFT")
        }
        for key, value in amended:
            found.setdefault(key, []).append(value)
        return cls(found)

    def on(self, key: str, day: int) -> Value | None:
        """The value that this layer has in force on a day."""
        current: Value | None = None
        for value in self.values.get(key, ()):
            if (value.valid_from or _ALWAYS) <= day and (
                current is None or (value.valid_from or _ALWAYS) >= (current.valid_from or _ALWAYS)
            ):
                current = value
        return current


def timelines(layers: Iterable[Layer]) -> tuple[dict[str, Value], dict[str, Steps]]:
    """For each key the value before any dated one, and the later steps of those that have some."""
    nearest_first = list(layers)[::-1]
    first: dict[str, Value] = {}
    dated: dict[str, Steps] = {}
    for key in KEYS:
        days = {value.valid_from or _ALWAYS for layer in nearest_first for value in layer.values.get(key, ())}
        steps = [(day, found) for day in sorted(days | {_ALWAYS}) if (found := _nearest(nearest_first, key, day))]
        first[key] = steps[0][1]
        later = tuple(step for before, step in pairwise(steps) if step[1] is not before[1])
        if later:
            dated[key] = later
    _add_red(first, dated)
    return _with_substitutes(first, dated)


def _add_red(first: dict[str, Value], dated: dict[str, Steps]) -> None:
    """`alert.red`: of `alert.levels` the beginnings of the codes that are RED; all others are YELLOW."""

    def red(value: Value) -> Value:
        return replace(value, value=value.value.get("RED", ()))

    first["alert.red"] = red(first["alert.levels"])
    if "alert.levels" in dated:
        dated["alert.red"] = tuple((day, red(value)) for day, value in dated["alert.levels"])


def _nearest(layers: Sequence[Layer], key: str, day: int) -> Value | None:
    return next((found for layer in layers if (found := layer.on(key, day)) is not None), None)


def _with_substitutes(first: dict[str, Value], dated: dict[str, Steps]) -> tuple[dict[str, Value], dict[str, Steps]]:
    """The values that name departments, with the offices that stand in for missing ones (specification 2.2)."""
    substitutes = first["departments.map"]
    for key, known in KEYS.items():
        if substitutes.value and known.form in _FORMS:
            first[key] = _translated(first[key], substitutes)
            if key in dated:
                dated[key] = tuple((day, _translated(value, substitutes)) for day, value in dated[key])
    return first, dated


def _translated(value: Value, substitutes: Value) -> Value:
    """A value with the substitutes in place; its source then names theirs too."""
    raw, pairs = value.value, substitutes.value
    if isinstance(raw, str):
        found: object = pairs.get(raw, raw)
    elif isinstance(raw, tuple):
        found = _replaced(raw, pairs)
    else:
        found = {key: _replaced(one, pairs) for key, one in raw.items()}
    return value if found == raw else replace(value, value=found, source=f"{value.source}；{substitutes.source}")


def _replaced(departments: Sequence[str], pairs: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(pairs.get(one, one) for one in departments))


def supervised(chain: Sequence[Pack], substitutes: Value) -> dict[str, tuple[str, ...]]:
    """Obligation code → the departments that supervise it here."""
    found = {code: value for pack in chain for code, value in pack.supervisors.items()}
    return {code: _replaced(value.value, substitutes.value) for code, value in found.items()}


def duties(chain: Sequence[Pack], substitutes: Value) -> dict[str, Value]:
    """Key of the event catalogue → who may post it here: as the nearest pack says, else as specification 2.4.

    The steps of a breach are open to every department that supervises something; guards look at the obligation.
    """
    named = {key: value for pack in chain for key, value in pack.entitlements.items()}
    label = f"{chain[0].code}/{chain[0].version}"
    found = {
        key: named.get(key) or Value(kind.departments, "规范2.4", "PRODUCT", "DEFAULT", label)
        for key, kind in CATALOGUE.items()
    }
    of_supervisors = [one for by in supervised(chain, substitutes).values() for one in by]
    for key in _BY_SUPERVISOR:
        found[key] = replace(found[key], value=(*found[key].value, *of_supervisors))
    return {
        key: _translated(replace(value, value=tuple(dict.fromkeys(value.value))), substitutes)
        for key, value in found.items()
    }


def names(chain: Sequence[Pack]) -> dict[str, str]:
    """Department → its local Chinese name."""
    found = {code: zh for code, (zh, _) in NAMES.items()}
    for pack in chain:
        found.update(pack.departments)
    return found
