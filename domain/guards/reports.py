"""Facts: taken even out of sequence, with a warning; figures that cannot be are refused (specification 2.7, 11.17)."""

from __future__ import annotations

from typing import Final

from domain.calendar import add_months
from domain.guards.desk import Desk
from domain.supervision.exit_kinds import seizure
from domain.supervision.measures import exact
from domain.supervision.payments import payables
from domain.supervision.performance import EMITTERS
from domain.supervision.settlement import missing_sign_offs, open_items

PREREQUISITES: Final = {
    "land.delivered": ("contract.signed",),
    "title.registered": ("contract.signed",),
    "construction.permitted": ("contract.signed",),
    "construction.started": ("land.delivered",),
    "construction.progress_reported": ("construction.started",),
    "construction.stopped": ("construction.started",),
    "construction.resumed": ("construction.stopped",),
    "construction.completed": ("construction.started",),
    "construction.verified": ("construction.completed",),
    "production.started": ("construction.completed", "construction.verified"),
    "capacity.declared": ("production.started",),
    "title.cancelled": ("exit.opened",),
    "land.returned": ("exit.opened",),
    "seizure.lifted": ("seizure.imposed",),
    "renewal.applied": ("contract.signed",),
    "conversion.applied": ("contract.signed",),
    "extension.requested": ("contract.signed",),
}  # fmt: skip


def out_of_sequence(desk: Desk) -> None:
    """A prerequisite that was not reported: a warning; the stage waits for it, but not for a verification (specification
    2.1, 11.17).
    """
    missing = [
        one
        for one in PREREQUISITES.get(desk.command.type, ())
        if not desk.has(one) and not desk.has("lineage.recorded")
    ]
    if missing:
        desk.warn("OUT_OF_SEQUENCE", f"前置事件尚未上报：{'、'.join(missing)}")


def construction_started(desk: Desk) -> None:
    """A start without a permit on record fulfils nothing until the permit is reported (specification 11.37)."""
    if desk.data.get("unlawful"):
        return
    if not desk.data.get("permit_no") and not desk.has("construction.permitted"):
        desk.warn("OUT_OF_SEQUENCE", "没有施工许可记录，补报之前不视为依法开工")


def indicators_reported(desk: Desk) -> None:
    """Each figure comes from its own department (specification 2.4, 8.12 no. 11)."""
    for key, owner in EMITTERS.items():
        if key in desk.data and desk.command.department not in (None, owner):
            raise desk.refuse_department("NOT_THE_EMITTER", f"{key}由{desk.names((owner,))}上报")
    _research_within_revenue(desk)


def _research_within_revenue(desk: Desk) -> None:
    """R&D is a part of the revenue of the same period, whichever of the two is reported first (2.7)."""
    alike = [
        fact.data
        for fact in desk.facts.of("indicators.reported")
        if all(fact.data.get(key) == desk.data.get(key) for key in ("period", "scope"))
    ]
    known = {key: exact(said[key]) for said in [*alike, desk.data] for key in ("rd_wan", "revenue_wan") if key in said}
    spent, revenue = known.get("rd_wan"), known.get("revenue_wan")
    for key in ("rd_wan", "revenue_wan"):
        if key in desk.data and spent is not None and revenue is not None and spent > revenue:
            raise desk.refuse_field(
                f"/data/{key}",
                "RD_ABOVE_REVENUE",
                "同一期间的研发经费大于主营业务收入，请核对；对方上报有误的，先由其更正",
            )


def progress_reported(desk: Desk) -> None:
    """Cumulative figures of one department never fall unless by a correction; no more land is built than there is
    (specification 2.7). Another department may differ (specification 11.16).
    """
    own = [
        fact for fact in desk.life.of("construction.progress_reported") if fact.department == desk.command.department
    ]
    for key in ("invest_excl_land_wan", "invest_fixed_total_wan", "developed_m2"):
        value = exact(desk.data.get(key))
        if value is None:
            continue
        earlier = [exact(fact.data.get(key)) for fact in own]
        before = [one for one in earlier if one is not None]
        if before and value < before[-1]:
            raise desk.refuse_field(
                f"/data/{key}", "BELOW_PREVIOUS", f"累计值{desk.data[key]}低于上次上报，如上次有误请用更正"
            )
    area, developed = exact(desk.life.contract.get("area_m2")), exact(desk.data.get("developed_m2"))
    if area is not None and developed is not None and developed > area:
        raise desk.refuse_field(
            "/data/developed_m2", "ABOVE_AREA", f"动工开发面积超过合同面积{desk.life.contract['area_m2']}平方米"
        )


def title_cancelled(desk: Desk) -> None:
    """A fact of the register: open items come back as a warning and stay due as claims, missing sign-offs too; a pack may
    refuse instead where they block (specification 5.2, 5.3, 11.9, 11.37).
    """
    life = desk.life
    seized = seizure(life) is not None
    items = open_items(life, desk.assessment.amounts, payables(life), seized=seized)
    blocking = "；".join(one.words for one in items if one.blocking)
    if blocking and desk.rule("exit.cancel_guard") == "REFUSE":
        raise desk.refuse("SETTLEMENT_OPEN", f"尚有未结事项：{blocking}", "exit.cancel_guard")
    if items:
        desk.warn("SETTLEMENT_OPEN", f"尚有未结事项，仍应清偿：{'；'.join(one.words for one in items)}")
    unsigned = missing_sign_offs(life)
    if unsigned:
        message = f"尚无{desk.names(tuple(unsigned))}的会签或批准"
        if desk.rule("exit.cancel_guard") == "REFUSE":
            raise desk.refuse("SIGN_OFFS_MISSING", message, "exit.cancel_guard", "exit.sign_offs")
        desk.warn("SIGN_OFFS_MISSING", message)
    filed = desk.life.of("remedy.filed", "remedy.decided")
    if filed and filed[-1].type == "remedy.filed" and filed[-1].data.get("stay"):
        desk.warn("STAYED", "复议或诉讼期间已裁定停止执行")


def renewal_applied(desk: Desk) -> None:
    """A late application is recorded as late and gives no right to renewal (specification 6.1)."""
    end = desk.life.right_to
    if end is None:
        return
    months = desk.rule("term.apply_months")
    if desk.day > desk.life.rolled(add_months(end, -months), "application", desk.day):
        desk.warn("RENEWAL_LATE", f"晚于届满前{months}个月提出，不当然享有续期")
