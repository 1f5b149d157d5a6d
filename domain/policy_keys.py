"""The parameters of specification part 10: every key that a pack may set, with the form of its value.

A pack with a key that does not stand here is refused. Forms: int, ratio (exact), bool, text, list, map; any may be
null ("not checked, not computed").
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

_INT = """
remind.milestone_days remind.payment_days remind.cure_days remind.filing_days remind.idle_days remind.lease_end_days
remind.term_months term.apply_months assess.expiry.from_months pay.first_due_days pay.terminate_after_days topup.due_days
refund.year_days idle.answer_days idle.fee_due_days idle.hearing_workdays idle.notice_before_recovery_days
lease.then_grant_max_years term.max_years term.usual_max_years transition.years breach.notice_workdays breach.answer_days
escalation.interview_days extension.government.max_years extension.government.max_count extension.enterprise.max_years
extension.enterprise.max_count extension.enterprise.request_days exit.vs.notice_days exit.fp.failures
assess.reach.window_months assess.process.from_years assess.process.to_years rank.last_n rank.years filing.months
draft.production_after_completion draft.capacity_after_production
cure.O-PAY cure.O-RENT cure.O-BOND cure.O-USE cure.O-IND cure.O-LET cure.O-EQUITY cure.O-START cure.O-COMPLETE cure.O-PROD
cure.O-FAR cure.O-BCOEF cure.O-OFFICE-L cure.O-OFFICE-F cure.O-NOHOUSE cure.O-GREEN cure.O-PUBLIC cure.O-REACH
cure.O-INVEST cure.O-OUTPUT cure.O-TAX cure.O-VA cure.O-ENERGY cure.O-RD cure.O-EMIT cure.O-LABOUR cure.O-TRANSFER
cure.O-TERM cure.O-PRICE5 cure.O-FILE
"""
_RATIO = """
bcoef.national_min let.own_use_min equity.max_change pay.late_permille_day ld.start_permille_day ld.complete_permille_day
ld.cap_ratio idle.area_ratio idle.invest_ratio idle.fee_rate rent.min_ratio office.land_max office.floor_max
exit.transfer.invest_ratio lowefficiency.k grade.cap grade.a grade.b_cumulative grade.d geo.area_warn_ratio
"""
_BOOL = """
calendar.roll.milestones calendar.roll.idle alert.during_exit agreement.required pay.close_requires_late_fee
ld.complete_needs_start idle.stopped.free_recovery idle.freeze extension.enterprise.shifts_idle assess.process.alerts
assess.items_from_reports rank.gap_breaks_run
"""
_TEXT = """
onboarding.earlier_due assessment.lead development.area refund.method split.apportion idle.stopped.fee idle.stopped.close
lease.term_guard register.gate extension.count_per exit.vs.refund exit.fp.money exit.withdrawn.counts exit.cancel_guard
assess.pass grade.allocation rank.indicator rank.ties filing.from code.supervision.suffix code.project.pattern
"""
_LIST = """
calendar.roll.acts alert.red admission.env_class admission.reviewers investment.development.excludes bond.release_shares
ld.start_stops_at idle.government_options idle.shifting_causes lease.long_years rent.adjust underground.price_ratios
escalation.exit_when breach.inspection_closes exit.grant_tenures exit.mta.breaches exit.on_request assess.perf.kinds
grade.order grade.veto filing.doc_types code.unit.rules code.unit.building_digits code.unit.spaces_after
code.landuse.2017 geo.crs_3deg
"""
_MAP = "idle.effect_of_determination exit.sign_offs area.weights code.supervision.letters code.division.changes"

KEYS: Final[Mapping[str, str]] = {
    key: form
    for form, keys in (
        ("int", _INT), ("ratio", _RATIO), ("bool", _BOOL), ("text", _TEXT), ("list", _LIST), ("map", _MAP)
    )
    for key in keys.split()
}  # fmt: skip

PAIRS: Final = (
    ("assess.process.from_years", "assess.process.to_years"),
    ("term.apply_months", "remind.term_months"),
    ("grade.a", "grade.b_cumulative"),
)
"""Pairs of which the first may not be above the second: a pack that says otherwise contradicts itself."""


def parse_value(key: str, raw: Any) -> Any:
    """A value as the engine reads it. Raises ValueError when the key is unknown or the form is another."""
    form = KEYS.get(key)
    if form is None:
        raise ValueError(f"未知参数 {key}")
    if raw is None or raw == "null":
        return None
    whole = isinstance(raw, int) and not isinstance(raw, bool)
    if form == "ratio" and (whole or isinstance(raw, str)):
        return Fraction(str(raw))
    if form == "list" and isinstance(raw, list):
        return tuple(raw)
    if (form == "int" and whole) or isinstance(raw, {"bool": bool, "text": str, "map": dict}.get(form, ())):
        return raw
    raise ValueError(f"参数 {key} 应为{form}，写成了 {raw!r}")
