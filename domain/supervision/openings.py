"""Where breaches come from and what closes them (specification 3.2, 4.2, 4.7, 11.37). Notices and orders come after."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from domain.calendar import add_years
from domain.facts import Fact
from domain.supervision.idle import Idle
from domain.supervision.life import MILESTONES, Life
from domain.supervision.measures import exact, rounded
from domain.supervision.payments import Payable
from domain.supervision.performance import DIRECTIONS, PERF_KINDS, Assessed, compare, verification

KIND_OF: Final = {
    "O-PAY": "PAY", "O-RENT": "PAY", "O-BOND": "PAY", "O-START": "START", "O-COMPLETE": "COMPLETE", "O-PROD": "PROD",
    "O-FAR": "FAR", "O-BCOEF": "BCOEF", "O-OFFICE-L": "OFFICE", "O-OFFICE-F": "OFFICE", "O-NOHOUSE": "HOUSING",
    "O-GREEN": "GREEN", "O-USE": "USE", "O-IND": "USE", "O-PRICE5": "USE", "O-TRANSFER": "TRANSFER", "O-LET": "LETTING",
    "O-EQUITY": "EQUITY", "O-PUBLIC": "PUBLIC", "O-TERM": "TERM", "O-LAWFUL": "UNLAWFUL_START", "O-REACH": "PERF",
}  # fmt: skip
"""Which breach an obligation leads to (specification 3.2); other codes lead to PERF, O-INVEST on completion to INVEST."""
BY_NOTICE: Final = frozenset({"CAPACITY", "USE", "TRANSFER", "LETTING", "EQUITY", "PUBLIC", "HOUSING"})
MEASURED: Final = ("O-FAR", "O-BCOEF", "O-OFFICE-L", "O-OFFICE-F", "O-GREEN", "O-NOHOUSE")


@dataclass(slots=True)
class Opening:
    """One breach from its facts alone: since when, by what, until when."""

    breach_id: str
    kind: str
    obligation: str | None
    since: int
    detected: int
    source: Fact
    ended_on: int | None = None
    end_phase: str = "CLOSED"
    items: list[dict[str, Any]] = field(default_factory=list)
    codes: frozenset[str] = frozenset()
    """Every code or key by which it may be addressed."""
    failed_again_on: tuple[int, ...] = ()
    """PERF: days of further failures in a row."""
    failures: int = 1


@lru_cache(maxsize=100_000)
def breach_id(parcel_id: str, kind: str, event_id: str, part: str = "") -> str:
    """One id for life: parcel, kind, the event that set the due day or carried the figure, instalment (11.20)."""
    return str(uuid5(_parcel_namespace(parcel_id), f"{kind}/{event_id}/{part}"))


@lru_cache(maxsize=20_000)
def _parcel_namespace(parcel_id: str) -> UUID:
    return uuid5(NAMESPACE_URL, parcel_id)


def openings(life: Life, payables: list[Payable], assessed: list[Assessed], idle: Idle) -> list[Opening]:
    """Every breach that the facts open up to the day, those that ended among them."""
    found = [
        *_milestones(life),
        *_payments(life, payables),
        *_measured(life),
        *_assessments(life, assessed),
        *_idle(life, idle),
        *_term(life),
        *_unlawful(life),
        *_equity(life),
    ]
    found.extend(_by_notice(life, found, assessed))
    return [one for one in found if one.since <= life.as_of]


def _milestones(life: Life) -> Iterator[Opening]:
    for code, field_name, kind in MILESTONES:
        entry = life.dues.get(field_name)
        if entry is None or life.is_history(entry[0]):
            continue
        due, source = entry
        days = life.rule("remind.milestone_days")
        life.mark(due - days, due + 1)
        done = life.milestone_fact(code)
        if (done and done.occurred_on <= due) or due + 1 > life.clock:
            continue
        opening = _opening(life, kind, code, due + 1, source, codes={code})
        if done:
            opening.ended_on, opening.end_phase = done.occurred_on, "CLOSED_LATE"
        elif life.cancelled_on is not None and kind != "PROD":
            opening.ended_on = life.cancelled_on
        yield opening


def _opening(
    life: Life,
    kind: str,
    obligation: str | None,
    since: int,
    source: Fact,
    *,
    part: str = "",
    codes: set[str] | None = None,
) -> Opening:
    identity = breach_id(life.facts.parcel_id, kind, source.event_id, part)
    return Opening(identity, kind, obligation, since, since, source, codes=frozenset({kind, *(codes or ())}))


def _payments(life: Life, payables: list[Payable]) -> Iterator[Opening]:
    for one in payables:
        life.mark(
            one.due - life.rule("remind.payment_days"),
            one.rolled + 1,
            one.due + life.rule("pay.terminate_after_days") + 1,
        )
        done = one.fulfilled_on
        if life.is_history(one.due) or (done is not None and done <= one.rolled):
            continue
        opening = _opening(life, "PAY", one.key, one.rolled + 1, one.fact, part=one.key, codes={one.code, one.key})
        if done is not None:
            opening.ended_on, opening.end_phase = done, "CLOSED_LATE"
        yield opening


def requirement(life: Life, code: str, on: int) -> tuple[Fraction | None, Fraction | None, Fact | None]:
    """(least, most, the paper) that a verification of a day is held against: agreement, contract, changed conditions."""
    term = next((t for t in life.terms_on(on) if t.code == code), None)
    least: Fraction | None = None
    most: Fraction | None = None
    paper = life.contract_fact
    if code == "O-FAR":
        least, most = exact(life.contract.get("far_min")), exact(life.contract.get("far_max"))
    if term is not None and term.data.get("threshold"):
        value, paper = exact(term.data["threshold"]), term.fact
        if (term.data.get("direction") or DIRECTIONS.get(code, "GE")) == "LE":
            most = value
        else:
            least = value
    if code == "O-FAR":
        for change in life.of("conditions.changed"):
            if change.occurred_on <= on:
                least = exact(change.data.get("far_min")) if change.data.get("far_min") else least
                most = exact(change.data.get("far_max")) if change.data.get("far_max") else most
    return least, most, paper


def fails(life: Life, code: str, measured: Fact, on: int) -> bool:
    """Does a verification miss the requirement of a day. What is not known fails nothing."""
    found = verification(life.facts, measured)
    if code == "O-NOHOUSE":
        return found.housing and any(term.code == code for term in life.terms)
    ratio = found.ratios.get(code)
    if ratio is None:
        return False
    least, most, _ = requirement(life, code, on)
    return (least is not None and ratio < least) or (most is not None and ratio > most)


def _measured(life: Life) -> Iterator[Opening]:
    verified = life.facts.of("construction.verified")
    if not verified:
        return
    for kind in ("FAR", "BCOEF", "OFFICE", "GREEN", "HOUSING"):
        codes = [code for code in MEASURED if KIND_OF[code] == kind]
        current: Opening | None = None
        last: Fact | None = None
        for fact in life.of("construction.verified", "conditions.changed", "agreement.amended"):
            last = fact if fact.type == "construction.verified" else last
            failed = [code for code in codes if last is not None and fails(life, code, last, fact.occurred_on)]
            if failed and current is None and last is fact:
                current = _opening(life, kind, failed[0], fact.occurred_on, fact, codes=set(codes))
                current.detected = max(fact.occurred_on, _revealed(fact, failed, life))
                current.items = [
                    {"code": code, "actual": rounded(verification(life.facts, fact).ratios.get(code, 0), 4)}
                    for code in failed
                ]
                yield current
            elif not failed and current is not None and last is not None:
                current.ended_on, current = fact.occurred_on, None


def _revealed(fact: Fact, failed: list[str], life: Life) -> int:
    """The day of the correction that brought a failure to light; the fact's own day where it failed from the first."""
    if not fact.corrected_by:
        return fact.occurred_on
    first = Fact(fact.event, fact.event.occurred_on, fact.event.data)
    if any(fails(life, code, first, fact.occurred_on) for code in failed):
        return fact.occurred_on
    return fact.corrected_by[-1].occurred_on


def _assessments(life: Life, assessed: list[Assessed]) -> Iterator[Opening]:
    current: Opening | None = None
    invest: Opening | None = None
    waived = _waived(life)
    for one in assessed:
        on = one.fact.occurred_on
        if one.kind in PERF_KINDS:
            if one.result == "PASS":
                if current is not None:
                    current.ended_on = on
                current = None
            elif current is None:
                current = _opening(life, "PERF", "O-REACH", on, one.fact, codes={"O-REACH", *_codes(one)})
                current.items = _items(one)
                current.detected = max(on, _figure_revealed(life, one))
                if current.breach_id in waived:
                    yield current
                    current = None
                    continue
                yield current
            else:
                current.failed_again_on = (*current.failed_again_on, on)
                current.failures += 1
                current.codes |= frozenset(_codes(one))
        elif one.kind == "START_COMPLETE":
            failed = any(item.code == "O-INVEST" for item in one.failed_items)
            if failed and invest is None:
                invest = _opening(life, "INVEST", "O-INVEST", on, one.fact, codes={"O-INVEST"})
                invest.items = _items(one)
                yield invest
            elif not failed and one.result == "PASS" and invest is not None:
                invest.ended_on, invest = on, None


def _codes(one: Assessed) -> set[str]:
    return {item.code for item in one.failed_items}


def _items(one: Assessed) -> list[dict[str, Any]]:
    return [
        {"code": item.code, "threshold": None if item.threshold is None else rounded(item.threshold, 4), "actual": item.shown, "unit": item.unit}
        for item in one.failed_items
    ]  # fmt: skip


def _figure_revealed(life: Life, one: Assessed) -> int:
    """The day of the correction by which the assessment turned into a failure."""
    on = one.fact.occurred_on
    for item in one.failed_items:
        sent = next(
            (exact(e.get("actual")) for e in one.fact.event.data.get("items") or () if e.get("code") == item.code), None
        )
        if sent is not None and item.threshold is not None and not compare(sent, item.direction, item.threshold):
            return on
    corrected = [
        one.fact,
        *(
            life.facts.by_id[item.source]
            for item in one.failed_items
            if item.source and item.source in life.facts.by_id
        ),
    ]
    days = [fact.corrected_by[-1].occurred_on for fact in corrected if fact.corrected_by]
    return max([on, *days])


def _waived(life: Life) -> set[str]:
    """Ids of breaches that a decision took away (a waived PERF does not count towards FP, 11.37)."""
    return {
        str(fact.data.get("breach_id"))
        for fact in life.facts.of("breach.decided")
        if fact.data.get("decision") in ("EXEMPTED", "WITHDRAWN")
    }


def _idle(life: Life, idle: Idle) -> Iterator[Opening]:
    """From the first day of Y1; closed by the start, by resumption with both ratios, by completion, or by exit."""
    if idle.first_day is not None and idle.source is not None and idle.clock != "NONE":
        yield _opening(life, "IDLE", None, idle.first_day, idle.source)
        return
    past = _past_idle(life)
    if past is not None:
        yield past


def _past_idle(life: Life) -> Opening | None:
    """The idle breach of definition 1 that a late start, the completion or the exit has ended."""
    start, entry = life.idle_from, life.dues.get("start_due")
    if start is None or entry is None or life.is_history(start):
        return None
    ends = [fact.occurred_on for fact in (life.started, life.completed) if fact]
    if life.cancelled_on is not None:
        ends.append(life.cancelled_on)
    first = add_years(start, 1) + 1
    if not ends or min(ends) < first or life.clock < first:
        return None
    opening = _opening(life, "IDLE", None, first, entry[1])
    opening.ended_on = min(ends)
    return opening


def _term(life: Life) -> Iterator[Opening]:
    """The day after the end without renewal or conversion; an approved renewal from the end takes it away."""
    end, source = life.right_to, life.contract_fact
    if end is None or source is None or life.mode == "ALLOCATION" or life.is_history(end):
        return
    life.mark(end + 1)
    if life.leaving and (life.cancelled_on is None or life.cancelled_on <= end):
        return
    if life.as_of > end and life.exit_opened is None:
        opening = _opening(life, "TERM", "O-TERM", end + 1, source, part=str(end), codes={"O-TERM"})
        opening.ended_on = life.cancelled_on
        yield opening


def _unlawful(life: Life) -> Iterator[Opening]:
    for fact in life.of("construction.started", "site.inspected"):
        if fact.data.get("unlawful") or "UNLAWFUL_START" in (fact.data.get("findings") or ()):
            yield _opening(life, "UNLAWFUL_START", "O-LAWFUL", fact.occurred_on, fact, codes={"O-LAWFUL"})


def _equity(life: Life) -> Iterator[Opening]:
    limit = life.rule("equity.max_change")
    for fact in life.of("equity.changed"):
        share = exact(fact.data.get("percent"))
        above = limit is not None and share is not None and share > limit and not fact.data.get("consent")
        if fact.data.get("consent") is False or above:
            yield _opening(life, "EQUITY", "O-EQUITY", fact.occurred_on, fact, codes={"O-EQUITY"})


def _by_notice(life: Life, found: list[Opening], assessed: list[Assessed]) -> Iterator[Opening]:
    """Breaches that a department opens by notice, confirmation or order; a later notice speaks of the open one."""
    closes = life.rule("breach.inspection_closes")
    current: dict[str, Opening] = {}
    passed = [one.fact.occurred_on for one in assessed if one.kind == "REACH" and one.result == "PASS"]
    for fact in life.of("breach.notified", "breach.decided", "rectification.ordered", "rectification.inspected"):
        code = str(fact.data.get("obligation") or "")
        kind = _notice_kind(life, code, fact, found)
        named = next((k for k, one in current.items() if one.breach_id == fact.data.get("breach_id")), None)
        ends = (fact.data.get("result") == "CURED" and (named or kind) in closes) or fact.data.get("decision") in (
            "WITHDRAWN",
            "EXEMPTED",
        )
        if ends:
            if (named or kind) in current:
                current.pop(str(named or kind))
            continue
        if kind is None or kind in current or fact.type == "rectification.inspected":
            continue
        since = fact.occurred_on
        if kind in ("START", "COMPLETE", "PROD") and life.onboarded_on is not None:
            since = life.onboarded_on
        opening = _opening(
            life, kind, code if code.startswith("O-") else _code_of(kind), since, fact, codes={code} if code else set()
        )
        opening.detected = max(since, fact.occurred_on)
        if kind == "CAPACITY":
            opening.ended_on = next((day for day in passed if day >= fact.occurred_on), None)
        if kind in ("START", "COMPLETE", "PROD"):
            done = life.milestone_fact(opening.obligation or "")
            opening.ended_on = done.occurred_on if done and done.occurred_on >= since else None
            opening.end_phase = "CLOSED_LATE"
        if opening.ended_on is None:
            current[kind] = opening
        yield opening


def _notice_kind(life: Life, code: str, fact: Fact, found: list[Opening]) -> str | None:
    """The kind that a notice opens by itself; None where it speaks of a breach that the facts opened."""
    kind = KIND_OF.get(code, code)
    if code in {"O-REACH", "CAPACITY"}:
        standing = any(one.kind == "PERF" and _stands(one, fact.occurred_on) for one in found)
        return None if standing else "CAPACITY"
    if kind in ("START", "COMPLETE", "PROD"):
        field_name = next(field_name for _, field_name, name in MILESTONES if name == kind)
        done = life.milestone_fact(_code_of(kind))
        return (
            kind
            if life.is_history(life.due(field_name)) and not (done and done.occurred_on <= fact.occurred_on)
            else None
        )
    if kind not in BY_NOTICE:
        return None
    return None if any(one.kind == kind and _stands(one, fact.occurred_on) for one in found) else kind


def _stands(opening: Opening, on: int) -> bool:
    return opening.since <= on and (opening.ended_on is None or opening.ended_on > on)


def _code_of(kind: str) -> str:
    """The first obligation that leads to a kind."""
    return "O-REACH" if kind == "CAPACITY" else next((code for code, name in KIND_OF.items() if name == kind), kind)
