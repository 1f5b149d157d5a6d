"""The seventeen ways out, each with what bars it (part 5, specification 5.1, 5.4, 11.37)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from domain.assessment import OPEN_PHASES, Amount, Breach, ExitKind
from domain.facts import Fact
from domain.supervision.exit_since import since_when
from domain.supervision.figures import failed_in_a_row
from domain.supervision.idle import Idle, ratios
from domain.supervision.life import Life, day
from domain.supervision.openings import Opening
from domain.supervision.payments import Payable, price_paid
from domain.supervision.settlement import open_items

BASIS: Final = {
    "VS": "合同；示范合同第31条", "AB": "000二(四)；002三(一)；003五(三)；004 9、14", "ABP": "003五(三)",
    "MT": "城市房地产管理法第38、39条；002四(五)；004 14", "MTA": "003五(三)", "MTP": "003五(三)；004 15", "HL": "003五(三)",
    "EXC": "002四(七)；003五(三)；004 15", "FI": "城市房地产管理法第26条", "FP": "监管协议退出条款；003六(三)", "FPAY": "城市房地产管理法第16条；暂行条例第14条",
    "FUSE": "国有土地使用权合同司法解释第6条；土地管理法第81条", "EX": "城市房地产管理法第22条；暂行条例第40、41条", "LE": "003三(一)参考：自然资发〔2022〕201号",
    "PI": "城市房地产管理法第20条；土地管理法第58条", "JD": "004 14、25", "WD": "土地管理法第58条",
}  # fmt: skip
_RULES_OF: Final = {
    "TENURE": ("exit.grant_tenures",), "INVESTMENT_BELOW": ("exit.transfer.invest_ratio",), "NO_BREACH": ("exit.mta.breaches",),
    "FAILURES_BELOW_2": ("exit.fp.failures", "assess.perf.kinds"), "STARTED": ("idle.stopped.free_recovery",),
}  # fmt: skip
"""The parameters behind a blocker."""
_BASES: Final = {kind: (text,) for kind, text in BASIS.items()}


@dataclass(slots=True)
class Standing:
    """What the exit kinds look at."""

    life: Life
    breaches: list[Breach]
    openings: Sequence[Opening]
    payables: list[Payable]
    idle: Idle
    open_kinds: list[str]
    """The kinds of the breaches that stand."""
    right_to: int | None
    over: bool
    """The term is over."""
    seized: Fact | None
    signed: Sequence[Fact]
    """Sign-offs up to the day."""
    lines: Sequence[Amount]
    """What is due beside price and rent."""


def exit_kinds(
    life: Life,
    breaches: list[Breach],
    openings: Sequence[Opening],
    payables: list[Payable],
    idle: Idle,
    lines: Sequence[Amount],
) -> list[ExitKind]:
    """Every kind with its blockers, in the order of part 5. While an exit runs EXIT_RUNNING bars them all.

    VS, AB and FPAY also name what is left to do and bars nothing (specification 5.4, 11.2).
    """
    end = life.right_to
    standing = Standing(
        life, breaches, openings, payables, idle, sorted({one.kind for one in breaches if one.phase in OPEN_PHASES}), end,
        end is not None and life.as_of > end, seizure(life), life.of("exit.signed_off"), lines,
    )  # fmt: skip
    barred = _barred(life)
    if barred is not None:
        return [ExitKind(kind, False, barred, None, _BASES[kind]) for kind in _KINDS]  # noqa: FBT003 - a field
    found, on_request = [], life.rule("exit.on_request")
    for kind, blockers_of in _KINDS.items():
        missing = _not_on_record(kind, standing) if kind in on_request else []
        blockers = missing if missing and kind == "MTP" else [*blockers_of(standing), *missing]
        since = None if blockers else since_when(kind, life, breaches, payables, idle, standing.seized)
        left = _left_to_do(kind, standing) if not blockers else []
        found.append(ExitKind(kind, not blockers, (*blockers, *left), since, _BASES[kind]))
    return found


def rules_of(kind: str, blockers: Sequence[str]) -> tuple[str, ...]:
    """The parameters by which the blockers bar a kind, for what is refused because of them (specification 11.25)."""
    keys = [key for one in blockers for key in _RULES_OF.get(one, ())]
    if kind not in ("MT", "MTA", "MTP"):  # there alone the tenure is one of those that the pack names
        keys = [key for key in keys if key != "exit.grant_tenures"]
    if {"NO_REQUEST", "NO_DECISION"} & set(blockers) and kind not in ("FUSE", "JD"):
        keys.append("exit.on_request")
    if kind == "FPAY" and "NOT_DUE" in blockers:
        keys.append("pay.terminate_after_days")
    if kind == "MTA" and any(one.startswith("OPEN_BREACH:") for one in blockers):
        keys.append("exit.mta.breaches")
    return tuple(dict.fromkeys(keys))


def _barred(life: Life) -> tuple[str, ...] | None:
    """What bars every kind alike: an exit that runs, a right that has ended, no contract at all."""
    if life.cancelled_on is not None:
        return ("TERM_OVER",)
    if life.exit_opened is not None:
        return ("EXIT_RUNNING",)
    return ("NO_DECISION",) if life.contract_fact is None else None


def seizure(life: Life) -> Fact | None:
    """The seizure in force: from `from` to `to` unless lifted; of several cases each by its own lifting
    (specification 5.1, 11.37).
    """
    current: Fact | None = None
    for fact in life.of("seizure.imposed"):
        begins, ends = day(fact.data.get("from")) or fact.occurred_on, day(fact.data.get("to"))
        if any(_lifts(lifted, fact) for lifted in life.of("seizure.lifted")):
            continue
        life.may(begins, None if ends is None else ends + 1)
        if begins <= life.as_of and (ends is None or life.as_of <= ends):
            current = current or fact
    return current


def _lifts(lifted: Fact, imposed: Fact) -> bool:
    """A lifting names its case; one that names none, or no case on record, ends whatever was imposed before."""
    if lifted.occurred_on < imposed.occurred_on:
        return False
    one, other = lifted.data.get("case_no"), imposed.data.get("case_no")
    return one is None or other is None or one == other


def _left_to_do(kind: str, standing: Standing) -> list[str]:
    """What an open way still needs: settlement items of VS and AB, the reminder of FPAY (specification 5.4, 11.2)."""
    life = standing.life
    if kind in ("VS", "AB"):
        items = open_items(life, standing.lines, standing.payables, seized=standing.seized is not None)
        return list(dict.fromkeys(one.code for one in items))
    if kind == "FPAY":
        owed = {one.key for one in standing.payables if one.open > 0}
        reminded = any(one.level > 0 for one in standing.breaches if one.kind == "PAY" and one.obligation in owed)
        return [] if reminded else ["NOT_REMINDED"]
    return []


def _in_force(standing: Standing) -> list[str]:
    return ["TERM_OVER"] if standing.over else []


def _transfer(standing: Standing) -> list[str]:
    """What a market transfer needs beside the absence of breaches; a conversion's price is a charge (11.37)."""
    life, blockers = standing.life, []
    if not life.is_grant:
        blockers.append("TENURE")
    paid = price_paid(standing.payables)
    if paid is False or (paid is None and life.conversion is None):
        blockers.append("PRICE_UNPAID")
    if life.first("title.registered") is None:
        blockers.append("NO_TITLE")
    if life.completed is None:
        _, invested = ratios(life, life.as_of)
        least = life.rule("exit.transfer.invest_ratio")
        if least is not None and (invested is None or invested < least):
            blockers.append("INVESTMENT_BELOW")
    if standing.idle.clock != "NONE":
        blockers.append("IDLE")
    if standing.seized is not None:
        blockers.append("SEIZED")
    if standing.over:
        blockers.append("TERM_OVER")
    return blockers


def _market(standing: Standing) -> list[str]:
    return [*_transfer(standing), *(f"OPEN_BREACH:{kind}" for kind in standing.open_kinds)]


def _with_consent(standing: Standing) -> list[str]:
    """At least one breach, all of the kinds that a transferee may take over (specification 5.1, 11.37)."""
    allowed = standing.life.rule("exit.mta.breaches")
    blockers = _transfer(standing)
    blockers += [f"OPEN_BREACH:{kind}" for kind in standing.open_kinds if kind not in allowed]
    if not any(kind in allowed for kind in standing.open_kinds):
        blockers.append("NO_BREACH")
    return blockers


def _idle_recovery(standing: Standing) -> list[str]:
    """Y2, never started, IDLE_ENTERPRISE; free recovery of stopped land never (specification 4.3)."""
    free = standing.idle.definition == 2 and standing.life.rule("idle.stopped.free_recovery")
    blockers = [] if standing.life.started is None or free else ["STARTED"]
    if standing.idle.clock != "Y2":
        blockers.append("CLOCK_BELOW_Y2")
    if standing.idle.determination != "IDLE_ENTERPRISE":
        blockers.append("NOT_DETERMINED")
    return blockers


def _performance(standing: Standing) -> list[str]:
    """Two failed assessments in a row, of whatever kind, and the exit clause; waived ones do not count."""
    life = standing.life
    waived = frozenset(one.breach_id for one in standing.breaches if one.phase in ("EXEMPTED", "WITHDRAWN"))
    blockers = [] if life.exit_clause else ["NO_EXIT_CLAUSE"]
    if failed_in_a_row(life, standing.openings, waived) < life.rule("exit.fp.failures"):
        blockers.append("FAILURES_BELOW_2")
    return blockers


def _unpaid(standing: Standing) -> list[str]:
    """More than 60 days from the unrolled due day; a missing reminder is words, not a bar (11.2, 11.37). What a decision
    took away or waived is owed no more (2.5).
    """
    life, days = standing.life, standing.life.rule("pay.terminate_after_days")
    waived = {
        one.obligation for one in standing.breaches if one.kind == "PAY" and one.phase in ("EXEMPTED", "WITHDRAWN")
    }
    overdue = any(
        one.open > 0
        and life.as_of - one.due > days
        and one.code != "O-BOND"
        and not life.is_history(one.rolled)
        and one.key not in waived
        for one in standing.payables
    )
    return [] if overdue else ["NOT_DUE"]


def _misuse(standing: Standing) -> list[str]:
    confirmed = ("CONFIRMED", "IN_CURE", "CURE_FAILED")
    return [] if any(one.kind == "USE" and one.phase in confirmed for one in standing.breaches) else ["NO_DECISION"]


def _expiry(standing: Standing) -> list[str]:
    """A lease ends by LE alone (specification 11.37)."""
    if standing.life.is_lease:
        return ["TENURE", "NOT_DUE"]
    return [] if standing.over else ["NOT_DUE"]


def _lease_end(standing: Standing) -> list[str]:
    if not standing.life.is_lease:
        return ["TENURE", "NOT_DUE"]
    return [] if standing.over else ["NOT_DUE"]


def _court(standing: Standing) -> list[str]:
    return [] if standing.seized is not None else ["NO_DECISION"]


def _not_on_record(kind: str, standing: Standing) -> list[str]:
    """What a kind that rests on a request or decision still lacks of it (specification 5.1, `exit.on_request`)."""
    if kind == "MTP":
        asked = any(fact.data.get("kind") == "PART" for fact in standing.life.of("transfer.requested"))
        return [] if asked else ["NO_REQUEST"]
    if kind == "HL":
        return [] if standing.life.of("letting.reported") else ["NO_REQUEST"]
    signed = [fact for fact in standing.signed if fact.data.get("kind") == kind]
    return [] if signed and signed[-1].data.get("result") == "APPROVED" else ["NO_DECISION"]


def _allocated(standing: Standing) -> list[str]:
    return [] if standing.life.mode == "ALLOCATION" else ["TENURE"]


def _surplus_land(standing: Standing) -> list[str]:
    """As MT or MTA, once the transfer of a part is asked for (specification 5.1)."""
    return _market(standing) and [one for one in _with_consent(standing) if one != "NO_BREACH"]


def _nothing(_: Standing) -> list[str]:
    return []


_KINDS: Final[dict[str, Callable[[Standing], list[str]]]] = {
    "VS": _in_force,
    "AB": _in_force,
    "ABP": _in_force,
    "MT": _market,
    "MTA": _with_consent,
    "MTP": _surplus_land,
    "HL": _nothing,
    "EXC": _nothing,
    "FI": _idle_recovery,
    "FP": _performance,
    "FPAY": _unpaid,
    "FUSE": _misuse,
    "EX": _expiry,
    "LE": _lease_end,
    "PI": _nothing,
    "JD": _court,
    "WD": _allocated,
}
