"""How far the project has come (specification 2.1, 11.17, 11.24)."""

from .figures import assessments
from .terms import contract, exit_running, exited_on, started_on


def stage(view):
    if exited_on(view):
        return "EXITED"
    if exit_running(view):
        return "EXIT_IN_PROGRESS"
    if contract(view) is None:
        return admission(view)
    reach = [one for one in assessments(view) if one.kind == "REACH"]
    reached = "SUPPLIED"
    steps = (
        ("DELIVERED", bool(view.of("land.delivered"))),
        ("UNDER_CONSTRUCTION", started_on(view) is not None),
        ("COMPLETED", bool(view.of("construction.completed"))),
        ("IN_PRODUCTION", bool(view.of("production.started"))),
        ("AT_CAPACITY", bool(reach) and bool(reach[-1].passed)),
    )
    for name, done in steps:
        if not done:
            break
        reached = name
    return reached


def admission(view):
    """LEAD, ADMITTED or REJECTED by the last word of each reviewer."""
    words = {}
    for one in view.of("admission.reviewed"):
        words[one.data.get("reviewer") or one.event.department] = one.data
    if any(
        word["result"] == "FAIL" or (word.get("catalogue_check") or {}).get("prohibited") for word in words.values()
    ):
        return "REJECTED"
    if all(
        words.get(office, {}).get("result") in ("PASS", "CONDITIONAL") for office in view.rule("admission.reviewers")
    ):
        return "ADMITTED"
    return "LEAD"
