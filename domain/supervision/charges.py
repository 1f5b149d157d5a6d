"""Money: computed from the facts, never typed in; what was assessed, paid, taken back (specification 3.3, 11.22, 11.37)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Final

from domain.assessment import Amount, Breach
from domain.facts import Fact
from domain.supervision.breaches import CHARGE_KINDS, rests_on
from domain.supervision.damages import late_completion, late_start, missed_investment, missed_plot_ratio
from domain.supervision.late_fees import late_fee, not_owed, received_for_fees, set_against_charges
from domain.supervision.life import Life, day
from domain.supervision.measures import cents, yuan
from domain.supervision.payments import Payable, charge_payments
from domain.supervision.performance import Assessed, shortfall

_BASIS: Final = {
    "LD_START": "逾期开工违约金：成交价格×日率×逾期天数（出让合同第35条）",
    "LD_COMPLETE": "逾期竣工违约金：成交价格×日率×逾期天数（出让合同第36条）",
    "LD_INVEST": "投资强度不足违约金：成交价格×不足比例（出让合同第37条）",
    "LD_FAR": "容积率不足违约金：成交价格×不足比例（出让合同第38条）",
    "LATE_FEE": "滞纳金：欠缴额×日率×逾期天数（出让合同第33条）",
    "IDLE_FEE": "土地闲置费：成交价格×征收比例（城市房地产管理法第26条）",
    "TOP_UP": "现金补足：标准值×面积−实际值（规范3.3）",
    "OTHER": "主管部门核定",
}
_KEYS: Final = {
    "LATE_FEE": ("pay.late_permille_day",),
    "LD_START": ("ld.start_permille_day", "ld.start_stops_at", "ld.cap_ratio"),
    "LD_COMPLETE": ("ld.complete_permille_day", "ld.complete_needs_start", "ld.cap_ratio"),
    "IDLE_FEE": ("idle.fee_rate",),
}
"""The parameters that an amount rests on (specification 11.25)."""
_DUE_DAYS: Final = {"TOP_UP": "topup.due_days", "IDLE_FEE": "idle.fee_due_days"}
_OWN_RATE: Final = {"LD_START": "ld_start_permille_day", "LD_COMPLETE": "ld_complete_permille_day"}
"""Where the contract states the rate, that of the rules counts for nothing (part 10)."""

_OBLIGATION: Final = {"LD_START": "O-START", "LD_COMPLETE": "O-COMPLETE", "LD_FAR": "O-FAR", "LD_INVEST": "O-INVEST"}
_TAKES_BACK: Final = frozenset({"report.corrected", "report.withdrawn", "extension.decided"})


def amounts(life: Life, breaches: list[Breach], payables: list[Payable], assessed: Sequence[Assessed]) -> list[Amount]:
    """One line per kind and charge, in the order of the kinds: what runs again beside a charge that was reversed stands
    without one; where the parcel was split or merged, of what the holder is owed alone: claims went along (specification
    8.12, 11.22, 11.37).
    """
    lines = _amounts(life, breaches, payables, assessed)
    return lines if life.taken_up_on is None else [line for line in lines if line.state in ("REVERSED", "REFUND_DUE")]


def _amounts(life: Life, breaches: list[Breach], payables: list[Payable], assessed: Sequence[Assessed]) -> list[Amount]:
    computed = computed_amounts(life, breaches, payables, assessed)
    charges = life.of("charge.assessed")
    lines: list[Amount] = []
    paid = charge_payments(life)
    fees = set_against_charges(life, payables)
    for fact in charges:
        charge = str(fact.data.get("charge_id"))
        line = _charge(life, fact, [*paid.get(charge, []), *fees.get(charge, [])])
        base = computed.get(line.kind)
        line.computed = base[0] if base else formula(life, line.kind, fact, assessed)
        lines.append(line)
        if _basis_gone(life, fact, breaches, assessed):
            line.computed, line.state = line.amount, "REVERSED"
            if line.paid:
                lines.append(_refund(line, line.paid, "核定依据已消失，已缴金额应退还"))
            line.amount = 0
        elif line.paid > line.amount:  # the sum was corrected to a lower one, or the payment to a higher one
            lines.append(_refund(line, line.paid - line.amount, "缴款超过更正后的核定额，差额应退还"))
    standing = [line for line in lines if line.state in ("ASSESSED", "PAID")]
    in_charges = sum(line.amount for line in standing if line.kind == "LATE_FEE")
    back = not_owed(life, payables, computed.get("LATE_FEE"), in_charges)
    charged = {line.kind for line in standing}
    lines += [_uncharged(life, kind, *one, payables, breaches) for kind, one in computed.items() if kind not in charged]
    if back:
        basis = "收款超过应缴的价款、租金和滞纳金，超出部分应退还"
        events = tuple(fact.event_id for fact in life.of("payment.received"))
        lines.append(Amount("LATE_FEE", -back, "REFUND_DUE", basis, events=events))
    return sorted([*lines, *_paid_without_charge(life, paid)], key=_order)


def _order(line: Amount) -> tuple[str, str, str]:
    return line.kind, line.charge_id or "", line.state


def rules_behind(life: Life, kind: str) -> tuple[str, ...]:
    """The parameters that an amount of a kind rests on (specification 3.3, 11.25)."""
    keys = _KEYS.get(kind, ())
    return keys[1:] if life.contract.get(_OWN_RATE.get(kind, "")) is not None else keys


def _uncharged(
    life: Life, kind: str, amount: int, running: bool, payables: list[Payable], breaches: list[Breach]
) -> Amount:
    line = Amount(
        kind, amount, "RUNNING" if running else "FIXED", _BASIS[kind], rests_on=rests_on(life, rules_behind(life, kind))
    )
    line.obligation = _OBLIGATION.get(kind)
    own = [event for one in breaches if one.kind == CHARGE_KINDS[kind] for event in one.events]
    line.events = tuple(dict.fromkeys(own))
    if kind == "LATE_FEE":  # what came in above the principal
        line.paid = received_for_fees(life, payables)
        if not running and line.paid >= amount:
            line.state = "PAID"
    return line


def _charge(life: Life, fact: Fact, payments: list[tuple[int, int]]) -> Amount:
    data = fact.data
    kind, amount = str(data.get("kind")), yuan(data.get("amount_wan")) or 0
    paid = sum(one for _, one in payments)
    due, keys = day(data.get("due")), rules_behind(life, kind)
    if due is None and kind in _DUE_DAYS:
        due, keys = _due(life, fact, _DUE_DAYS[kind]), (*keys, _DUE_DAYS[kind])
    return Amount(
        kind, amount, "PAID" if paid >= amount > 0 else "ASSESSED", _BASIS.get(kind, _BASIS["OTHER"]),
        charge_id=str(data.get("charge_id")), obligation=data.get("obligation") or _OBLIGATION.get(kind), due=due, paid=paid,
        rests_on=rests_on(life, keys), events=(fact.event_id,),
    )  # fmt: skip


def _due(life: Life, fact: Fact, rule: str) -> int:
    """The day by which a charge that names none is to be paid: so many days after it was served (3.3, 4.3, 11.26)."""
    served = day((fact.data.get("service") or {}).get("served_on")) or fact.occurred_on
    return life.rolled(served + int(life.rule(rule)), "payment")


def _basis_gone(life: Life, fact: Fact, breaches: list[Breach], assessed: Sequence[Assessed]) -> bool:
    """Was the fact that the charge rested on upon its day corrected, withdrawn, exempted or moved by an extension
    (specification 4.7, 11.13, 11.22). A breach that begins later bears no earlier charge; a top-up rests on the item
    that it tops up, not on the others that failed with it.
    """
    kind = CHARGE_KINDS.get(str(fact.data.get("kind")))
    if kind is None or fact.department == "SYS":  # a claim that a split or merger handed over
        return False
    last = fact.occurred_on if life.cancelled_on is None else min(fact.occurred_on, life.cancelled_on)
    named = fact.data.get("breach_id")
    began = life.started is not None and life.started.occurred_on <= last
    # without a start nothing is due (11.37)
    runs = kind != "COMPLETE" or began or not life.rule("ld.complete_needs_start")
    own = [
        one
        for one in breaches
        if runs
        and one.kind == kind
        and one.obligation != "O-BOND"
        and one.effective_from <= last
        and named in (None, one.breach_id)
    ]
    if any(one.phase not in ("WITHDRAWN", "EXEMPTED") for one in own):
        return (
            kind == "PERF" and not fact.data.get("override_reason") and formula(life, "TOP_UP", fact, assessed) is None
        )
    if own:
        return True
    # an authority's own sum stands until something was taken back after it
    return not fact.data.get("override_reason") or _taken_back_after(life, fact)


def _taken_back_after(life: Life, fact: Fact) -> bool:
    return any(event.type in _TAKES_BACK and event.version > fact.event.version for event in life.facts.events)


def _refund(line: Amount, amount: int, basis: str) -> Amount:
    return Amount(line.kind, -amount, "REFUND_DUE", basis, charge_id=line.charge_id, events=line.events)


def _paid_without_charge(life: Life, paid: Mapping[str, list[tuple[int, int]]]) -> list[Amount]:
    """What was paid on a charge that was withdrawn afterwards is due back."""
    if not life.facts.withdrawn:
        return []
    known = {str(fact.data.get("charge_id")) for fact in life.of("charge.assessed")}
    withdrawn = {
        str(event.data.get("charge_id")): event
        for event in life.facts.events
        if event.type == "charge.assessed" and event.event_id in life.facts.withdrawn
    }
    return [
        Amount(
            str(withdrawn[charge].data.get("kind")), -sum(one for _, one in payments), "REFUND_DUE", "原核定已撤销，已缴金额应退还",
            charge_id=charge, events=(withdrawn[charge].event_id,),
        )
        for charge, payments in paid.items()
        if charge not in known and charge in withdrawn
    ]  # fmt: skip


def computed_amounts(
    life: Life, breaches: list[Breach], payables: list[Payable], assessed: Sequence[Assessed]
) -> dict[str, tuple[int, bool]]:
    """Kind → (sum in 元 rounded to 0.01 万元, does it still run) for what stands without a charge (specification 11.37)."""
    damages = (
        ("LD_START", late_start(life)),
        ("LD_COMPLETE", late_completion(life)),
        ("LD_FAR", missed_plot_ratio(life, breaches)),
        ("LD_INVEST", missed_investment(life, assessed, breaches)),
    )
    found = {
        kind: line
        for kind, line in damages
        if line is not None and line[0] and not _taken_away(breaches, CHARGE_KINDS[kind])
    }
    fee = late_fee(life, payables, breaches)
    if fee is not None and fee[0]:
        found["LATE_FEE"] = fee
    return found


def _taken_away(breaches: list[Breach], kind: str) -> bool:
    """Did a decision take every breach of a kind away: then nothing is due for it."""
    phases = [one.phase for one in breaches if one.kind == kind]
    return bool(phases) and all(phase in ("WITHDRAWN", "EXEMPTED") for phase in phases)


def formula(life: Life, kind: str, charge: Fact | None, assessed: Sequence[Assessed]) -> int | None:
    """What a charge of a kind should be by its formula; None where there is none (specification 3.3;
    城市房地产管理法第26条).
    """
    if kind == "IDLE_FEE" and life.price is not None:
        return cents(life.price * life.rules.get("idle.fee_rate", charge.occurred_on if charge else life.as_of))
    if kind == "TOP_UP":
        on = charge.occurred_on if charge else life.as_of
        failed = [one for one in assessed if one.result == "FAIL" and one.fact.occurred_on <= on]
        wanted = charge.data.get("obligation") if charge else None
        items = [
            item
            for item in (failed[-1].failed_items if failed else [])
            if wanted in (None, "O-REACH", "PERF", item.code)
        ]
        sums = [one for item in items if (one := shortfall(item, life.area)) is not None]
        return cents(sum(sums, Fraction(0))) if sums else None
    return None
