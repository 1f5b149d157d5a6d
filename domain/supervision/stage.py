"""How far the project has come: from the set of events, never from their arrival (specification 2.1, 11.17)."""

from __future__ import annotations

from collections.abc import Sequence

from domain.supervision.life import Life
from domain.supervision.performance import Assessed


def stage_of(life: Life, assessed: Sequence[Assessed]) -> str:
    """The stage; it does not pass a missing prerequisite and moves on when it arrives (specification 2.1, 11.17)."""
    if life.cancelled_on is not None:
        return "EXITED"
    if life.exit_opened is not None:
        return "EXIT_IN_PROGRESS"
    return project_stage(life, assessed)


def project_stage(life: Life, assessed: Sequence[Assessed]) -> str:
    """The stage with exits left aside (specification 2.1)."""
    if life.contract_fact is None:
        return _admission(life)
    stage = "SUPPLIED"
    reach = [one for one in assessed if one.kind == "REACH"]
    steps = (
        ("DELIVERED", life.delivered is not None),
        ("UNDER_CONSTRUCTION", life.started is not None),
        ("COMPLETED", life.completed is not None),
        ("IN_PRODUCTION", life.produced is not None),
        ("AT_CAPACITY", bool(reach) and reach[-1].result == "PASS"),
    )
    for name, reached in steps:
        if not reached:
            break
        stage = name
    return stage


def _admission(life: Life) -> str:
    """LEAD, ADMITTED when every mandatory reviewer passed, REJECTED by one FAIL; the last review of each counts. Who is
    mandatory is asked of the rules on the day of the last review.
    """
    results: dict[str, str] = {}
    reviews = life.of("admission.reviewed")
    for fact in reviews:
        results[str(fact.data.get("reviewer") or fact.department)] = str(fact.data.get("result"))
    if "FAIL" in results.values():
        return "REJECTED"
    needed = life.rules.get("admission.reviewers", reviews[-1].occurred_on if reviews else life.as_of)
    return "ADMITTED" if all(results.get(one) in ("PASS", "CONDITIONAL") for one in needed) else "LEAD"
