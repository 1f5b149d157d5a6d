"""One parcel as an aggregate: `decide(facts, command, context)` (contract 3, specification 2.1, 11.17).

Stream: the parcel id. Facts: `domain.facts.fold`. Decisions: facts are taken, even out of sequence; acts of an
authority are refused when their guard fails. Time, rules and other streams are handed in; nothing is read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from domain.decision import Command, Context, Decision, decided
from domain.errors import Refusal
from domain.facts import Facts
from domain.guards import charges, crosscutting, operation, remedy, reports, supply
from domain.guards import exit as exits
from domain.guards.desk import Desk
from domain.guards.lineage import lineage
from domain.jurisdiction import decide_without_parcel

Guard = Callable[[Desk], None]

GUARDS: Final[dict[str, Guard]] = {
    "admission.reviewed": supply.admission_reviewed,
    "policy.granted": supply.policy_granted,
    "contract.signed": supply.contract_signed,
    "agreement.signed": supply.agreement_signed,
    "agreement.amended": supply.agreement_amended,
    "payment.received": supply.payment_received,
    "title.registered": supply.title_registered,
    "construction.started": reports.construction_started,
    "construction.progress_reported": reports.progress_reported,
    "indicators.reported": reports.indicators_reported,
    "renewal.applied": reports.renewal_applied,
    "title.cancelled": reports.title_cancelled,
    "performance.assessed": operation.performance_assessed,
    "mortgage.decided": operation.mortgage_decided,
    "transfer.registered": operation.transfer_registered,
    "transition.started": operation.transition_started,
    "parcel.split": operation.parcel_split,
    "parcel.merged": operation.parcel_split,
    "extension.decided": remedy.extension_decided,
    "breach.notified": remedy.breach_step,
    "breach.contested": remedy.breach_step,
    "breach.decided": remedy.breach_step,
    "rectification.ordered": remedy.breach_step,
    "rectification.inspected": remedy.breach_step,
    "idle.determined": remedy.idle_determined,
    "idle.disposed": remedy.idle_disposed,
    "charge.assessed": charges.charge_assessed,
    "charge.paid": charges.charge_paid,
    "exit.opened": exits.exit_opened,
    "exit.withdrawn": exits.exit_withdrawn,
    "exit.settled": exits.exit_settled,
    "renewal.decided": exits.renewal_decided,
    "conversion.decided": exits.conversion_decided,
    "report.corrected": crosscutting.report_corrected,
    "report.withdrawn": crosscutting.report_withdrawn,
    "conflict.decided": crosscutting.conflict_decided,
}

AFTER_EXIT: Final = frozenset(
    {
        "report.corrected",
        "report.withdrawn",
        "payment.received",
        "charge.paid",
        "filing.submitted",
        "exit.settled",
        "land.returned",
    }
)
"""What is still taken after `title.cancelled`, whatever its day (specification 11.17)."""
AFTER_SPLIT: Final = frozenset({"report.corrected", "report.withdrawn", "filing.submitted"})
"""What is still taken after a split or merger: claims are settled where they went (specification 8.12, 11.28)."""


def decide(facts: Facts, command: Command, context: Context) -> Decision:
    """The events of one command and its warnings. Raises Refusal.

    Shape, entitlement and repetition are settled before; the expected version is the caller's.
    """
    if ":" in command.parcel_id:
        return decide_without_parcel(command, context)
    desk = Desk(facts, command, context)
    _not_exited(desk)
    _contract_known(desk)
    reports.out_of_sequence(desk)
    guard = GUARDS.get(command.type)
    if guard is not None:
        guard(desk)
        _warn_of_drafts(desk, guard)
    derived = tuple(lineage(desk)) if command.type in ("parcel.split", "parcel.merged") else ()
    return Decision((decided(command), *derived), tuple(desk.warnings))


def _warn_of_drafts(desk: Desk, guard: Guard) -> None:
    """What a draft that only warns would refuse is taken with a warning (specification 11.25)."""
    advised = desk.rules.advised
    if advised is None:
        return
    shadow = Desk(desk.facts, desk.command, replace(desk.context, rules=advised))
    try:
        guard(shadow)
    except Refusal as refusal:
        shadow.warn(refusal.code, f"{refusal.message}（草案，尚无效力）")
    known = {(one.code, one.message) for one in desk.warnings}
    desk.warnings += [one for one in shadow.warnings if (one.code, one.message) not in known]


def _not_exited(desk: Desk) -> None:
    command = desk.command
    for fact in desk.facts.of("parcel.split", "parcel.merged"):
        parents, children = fact.data.get("from_codes", ()), fact.data.get("to_codes", ())
        if command.parcel_id in parents and command.type not in AFTER_SPLIT and desk.day > fact.occurred_on:
            raise desk.refuse("PARCEL_EXITED", f"该宗地已分割或合并，请报到承继的宗地：{'、'.join(children)}")
    ends = [fact.occurred_on for fact in desk.facts.of("title.cancelled")]
    if ends and command.type not in AFTER_EXIT and desk.day > min(ends):
        raise desk.refuse("PARCEL_EXITED", "该宗地权利已注销，只接受注销前的事实、更正、清偿、备案和结算记录")


def _contract_known(desk: Desk) -> None:
    """A contract number that differs from every one known is refused; before any is known it only warns (2.3)."""
    number = desk.command.contract_no
    if number is None or desk.command.type == "contract.signed":
        return
    known = {
        event.contract_no
        for event in desk.facts.events
        if event.contract_no and event.type in ("contract.signed", "report.corrected")
    }
    known |= {
        str(fact.data["contract_no"])
        for fact in desk.facts.of("agreement.signed", "agreement.amended")
        if fact.data.get("contract_no")
    }
    if not known:
        desk.warn("CONTRACT_NOT_KNOWN_YET", "尚无合同记录，合同编号已登记")
    elif number not in known:
        raise desk.refuse("CONTRACT_UNKNOWN", f"合同编号“{number}”与本宗地已知的合同不符")
