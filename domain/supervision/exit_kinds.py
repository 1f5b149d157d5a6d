"""The seventeen ways out, each with what bars it (part 5, specification 5.1, 5.4, 11.37)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from domain.assessment import OPEN_PHASES, Breach, ExitKind
from domain.facts import Fact
from domain.supervision.idle import Idle, ratios
from domain.supervision.life import Life, day
from domain.supervision.payments import Payable, price_paid
from domain.supervision.performance import PERF_KINDS, Assessed

BASIS: Final = {
    "VS": "合同；示范合同第31条", "AB": "000二(四)；002三(一)；003五(三)；004 9、14", "ABP": "003五(三)",
    "MT": "城市房地产管理法第38、39条；002四(五)；004 14", "MTA": "003五(三)", "MTP": "003五(三)；004 15", "HL": "003五(三)",
    "EXC": "002四(七)；003五(三)；004 15", "FI": "城市房地产管理法第26条", "FP": "监管协议退出条款；003六(三)", "FPAY": "城市房地产管理法第16条；暂行条例第14条",
    "FUSE": "国有土地使用权合同司法解释第6条；土地管理法第81条", "EX": "城市房地产管理法第22条；暂行条例第40、41条", "LE": "003三(一)参考：自然资发〔2022〕201号",
    "PI": "城市房地产管理法第20条；土地管理法第58条", "JD": "004 14、25", "WD": "土地管理法第58条",
}  # fmt: skip


@dataclass(slots=True, frozen=True)
class Standing:
    """What the exit kinds look at."""

    life: Life
    breaches: list[Breach]
    payables: list[Payable]
    assessed: list[Assessed]
    idle: Idle

    @property
    def open_kinds(self) -> list[str]:
        """The kinds of the breaches that stand."""
        return sorted({breach.kind for breach in self.breaches if breach.phase in OPEN_PHASES})


def exit_kinds(standing: Standing) -> list[ExitKind]:
    """Every kind with its blockers, in the order of part 5. While an exit runs EXIT_RUNNING bars them all."""
    life = standing.life
    found = []
    for kind, blockers_of in _KINDS.items():
        blockers = list(blockers_of(standing))
        if life.leaving:
            blockers = ["EXIT_RUNNING" if life.cancelled_on is None else "TERM_OVER"]
        eligible = not blockers and life.contract_fact is not None
        if life.contract_fact is None and not blockers:
            blockers = ["NO_DECISION"]
        since = _since(standing, kind) if eligible else None
        found.append(ExitKind(kind, eligible, tuple(dict.fromkeys(blockers)), since, (BASIS[kind],)))
    return found


def seizure(life: Life) -> Fact | None:
    """The seizure in force: from `from` to `to` unless lifted."""
    current: Fact | None = None
    for fact in life.of("seizure.imposed", "seizure.lifted"):
        if fact.type == "seizure.lifted":
            current = None
            continue
        begins, ends = day(fact.data.get("from")) or fact.occurred_on, day(fact.data.get("to"))
        life.mark(begins, None if ends is None else ends + 1)
        if begins <= life.as_of and (ends is None or life.as_of <= ends):
            current = fact
    return current


def failures_in_a_row(assessed: list[Assessed], breaches: list[Breach]) -> int:
    """Failed assessments since the last PASS; a waived one does not count (specification 5.1, 11.37)."""
    waived = {
        event
        for breach in breaches
        if breach.kind == "PERF" and breach.phase in ("EXEMPTED", "WITHDRAWN")
        for event in breach.events
    }
    count = 0
    for one in assessed:
        if one.kind in PERF_KINDS and one.fact.event_id not in waived:
            count = 0 if one.result == "PASS" else count + 1
    return count


def _in_force(standing: Standing) -> list[str]:
    end = standing.life.right_to
    return ["TERM_OVER"] if end is not None and standing.life.as_of > end else []


def _transfer(standing: Standing) -> list[str]:
    """What a market transfer needs beside the absence of breaches."""
    life, blockers = standing.life, []
    if not life.is_grant:
        blockers.append("TENURE")
    paid = price_paid(standing.payables)
    if paid is False or (
        paid is None and life.conversion is None
    ):  # a conversion's price is a charge of its own (11.37)
        blockers.append("PRICE_UNPAID")
    if not life.of("title.registered"):
        blockers.append("NO_TITLE")
    _, invested = ratios(life, life.as_of)
    enough = invested is not None and invested >= (life.rule("exit.transfer.invest_ratio") or Fraction(0))
    if life.completed is None and not enough:
        blockers.append("INVESTMENT_BELOW")
    if standing.idle.clock != "NONE":
        blockers.append("IDLE")
    if seizure(life) is not None:
        blockers.append("SEIZED")
    closing = not _expiry(standing) or not _court(standing)  # MT and MTA are closed while EX or JD is open (5.1)
    return [*blockers, *_in_force(standing), *(["EXIT_RUNNING"] if closing else [])]


def _market(standing: Standing) -> list[str]:
    return [*_transfer(standing), *(f"OPEN_BREACH:{kind}" for kind in standing.open_kinds)]


def _with_consent(standing: Standing) -> list[str]:
    allowed = standing.life.rule("exit.mta.breaches")
    barred = [f"OPEN_BREACH:{kind}" for kind in standing.open_kinds if kind not in allowed]
    none = [] if any(kind in allowed for kind in standing.open_kinds) else ["NO_BREACH"]
    return [*_transfer(standing), *barred, *none]


def _idle_recovery(standing: Standing) -> list[str]:
    life = standing.life
    return [
        *(["STARTED"] if life.started is not None else []),
        *(["CLOCK_BELOW_Y2"] if standing.idle.clock != "Y2" else []),
        *(["NOT_DETERMINED"] if standing.idle.determination != "IDLE_ENTERPRISE" else []),
    ]


def _performance(standing: Standing) -> list[str]:
    life = standing.life
    failed = failures_in_a_row(standing.assessed, standing.breaches)
    return [
        *([] if life.exit_clause else ["NO_EXIT_CLAUSE"]),
        *(["FAILURES_BELOW_2"] if failed < life.rule("exit.fp.failures") else []),
    ]


def _unpaid(standing: Standing) -> list[str]:
    """More than 60 days from the unrolled due day; a missing reminder is words, not a bar (11.2, 11.37)."""
    life, days = standing.life, standing.life.rule("pay.terminate_after_days")
    overdue = [
        one
        for one in standing.payables
        if one.open > 0 and life.as_of - one.due > days and not life.is_history(one.due)
    ]
    return [] if overdue else ["NOT_DUE"]


def _misuse(standing: Standing) -> list[str]:
    confirmed = ("CONFIRMED", "IN_CURE", "CURE_FAILED")
    return [] if any(one.kind == "USE" and one.phase in confirmed for one in standing.breaches) else ["NO_DECISION"]


def _expiry(standing: Standing) -> list[str]:
    life = standing.life
    over = life.right_to is not None and life.as_of > life.right_to and not life.is_lease
    return [] if over else ["NOT_DUE"]


def _lease_end(standing: Standing) -> list[str]:
    life = standing.life
    return [] if life.is_lease and life.right_to is not None and life.as_of > life.right_to else ["NOT_DUE"]


def _court(standing: Standing) -> list[str]:
    return [] if seizure(standing.life) is not None else ["NO_DECISION"]


def _decided(kind: str) -> Callable[[Standing], list[str]]:
    """Kinds that rest on an approved sign-off."""

    def blockers(standing: Standing) -> list[str]:
        signed = [fact for fact in standing.life.of("exit.signed_off") if fact.data.get("kind") == kind]
        approved = bool(signed) and signed[-1].data.get("result") == "APPROVED"
        tenure = ["TENURE"] if kind == "WD" and standing.life.mode != "ALLOCATION" else []
        return [*tenure, *([] if approved else ["NO_DECISION"])]

    return blockers


def _surplus_land(standing: Standing) -> list[str]:
    asked = any(fact.data.get("kind") == "PART" for fact in standing.life.of("transfer.requested"))
    return [] if asked else ["NO_REQUEST"]


def _surplus_premises(standing: Standing) -> list[str]:
    return [] if standing.life.of("letting.reported") else ["NO_REQUEST"]


_KINDS: Final[dict[str, Callable[[Standing], list[str]]]] = {
    "VS": _in_force,
    "AB": _in_force,
    "ABP": _decided("ABP"),
    "MT": _market,
    "MTA": _with_consent,
    "MTP": _surplus_land,
    "HL": _surplus_premises,
    "EXC": _decided("EXC"),
    "FI": _idle_recovery,
    "FP": _performance,
    "FPAY": _unpaid,
    "FUSE": _misuse,
    "EX": _expiry,
    "LE": _lease_end,
    "PI": _decided("PI"),
    "JD": _court,
    "WD": _decided("WD"),
}


def _since(standing: Standing, kind: str) -> int | None:
    """Since which day a kind is open, where one day says so."""
    life = standing.life
    if kind in ("EX", "LE"):
        return None if life.right_to is None else life.right_to + 1
    if kind == "JD":
        fact = seizure(life)
        return None if fact is None else (day(fact.data.get("from")) or fact.occurred_on)
    if kind == "FP":
        failed = [one.fact.occurred_on for one in standing.assessed if one.result == "FAIL" and one.kind in PERF_KINDS]
        return failed[-1] if failed else None
    if kind == "FPAY":
        days = life.rule("pay.terminate_after_days")
        return min((one.due + days + 1 for one in standing.payables if one.open > 0), default=None)
    if kind in ("VS", "AB"):
        return life.contract_fact.occurred_on if life.contract_fact else None
    return None
