"""What must be settled before the title is cancelled, as far as the record tells (specification 5.2, 5.4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from domain.assessment import Amount
from domain.supervision.life import Life
from domain.supervision.measures import wan, yuan
from domain.supervision.payments import Payable

_VALUED: Final = frozenset({"AB", "FP", "LE", "PI"})
"""Exits that need a valuation of right and buildings (specification 5.2 item 12)."""
_RECORDS_CLAIMS: Final = frozenset({"FI", "EX"})
_CLAIMS: Final = frozenset({"IDLE_FEE", "LD_START", "LD_COMPLETE", "LD_FAR", "LD_INVEST", "TOP_UP"})
"""What is recorded as a claim where the land is recovered as idle or its term has ended (specification 5.2 item 2)."""


class Item(NamedTuple):
    """One open item: a blocker code, its words, and whether the title may not be cancelled before it is settled."""

    code: str
    words: str
    blocking: bool = True


def open_items(life: Life, lines: Sequence[Amount], payables: Sequence[Payable], *, seized: bool) -> list[Item]:
    """The open items of the day in the order of the table; money in 万元 (specification 5.2)."""
    return [*_owed(life, payables), *_charged(life, lines), *_held(life), *_taken(life, seized=seized)]


def missing_sign_offs(life: Life) -> list[str]:
    """The departments that have not approved the exit that runs, in the order of the rules (specification 5.3)."""
    opened = life.exit_opened
    if opened is None:
        return []
    kind, needed = str(opened.data.get("kind")), life.rule("exit.sign_offs")
    last = {
        fact.data.get("department") or fact.department: fact.data.get("result")
        for fact in life.of("exit.signed_off")
        if fact.data.get("kind") == kind
    }
    return [one for one in needed.get(kind, needed["DEFAULT"]) if last.get(one) != "APPROVED"]


def _owed(life: Life, payables: Sequence[Payable]) -> Iterator[Item]:
    """Item 1: the price, whether it is due or not; rent that is overdue."""
    for one in payables:
        if one.open > 0 and (one.code == "O-PAY" or (one.code == "O-RENT" and life.as_of > one.rolled)):
            yield Item("PRICE_UNPAID", f"{one.key}尚欠{wan(one.open)}万元")


def _charged(life: Life, lines: Sequence[Amount]) -> Iterator[Item]:
    """Items 1 and 2: late fees, idle fee, liquidated damages, top-ups, each less what the settlement sets off."""
    left, claims = _set_off(life), _CLAIMS if _exit_kind(life) in _RECORDS_CLAIMS else frozenset()
    for line in lines:
        if line.state not in ("RUNNING", "FIXED", "ASSESSED"):
            continue
        taken = min(left[line.kind], max(line.amount - line.paid, 0))
        left[line.kind] -= taken
        if line.amount > line.paid + taken:
            yield Item(
                "AMOUNT_OPEN", f"{line.kind} {wan(line.amount - line.paid - taken)}万元", line.kind not in claims
            )


def _set_off(life: Life) -> Counter[str]:
    """Kind of amount → 元 that the settlement of the running exit deducts."""
    found: Counter[str] = Counter()
    opened = life.exit_opened
    for fact in life.of("exit.settled"):
        if opened is not None and fact.occurred_on >= opened.occurred_on:
            for line in fact.data.get("lines") or ():
                found[line["item"]] += max(-(yuan(line["amount_wan"]) or 0), 0)
    return found


def _held(life: Life) -> Iterator[Item]:
    """Item 3: a bond that was neither released nor forfeited."""

    def total(name: str) -> int:
        return sum(yuan(fact.data.get("amount_wan")) or 0 for fact in life.of(name))

    held = total("bond.posted") - total("bond.released") - total("bond.forfeited")
    if held > 0:
        yield Item("BOND_HELD", f"履约保证金{wan(held)}万元未退还或没收")


def _taken(life: Life, *, seized: bool) -> Iterator[Item]:
    """Items 5, 6 and 12: mortgage, seizure (of no concern to the court's own disposal), valuation."""
    if any(fact.data.get("result") == "REGISTERED" for fact in life.of("mortgage.decided")):
        yield Item("MORTGAGED", "抵押尚未注销")
    kind = _exit_kind(life)
    if seized and kind != "JD":
        yield Item("SEIZED", "查封尚未解除")
    if kind in _VALUED and not life.of("exit.valued"):
        yield Item("NOT_VALUED", "土地和建筑物尚未评估")


def _exit_kind(life: Life) -> str | None:
    return str(life.exit_opened.data.get("kind")) if life.exit_opened else None
