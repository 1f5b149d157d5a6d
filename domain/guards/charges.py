"""Guards of charges and of what is paid on them (specification 2.7, 3.3, 11.17, 11.22)."""

from __future__ import annotations

from collections.abc import Sequence

from domain.assessment import OPEN_PHASES, Breach
from domain.guards.desk import Desk
from domain.guards.remedy import supervisors_of
from domain.supervision.breaches import CHARGE_KINDS
from domain.supervision.charges import formula, rules_behind
from domain.supervision.late_fees import bearing, counts_until, run_up, set_against_charges
from domain.supervision.life import Life
from domain.supervision.measures import wan, yuan
from domain.supervision.payments import Payable, charge_payments, payables
from domain.supervision.performance import Assessed, assessments


def charge_assessed(desk: Desk) -> None:
    """The sum equals the formula or carries a reason; top-ups come from the assessment lead (specification 2.7, 3.3, 11.22)."""
    data, kind = desk.data, str(desk.data["kind"])
    if any(fact.data.get("charge_id") == data["charge_id"] for fact in desk.facts.of("charge.assessed")):
        raise desk.refuse("CHARGE_EXISTS", f"核定编号{data['charge_id']}已使用")
    allowed = _may_assess(desk, kind)
    if allowed and desk.command.department not in (None, *allowed):
        raise desk.refuse_department(
            "NOT_SUPERVISOR", f"该金额由{desk.names(allowed)}核定", "supervisors", "assessment.lead"
        )
    breach = _charged_breach(desk, kind)
    if kind == "IDLE_FEE":
        _idle_fee(desk)
    if kind == "OTHER" or data.get("override_reason"):
        return
    computed = _computed(desk, kind, breach)
    if computed is None:
        raise desk.refuse("NO_BASIS", f"没有可核定{kind}的事实，确需核定请填写override_reason")
    if computed != yuan(data["amount_wan"]):
        message = f"按公式应为{wan(computed)}万元；不同金额须填写override_reason"
        raise desk.refuse("AMOUNT_DIFFERS", message, *rules_behind(desk.life, kind))


def _charged_breach(desk: Desk, kind: str) -> Breach | None:
    """The breach that the charge names or means: it must name one where two open ones could be meant (specification
    11.22). A bond bears no late fee.
    """
    name, identity = desk.data.get("obligation"), desk.data.get("breach_id")
    found = [one for one in desk.assessment.breaches if one.kind == CHARGE_KINDS.get(kind)]
    named = [one for one in found if identity == one.breach_id or (identity is None and name == one.obligation)]
    stands = [one for one in found if one.phase in OPEN_PHASES and one.obligation != "O-BOND"]
    if len(named) != 1 and len(stands) > 1:
        raise desk.refuse("BREACH_AMBIGUOUS", f"{kind}可指{len(stands)}项违约，请用breach_id或obligation指明")
    return named[0] if len(named) == 1 else None


def _may_assess(desk: Desk, kind: str) -> tuple[str, ...]:
    """The supervisors of the obligation; for damages also NRP, whose contract gives them (specification 2.4, 3.2)."""
    breach_kind = CHARGE_KINDS.get(kind, str(desk.data.get("obligation") or ""))
    if not breach_kind:
        return ()
    allowed = supervisors_of(desk, None, breach_kind)
    return tuple(dict.fromkeys((*allowed, "NRP"))) if kind.startswith("LD_") else allowed


def _idle_fee(desk: Desk) -> None:
    if desk.assessment.idle_clock == "NONE" or desk.assessment.idle_determination != "IDLE_ENTERPRISE":
        raise desk.refuse("NOT_DETERMINED", "闲置费须在满一年并认定为企业原因后核定")
    if desk.life.started is not None and not desk.life.contract.get("idle_fee_covers_stopped"):
        raise desk.refuse("IDLE_FEE_NOT_COVERED", "已动工后停工的土地，合同未约定计收闲置费", "idle.stopped.fee")


def _computed(desk: Desk, kind: str, breach: Breach | None) -> int | None:
    """What the formula gives on the day: of a running amount the rest that was not assessed yet."""
    if kind == "LATE_FEE":
        return _fee_not_assessed(desk, breach)
    lines = [one for one in desk.assessment.amounts if one.kind == kind and one.state not in ("REVERSED", "REFUND_DUE")]
    free = [one for one in lines if one.charge_id is None]
    if free:
        return free[0].amount
    if kind.startswith("LD_") and lines and lines[0].computed is not None:
        return lines[0].computed - sum(one.amount for one in lines)
    if kind == "IDLE_FEE":
        whole = formula(desk.life, kind, None, ())
        return None if whole is None else whole - _fee_assessed(desk)
    if kind == "TOP_UP":
        return formula(desk.life, kind, None, _assessed(desk, str(desk.data.get("obligation") or "")))
    return None


def _fee_not_assessed(desk: Desk, breach: Breach | None) -> int | None:
    """The late fee of one instalment or rent, else of all, less what was assessed and what came in for it; None where
    none ran up (specification 2.7, 11.22).
    """
    life = as_recorded(desk)
    items = [one for one in payables(life) if not life.is_history(one.rolled)]
    own = [one for one in items if breach is None or one.key == breach.obligation]
    if not run_up(bearing(own, desk.assessment.breaches), counts_until(desk.life), desk.rules):
        return None
    return late_fee_left(desk, life, own, items, assessed=True)


def as_recorded(desk: Desk) -> Life:
    """The parcel with every charge and payment on record, those dated after the act among them (specification 11.17)."""
    facts = desk.facts.of("payment.received", "charge.assessed", "charge.paid")
    last = max([desk.day, *(fact.occurred_on for fact in facts)])
    return Life(desk.facts, last, desk.rules, desk.calendar)


def late_fee_left(
    desk: Desk, life: Life, own: Sequence[Payable], items: Sequence[Payable], *, assessed: bool = False
) -> int:
    """What is left of the late fee of some instalments and rents until the day of the act, in 元: what did not come in,
    be it above the principal or on a charge; or what was not `assessed` either. Never more than of all together, and it is
    collected once (specification 2.7, 11.14, 11.17, 11.22).
    """
    named = _left(desk, life, own, {one.key for one in own}, assessed=assessed)
    return max(min(named, _left(desk, life, items, None, assessed=assessed)), 0)


def _left(desk: Desk, life: Life, items: Sequence[Payable], keys: set[str] | None, *, assessed: bool) -> int:
    """The same of some alone; a charge that names none of them counts where they are all (`keys` is None)."""
    found = desk.assessment
    obligations = {one.breach_id: one.obligation for one in found.breaches}
    reversed_ = {line.charge_id for line in found.amounts if line.state == "REVERSED"}
    paid, fees = charge_payments(life), set_against_charges(life, payables(life))
    left = run_up(bearing(items, found.breaches), counts_until(desk.life), desk.rules)
    left -= sum(amount for one in items for _, amount in one.fees)
    for fact in life.of("charge.assessed"):
        charge, name = str(fact.data.get("charge_id")), fact.data.get("obligation")
        name = name or obligations.get(str(fact.data.get("breach_id")))
        if fact.data.get("kind") != "LATE_FEE" or not (keys is None or name in keys):
            continue
        if assessed or charge in reversed_:  # what came in above the principal paid this charge, or goes back with it
            left += sum(amount for _, amount in fees.get(charge, []))
        if charge not in reversed_:
            own = yuan(fact.data.get("amount_wan")) or 0
            left -= own if assessed else sum(amount for _, amount in paid.get(charge, []))
    return left


def _fee_assessed(desk: Desk) -> int:
    """What was assessed of the fee since the land fell idle: it is owed once."""
    since = max((one.effective_from for one in desk.assessment.open_breaches() if one.kind == "IDLE"), default=0)
    fees = [fact for fact in desk.life.of("charge.assessed") if fact.data.get("kind") == "IDLE_FEE"]
    return sum(yuan(fact.data["amount_wan"]) or 0 for fact in fees if fact.occurred_on >= since)


def _assessed(desk: Desk, code: str) -> list[Assessed]:
    """The assessments, of one obligation alone where the charge names it."""
    found = assessments(desk.life)
    if code not in ("", "O-REACH", "PERF"):
        for one in found:
            one.items = [item for item in one.items if item.code == code]
    return found


def charge_paid(desk: Desk) -> None:
    """Only a known charge is paid, and not more than is open: a late fee may have come in with the principal (specification
    11.14, 11.17).
    """
    charge = next(
        (f for f in desk.facts.of("charge.assessed") if f.data.get("charge_id") == desk.data["charge_id"]), None
    )
    if charge is None:
        raise desk.refuse("CHARGE_UNKNOWN", f"没有核定编号{desk.data['charge_id']}")
    life, name = as_recorded(desk), str(desk.data["charge_id"])
    payments = [*charge_payments(life).get(name, []), *set_against_charges(life, payables(life)).get(name, [])]
    open_ = (yuan(charge.data.get("amount_wan")) or 0) - sum(amount for _, amount in payments)
    if (yuan(desk.data["amount_wan"]) or 0) > open_:
        raise desk.refuse("PAYMENT_ABOVE_OPEN", f"缴款超过尚欠{wan(open_)}万元")
