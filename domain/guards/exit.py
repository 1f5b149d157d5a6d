"""Guards of exits, renewal and conversion (part 5; specification 4.4, 6.1)."""

from __future__ import annotations

from typing import Final

from domain.calendar import add_years
from domain.guards.desk import Desk
from domain.supervision.exit_kinds import rules_of
from domain.supervision.life import LEASES, day
from domain.supervision.measures import wan, yuan
from domain.supervision.refunds import pro_rata

_PRO_RATA: Final = frozenset({"FP", "PI"})
"""Exits that give back the price of the remaining years (specification 5.1)."""


def exit_opened(desk: Desk) -> None:
    """Only an eligible kind; FI also needs the approval of the government on record (specification 2.1)."""
    kind = str(desk.data["kind"])
    found = desk.assessment
    if desk.life.contract_fact is None:
        raise desk.refuse("NO_CONTRACT", "没有合同，不能启动退出")
    if found.exit_in_progress is not None:
        raise desk.refuse("EXIT_RUNNING", f"退出程序（{found.exit_in_progress[0]}）正在进行")
    entry = next(one for one in found.exit_kinds if one.kind == kind)
    if not entry.eligible:
        keys = rules_of(kind, entry.blockers)
        raise desk.refuse("EXIT_NOT_ELIGIBLE", f"当日不具备{kind}条件：{'、'.join(entry.blockers)}", *keys)
    if kind == "FI":
        signed = [f for f in desk.life.of("exit.signed_off") if f.data.get("kind") == "FI" and f.department == "GOV"]
        if not signed or signed[-1].data.get("result") != "APPROVED":
            raise desk.refuse("APPROVAL_MISSING", "无偿收回须先有原批准用地的人民政府批准（exit.signed_off）")


def exit_withdrawn(desk: Desk) -> None:
    """There must be an exit to withdraw (specification 2.1)."""
    if desk.life.exit_opened is None or desk.life.cancelled_on is not None:
        raise desk.refuse("NO_EXIT", "没有正在进行的退出程序")


def exit_settled(desk: Desk) -> None:
    """A settlement belongs to an exit that runs or has ended; another refund of the price than that of the remaining years
    is taken with a warning (specification 5.1, 5.2, 11.15, 11.17).
    """
    if desk.life.exit_opened is None and desk.life.cancelled_on is None:
        raise desk.refuse("NO_EXIT", "没有正在进行的退出程序")
    opened = desk.life.exit_opened
    lines = [one for one in desk.data["lines"] if one["item"] == "REFUND"]
    if opened is None or opened.data.get("kind") not in _PRO_RATA or not lines:
        return
    computed, stated = pro_rata(desk.life, opened.occurred_on), sum(yuan(one["amount_wan"]) or 0 for one in lines)
    if computed is not None and computed != abs(stated):
        desk.warn("REFUND_DIFFERS", f"按剩余年期比例应退{wan(computed)}万元，结算为{wan(stated)}万元")


def renewal_decided(desk: Desk) -> None:
    """After an application; the new end lies after the old one; a refusal needs a ground in the contract (specification 6.1)."""
    if not desk.has("renewal.applied"):
        raise desk.refuse("NOT_APPLIED", "尚无续期申请")
    if desk.data["decision"] == "REFUSED":
        if not desk.life.contract.get("renewal_conditions"):
            desk.warn("A-RENEW-NO-GROUND", "合同未约定续期条件，不予续期缺少依据（城市房地产管理法第22条）")
        return
    end, new = desk.life.right_to, day(desk.data.get("new_end"))
    if new is None:
        raise desk.refuse_field("/data/new_end", "REQUIRED", "批准续期须填写新的终止日")
    if end is not None and new <= end:
        raise desk.refuse("RENEWAL_NOT_LATER", "新的终止日应晚于原终止日")
    if not any(one.data.get("kind") == "EXPIRY" for one in desk.life.of("performance.assessed")):
        desk.warn("NO_EXPIRY_ASSESSMENT", "续期决定前没有到期评估记录")


def conversion_decided(desk: Desk) -> None:
    """Of a lease, after an application; lease and grant together stay within the legal maximum (specification 1.2 row 28)."""
    if desk.life.mode not in LEASES:
        raise desk.refuse("NOT_A_LEASE", "只有租赁土地可以转为出让")
    if not desk.has("conversion.applied"):
        raise desk.refuse("NOT_APPLIED", "尚无转出让申请")
    if desk.data["decision"] != "APPROVED":
        return
    delivered = desk.life.delivered
    start = day(desk.life.contract.get("term_from")) or (delivered.occurred_on if delivered else None)
    end = day(desk.data.get("term_to"))
    if start is not None and end is not None and end > add_years(start, desk.rule("term.max_years")) - 1:
        most = desk.rule("term.max_years")
        raise desk.refuse("TERM_OUT_OF_RANGE", f"租赁与出让年期合计不得超过{most}年", "term.max_years")
    if not any(one.data.get("kind") == "CONVERSION" for one in desk.life.of("performance.assessed")):
        desk.warn("NO_CONVERSION_ASSESSMENT", "转出让决定前没有转出让评估记录")
