"""An assessment as the contract's JSON (contract 4): strings for money and ratios, ISO days, Chinese messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from domain.assessment import Amount, Assessment, Breach, ExitKind, Filing, Obligation, RestsOn, Work
from domain.event import day_text, instant_text, shown_day
from domain.facts import Facts
from domain.policy import Rules
from domain.supervision.clocks import Clock
from domain.supervision.measures import wan


def status_answer(
    assessment: Assessment, facts: Facts, *, known_at: int, as_of: int, alert_ids: Mapping[tuple[str, str], str]
) -> dict[str, Any]:
    """`GET …/status`. `alert_ids`: (code, subject) → id of alerts that are logged; others are null."""
    rule_set = str(assessment.rule_set["id"])
    return {
        "parcel_id": assessment.parcel_id or facts.parcel_id,
        "version": assessment.version,
        "as_of": day_text(as_of),
        "known_at": instant_text(known_at),
        "jurisdiction": assessment.jurisdiction,
        "holder": assessment.holder,
        "stage": assessment.stage,
        "compliance": assessment.compliance,
        "idle": {
            "clock": assessment.idle_clock,
            "determination": assessment.idle_determination,
            "since": shown_day(assessment.idle_since),
        },
        "obligations": [_obligation(one) for one in assessment.obligations],
        "breaches": [breach_item(one, rule_set) for one in assessment.open_breaches()],
        "amounts": [_amount(one, rule_set) for one in assessment.amounts],
        "alerts": [
            {
                "code": one.code,
                "alert_id": alert_ids.get((one.code, one.subject)),
                "level": one.level,
                "since": day_text(one.since),
                "departments": list(one.departments),
                "message": one.message,
                "rule": one.rule,
                "rule_set": rule_set,
            }
            for one in assessment.alerts
        ],
        "exit": {
            "eligible": list(assessment.exit_eligible),
            "in_progress": _exit_in_progress(assessment),
            "kinds": [_exit_kind(one) for one in assessment.exit_kinds],
        },
        "filings": [_filing(one) for one in assessment.filings],
        "work": [_work(one) for one in assessment.work],
        "next_change_on": shown_day(assessment.next_change_on),
        "rule_set": dict(assessment.rule_set),
    }


def breach_item(one: Breach, rule_set: str) -> dict[str, Any]:
    """One breach of a list, with its rule, the version of the pack, and the events it came from (specification 8.12)."""
    return {
        "breach_id": one.breach_id,
        "obligation": one.obligation,
        "kind": one.kind,
        "phase": one.phase,
        "level": one.level,
        "effective_from": day_text(one.effective_from),
        "detected_at": day_text(one.detected_at),
        "cure_until": shown_day(one.cure_until),
        "ended_on": shown_day(one.ended_on),
        "items": one.items,
        "rule": one.rule,
        "rule_set": rule_set,
        "caused_by": list(one.events),
        "rests_on": rests_on_items(one.rests_on),
    }


def clock_items(clocks: Iterable[Clock], rules: Rules, on: int) -> list[dict[str, Any]]:
    """`clocks` of a breach, each with the text that its length comes from."""
    found = []
    for one in clocks:
        told = rules.value(one.rule, on)
        days = {"until": day_text(one.until), "done_on": shown_day(one.done_on)}
        found.append({"clock": one.clock, **days, "rule": one.rule, "status": told.status, "source": told.source})
    return found


def rests_on_items(values: Sequence[RestsOn]) -> list[dict[str, str]]:
    """`rests_on` of a breach, an amount or a refusal."""
    return [{"key": one.key, "status": one.status, "source": one.source} for one in values]


def _obligation(one: Obligation) -> dict[str, Any]:
    return {
        "key": one.key,
        "code": one.code,
        "supervisor": one.supervisor,
        "due": shown_day(one.due),
        "state": one.state,
        "fulfilled_on": shown_day(one.fulfilled_on),
        "days_late": one.days_late,
        "threshold": one.threshold,
        "actual": one.actual,
        "unit": one.unit,
        "direction": one.direction,
        "provisional": one.provisional,
        "conflict": one.conflict,
        "explanation": [
            {"step": step.step, "date": shown_day(step.day), "rule": step.rule} for step in one.explanation
        ],
    }


def _amount(one: Amount, rule_set: str) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "amount_wan": wan(one.amount),
        "state": one.state,
        "basis": one.basis,
        "rule_set": rule_set,
        "caused_by": list(one.events),
        "computed_wan": None if one.computed is None else wan(one.computed),
        "charge_id": one.charge_id,
        "obligation": one.obligation,
        "due": shown_day(one.due),
        "paid_wan": wan(one.paid),
        "rests_on": rests_on_items(one.rests_on),
    }


def _exit_in_progress(assessment: Assessment) -> dict[str, Any] | None:
    if assessment.exit_in_progress is None:
        return None
    kind, opened_on = assessment.exit_in_progress
    return {"kind": kind, "opened_on": day_text(opened_on)}


def _exit_kind(one: ExitKind) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "eligible": one.eligible,
        "blockers": list(one.blockers),
        "since": shown_day(one.since),
        "basis": list(one.basis),
    }


def _filing(one: Filing) -> dict[str, Any]:
    return {
        "doc_type": one.doc_type,
        "doc_ref": one.doc_ref,
        "due": day_text(one.due),
        "filed_on": shown_day(one.filed_on),
        "state": one.state,
        "days_late": one.days_late,
    }


def _work(one: Work) -> dict[str, Any]:
    return {
        "task": one.task,
        "department": one.department,
        "since": day_text(one.since),
        "until": shown_day(one.until),
        "event_id": one.event_id,
    }
