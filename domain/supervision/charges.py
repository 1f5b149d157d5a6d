"""Money: computed from the facts, never typed in; what was assessed, paid, taken back (specification 3.3, 11.22, 11.37)."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from domain.assessment import Amount, Breach
from domain.facts import Fact
from domain.supervision.breaches import rests_on
from domain.supervision.life import Life, day
from domain.supervision.measures import cents, exact, yuan
from domain.supervision.openings import fails, requirement
from domain.supervision.payments import Payable, charge_payments
from domain.supervision.performance import Assessed, shortfall, verification

_BASIS: Final = {
    "LD_START": "逾期开工违约金：成交价格×日率×逾期天数（出让合同第35条）",
    "LD_COMPLETE": "逾期竣工违约金：成交价格×日率×逾期天数（出让合同第36条）",
    "LD_INVEST": "投资强度不足违约金：成交价格×不足比例（出让合同第37条）",
    "LD_FAR": "容积率不足违约金：成交价格×不足比例（出让合同第38条）",
    "LATE_FEE": "滞纳金：欠缴额×日率×逾期天数（出让合同第33条）",
    "IDLE_FEE": "土地闲置费：成交价格的20%（城市房地产管理法第26条）",
    "TOP_UP": "现金补足：标准值×面积−实际值（规范3.3）",
    "OTHER": "主管部门核定",
}


def amounts(life: Life, breaches: list[Breach], payables: list[Payable], assessed: list[Assessed]) -> list[Amount]:
    """One line per kind and charge, in the order of the kinds."""
    computed = computed_amounts(life, breaches, payables, assessed)
    lines: list[Amount] = []
    charged: dict[str, int] = {}
    paid = charge_payments(life)
    for fact in life.of("charge.assessed"):
        line = _charge(fact, paid.get(str(fact.data.get("charge_id")), []))
        base = computed.get(line.kind)
        line.computed = base[0] if base else formula(life, line.kind, fact, assessed)
        if line.computed is None and line.kind in _BY_FORMULA and not fact.data.get("override_reason"):
            line.computed, line.state = (
                line.amount,
                "REVERSED",
            )  # its basis is gone: a correction, a decision, an extension
            if line.paid:
                lines.append(Amount(line.kind, -line.paid, "REFUND_DUE", _BASIS[line.kind], charge_id=line.charge_id))
            line.amount = 0
        charged[line.kind] = charged.get(line.kind, 0) + line.amount
        lines.append(line)
    for kind, (amount, running) in computed.items():
        if kind not in charged:
            state = "RUNNING" if running else "FIXED"
            lines.append(Amount(kind, amount, state, _BASIS[kind], rests_on=rests_on(life, _KEYS.get(kind, ()))))
    lines.extend(_paid_without_charge(life, paid))
    return sorted(lines, key=lambda line: (line.kind, line.charge_id or "", line.state))


_BY_FORMULA: Final = frozenset({"LD_START", "LD_COMPLETE", "LD_INVEST", "LD_FAR", "LATE_FEE", "TOP_UP"})
"""Kinds whose sum rests on facts alone: without the facts a charge of them is reversed (specification 2.5, 4.7)."""
_KEYS: Final = {
    "LATE_FEE": ("pay.late_permille_day",),
    "LD_START": ("ld.start_stops_at",),
    "LD_COMPLETE": ("ld.complete_needs_start",),
}


def _charge(fact: Fact, payments: list[tuple[int, int]]) -> Amount:
    data = fact.data
    kind, amount = str(data.get("kind")), yuan(data.get("amount_wan")) or 0
    paid = sum(one for _, one in payments)
    return Amount(
        kind, amount, "PAID" if paid >= amount > 0 else "ASSESSED", _BASIS.get(kind, _BASIS["OTHER"]),
        charge_id=str(data.get("charge_id")), obligation=data.get("obligation"), due=day(data.get("due")), paid=paid,
    )  # fmt: skip


def _paid_without_charge(life: Life, paid: dict[str, list[tuple[int, int]]]) -> list[Amount]:
    """What was paid on a charge that was withdrawn afterwards is due back."""
    known = {str(fact.data.get("charge_id")) for fact in life.of("charge.assessed")}
    withdrawn = {
        str(event.data.get("charge_id")): str(event.data.get("kind"))
        for event in life.facts.events
        if event.type == "charge.assessed" and event.event_id in life.facts.withdrawn
    }
    return [
        Amount(
            withdrawn[charge],
            -sum(one for _, one in payments),
            "REFUND_DUE",
            "原核定已撤销，已缴金额应退还",
            charge_id=charge,
        )
        for charge, payments in paid.items()
        if charge not in known and charge in withdrawn
    ]


def computed_amounts(
    life: Life, breaches: list[Breach], payables: list[Payable], assessed: list[Assessed]
) -> dict[str, tuple[int, bool]]:
    """Kind → (sum in 元 rounded to 0.01 万元, does it still run) for what stands without a charge (11.37)."""
    found: dict[str, tuple[int, bool]] = {}
    taken_away = {breach.kind for breach in breaches if breach.phase in ("WITHDRAWN", "EXEMPTED")}
    standing = {breach.kind for breach in breaches if breach.phase not in ("WITHDRAWN", "EXEMPTED")}
    for kind, line in (("LD_START", _late_start(life)), ("LD_COMPLETE", _late_completion(life))):
        of = kind.removeprefix("LD_")
        if line is not None and line[0] and not (of in taken_away and of not in standing):
            found[kind] = line
    far = _plot_ratio(life)
    if far is not None and not ("FAR" in taken_away and "FAR" not in standing):
        found["LD_FAR"] = far
    invest = _investment(life, assessed)
    if invest is not None:
        found["LD_INVEST"] = invest
    fee = _late_fee(life, payables)
    if fee is not None and fee[0]:
        found["LATE_FEE"] = fee
    return found


def _rate(life: Life, which: str) -> Fraction | None:
    """‰ per day: of the contract, else of the pack (null: none)."""
    own = exact(life.contract.get(f"ld_{which}_permille_day"))
    value = own if own is not None else life.rule(f"ld.{which}_permille_day")
    return value if isinstance(value, Fraction) else None


def _damages(life: Life, rate: Fraction, days: int) -> int:
    assert life.price is not None
    total = Fraction(life.price) * rate / 1000 * days
    cap = life.rule("ld.cap_ratio")
    return cents(min(total, life.price * cap) if cap is not None else total)


def _late_start(life: Life) -> tuple[int, bool] | None:
    due, rate = life.due("start_due"), _rate(life, "start")
    if due is None or rate is None or life.price is None or life.is_history(due):
        return None
    end = min(life.clock, life.started.occurred_on) if life.started else life.clock
    days = end - due
    return (_damages(life, rate, days), life.started is None and not life.leaving) if days > 0 else None


def _late_completion(life: Life) -> tuple[int, bool] | None:
    """Runs only once construction has started: from the later of the due day and the start."""
    due, rate, started = life.due("complete_due"), _rate(life, "complete"), life.started
    if due is None or rate is None or life.price is None or life.is_history(due):
        return None
    if started is None and life.rule("ld.complete_needs_start"):
        return None
    end = min(life.clock, life.completed.occurred_on) if life.completed else life.clock
    days = end - max(due, started.occurred_on if started else due)
    return (_damages(life, rate, days), life.completed is None and not life.leaving) if days > 0 else None


def _plot_ratio(life: Life) -> tuple[int, bool] | None:
    """Price × (least − actual) / least for the last verification that fell short; stays due after a later pass."""
    if life.price is None:
        return None
    sum_, running = None, False
    for fact in life.of("construction.verified"):
        least, _, _ = requirement(life, "O-FAR", fact.occurred_on)
        ratio = verification(life.facts, fact).ratios.get("O-FAR")
        if ratio is None or least is None:
            continue
        if ratio < least:
            sum_ = cents(Fraction(life.price) * (least - ratio) / least)
        running = fails(life, "O-FAR", fact, life.as_of)
    return None if sum_ is None else (sum_, running)


def _investment(life: Life, assessed: list[Assessed]) -> tuple[int, bool] | None:
    """Price × shortfall share, of the last START_COMPLETE assessment in which the investment fell short."""
    if life.price is None:
        return None
    sum_, running = None, False
    for one in assessed:
        if one.kind != "START_COMPLETE":
            continue
        for item in one.failed_items:
            if item.code == "O-INVEST" and item.threshold and item.actual is not None:
                sum_ = cents(Fraction(life.price) * (item.threshold - item.actual) / item.threshold)
        running = any(item.code == "O-INVEST" for item in one.failed_items)
    return None if sum_ is None else (sum_, running)


def _late_fee(life: Life, payables: list[Payable]) -> tuple[int, bool] | None:
    permille = life.rule("pay.late_permille_day")
    overdue = [one for one in payables if not life.is_history(one.due) and life.as_of > one.rolled]
    if permille is None or not overdue:
        return None
    total = sum((one.late_fee(life.as_of, permille) for one in overdue), Fraction(0))
    return cents(total), any(one.open > 0 for one in overdue)


def formula(life: Life, kind: str, charge: Fact | None, assessed: list[Assessed]) -> int | None:
    """What a charge of a kind should be by its formula; None where there is none."""
    if kind == "IDLE_FEE" and life.price is not None:
        return cents(life.price * life.rule("idle.fee_rate"))
    if kind == "TOP_UP":
        on = charge.occurred_on if charge else life.as_of
        failed = [one for one in assessed if one.result == "FAIL" and one.fact.occurred_on <= on]
        wanted = charge.data.get("obligation") if charge else None
        items = [item for item in (failed[-1].failed_items if failed else []) if wanted in (None, item.code)]
        sums = [one for item in items if (one := shortfall(item, life.area)) is not None]
        return cents(sum(sums, Fraction(0))) if sums else None
    return None
