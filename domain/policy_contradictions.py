"""What contradicts itself: values that each have their form and cannot hold together (specification 10).

One table for packs, for what they inherit, for amendments and for proposals. A value that is null binds nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from domain.policy_keys import DOC_TYPES, EXIT_KINDS, FILING_TRIGGERS, IDLE_EFFECTS, IDLE_RESULTS

PAIRS: Final = (
    ("assess.process.from_years", "assess.process.to_years"),
    ("term.apply_months", "remind.term_months"),
    ("term.usual_max_years", "term.max_years"),
    ("lease.then_grant_max_years", "term.max_years"),
    ("grade.a", "grade.b_cumulative"),
    ("breach.answer_days", "escalation.interview_days"),
)
"""Pairs of which the first may not be above the second."""
_SHARES_OF_ALL: Final = (("grade.b_cumulative", "grade.d"),)
"""Shares of one whole: their sum may not be above 1."""
_LENGTHS: Final = {
    "lease.long_years": 2, "bond.release_shares": 3, "rent.adjust": 3, "underground.price_ratios": 3,
    "code.unit.building_digits": 2,
}  # fmt: skip
_RISING: Final = ("lease.long_years", "code.unit.spaces_after")
_LEVELS: Final = frozenset({"RED", "YELLOW"})


@dataclass(slots=True, frozen=True)
class Contradiction:
    """Parameters that cannot hold together, the one to be named first, and why in Chinese."""

    keys: tuple[str, ...]
    message: str


def contradictions(values: Mapping[str, Any]) -> Iterator[Contradiction]:
    """Those among these values (parameter → value as the engine reads it); a missing key is not judged."""
    for low, high in PAIRS:
        if _known(values, low, high) and values[low] > values[high]:
            yield Contradiction((low, high), f"{low} 大于 {high}，自相矛盾")
    for one, other in _SHARES_OF_ALL:
        if _known(values, one, other) and values[one] + values[other] > 1:
            yield Contradiction((one, other), f"{one} 与 {other} 之和大于1，自相矛盾")
    yield from _lists(values)
    yield from _maps(values)


def _lists(values: Mapping[str, Any]) -> Iterator[Contradiction]:
    """Lists of which each place has its meaning."""
    for key, length in _LENGTHS.items():
        if _known(values, key) and len(values[key]) != length:
            yield Contradiction((key,), f"{key} 应有{length}个值，写了{len(values[key])}个")
    for key in _RISING:
        if _known(values, key) and list(values[key]) != sorted(values[key]):
            yield Contradiction((key,), f"{key} 应由小到大")
    if values.get("refund.year_days") == 0:
        yield Contradiction(("refund.year_days",), "refund.year_days 不能为0")
    if _known(values, "bond.release_shares") and sum(values["bond.release_shares"]) > 1:
        yield Contradiction(("bond.release_shares",), "bond.release_shares 之和大于1，自相矛盾")
    if (
        _known(values, "lease.long_years", "term.max_years")
        and max(values["lease.long_years"]) > values["term.max_years"]
    ):
        yield Contradiction(("lease.long_years", "term.max_years"), "lease.long_years 大于 term.max_years，自相矛盾")


def _maps(values: Mapping[str, Any]) -> Iterator[Contradiction]:
    """The tables that name other names."""
    levels = values.get("alert.levels") or {}
    if not set(levels) <= _LEVELS:
        yield Contradiction(("alert.levels",), "alert.levels 只有 RED 和 YELLOW 两级")
    for red in levels.get("RED", ()):
        for yellow in levels.get("YELLOW", ()):
            if red.startswith(yellow) or yellow.startswith(red):
                yield Contradiction(("alert.levels",), f"alert.levels 里 {yellow} 和 {red} 既是黄色又是红色，自相矛盾")
    triggers = values.get("filing.triggers") or {}
    odd = set(triggers.values()) - DOC_TYPES - {"doc_type"}
    if odd:
        yield Contradiction(("filing.triggers",), f"filing.triggers 里没有文件类型 {min(odd)}")
    odd = set(triggers) - FILING_TRIGGERS
    odd |= {one for one, doc_type in triggers.items() if doc_type == "doc_type" and one != "document.approved"}
    if odd:
        yield Contradiction(("filing.triggers",), f"filing.triggers 里 {min(odd)} 不引起备案义务，或没有 doc_type")
    sign_offs = values.get("exit.sign_offs")
    if sign_offs is not None and ("DEFAULT" not in sign_offs or set(sign_offs) - EXIT_KINDS - {"DEFAULT"}):
        yield Contradiction(("exit.sign_offs",), "exit.sign_offs 应有 DEFAULT，其余只能是退出类型")
    effects = values.get("idle.effect_of_determination") or {}
    odd = {f"{result}={effect}" for result, effect in effects.items() if effect not in IDLE_EFFECTS}
    if odd:
        yield Contradiction(("idle.effect_of_determination",), f"idle.effect_of_determination 不能有 {min(odd)}")
    if effects and set(effects) != IDLE_RESULTS:
        named = "、".join(sorted(IDLE_RESULTS))
        yield Contradiction(("idle.effect_of_determination",), f"idle.effect_of_determination 应写明且只写明{named}")


def _known(values: Mapping[str, Any], *keys: str) -> bool:
    return all(values.get(key) is not None for key in keys)
