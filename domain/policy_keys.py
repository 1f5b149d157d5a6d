"""The parameters of specification part 10: every key that a pack may set, its form, unit and section, in one place.

A pack with a key that does not stand here is refused. Forms:
`int` (≥ 0) · `ratio` (exact, ≥ 0) · `share` (exact, 0 to 1) · `bool` · `text` · `day` · `one` of the names that follow ·
`ints`, `ratios`, `texts` (tuples) · `set` of the names that follow · `department`, `departments`, `departments_map` · `map` of
texts · `substitutes` (map of departments) · `lists` (map of texts). `?` after the form: may be null ("not checked, not computed").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

from domain.events.contract import SupplyMode
from domain.events.model import Cause, ExitKindCode
from domain.policy_forms import FORM_NAMES, FORMS
from domain.wording import BREACHES

_BREACHES: Final = " ".join(BREACHES)
_SUPPLY_MODES: Final = " ".join(get_args(SupplyMode))
_CAUSES: Final = " ".join(get_args(Cause))
_EXIT_KINDS: Final = " ".join(get_args(ExitKindCode))

_REGISTRY: Final = f"""
calendar.roll.acts set - 4.2 payment filing application answer cure
calendar.roll.milestones bool - 4.2
calendar.roll.idle bool - 4.2
remind.milestone_days int d 8.1
remind.payment_days int d 8.1
remind.cure_days int d 8.1
remind.filing_days int d 8.1
remind.idle_days int d 8.1
remind.lease_end_days int d 8.1
remind.term_months int months 8.1
term.apply_months int months 8.1
assess.expiry.from_months int months 6.1
alert.levels lists - 2.5
alert.during_exit bool - 5.4
departments.map substitutes - 2.2
admission.env_class set - 2.4 REPORT FORM REGISTRATION
admission.reviewers departments - 11.24
agreement.required bool - 11
onboarding.earlier_due one - 2.1 NOT_REPORTED
assessment.lead department - 2.2
cure.O-PAY int? d 3.2
cure.O-RENT int? d 3.2
cure.O-BOND int? d 3.2
cure.O-USE int? d 3.2
cure.O-IND int? d 3.2
cure.O-LET int? d 3.2
cure.O-EQUITY int? d 3.2
cure.O-START int? months 3.2
cure.O-COMPLETE int? months 3.2
cure.O-PROD int? months 3.2
cure.O-FAR int? months 3.2
cure.O-BCOEF int? months 3.2
cure.O-OFFICE-L int? months 3.2
cure.O-OFFICE-F int? months 3.2
cure.O-NOHOUSE int? months 3.2
cure.O-GREEN int? months 3.2
cure.O-PUBLIC int? months 3.2
cure.O-REACH int? months 3.2
cure.O-INVEST int? months 3.2
cure.O-OUTPUT int? months 3.2
cure.O-TAX int? months 3.2
cure.O-VA int? months 3.2
cure.O-ENERGY int? months 3.2
cure.O-RD int? months 3.2
cure.O-EMIT int? months 3.2
cure.O-LABOUR int? months 3.2
cure.O-TRANSFER int? months 3.2
cure.O-TERM int? months 3.2
cure.O-PRICE5 int? months 3.2
cure.O-FILE int? months 3.2
bond.release_shares ratios ratio 3.2
draft.production_after_completion int months 3.2
draft.capacity_after_production int months 3.2
bcoef.national_min share? ratio 3.2
let.own_use_min share? ratio 3.2
equity.max_change share? ratio 3.2
investment.development.excludes set - 3.1 LAND_PRICE STATE_TAXES
development.area one - 2.7 CONTRACT_AREA
pay.first_due_days int d 3.2
pay.late_permille_day ratio? ‰/d 3.3
pay.terminate_after_days int d 5.1
pay.close_requires_late_fee bool - 4.7
ld.start_permille_day ratio? ‰/d 3.3
ld.complete_permille_day ratio? ‰/d 3.3
ld.start_stops_at set - 8.1 construction.started exit.opened
ld.complete_needs_start bool - 8.1
ld.cap_ratio share? ratio 3.3
topup.due_days int d 3.3
refund.method one - 3.3 PRO_RATA_TERM
refund.year_days int d 3.3
split.apportion one - 8.12 BY_AREA
idle.area_ratio share ratio 4.3
idle.invest_ratio share ratio 4.3
idle.fee_rate share ratio 3.3
idle.stopped.fee one - 4.3 CONTRACT
idle.stopped.free_recovery bool - 4.3
idle.stopped.close one - 4.7 RESUMED_AND_BOTH_RATIOS
idle.answer_days int d 4.3
idle.fee_due_days int d 4.3
idle.hearing_workdays int d 11.8
idle.government_options set - 4.3 EXTEND CHANGE_USE INTERIM_USE PAID_RECOVERY EXCHANGE OTHER
idle.freeze bool - 4.3
idle.notice_before_recovery_days int? d 4.3
idle.shifting_causes set - 4.3 {_CAUSES}
idle.effect_of_determination map - 4.3
lease.long_years ints y 2.1
lease.then_grant_max_years int y 2.1
lease.term_guard one - 2.1 REFUSE WARN
term.max_years int y 2.7
term.usual_max_years int? y 1.6
rent.adjust ratios - 1.2
underground.price_ratios ratios ratio 1.2
transition.years int y 1.2
office.land_max share? ratio 3.2
office.floor_max share? ratio 3.2
register.gate one? - 1.3 LOW_EFFICIENCY LEGACY PROBLEM PROVINCIAL
breach.notice_workdays int d 4.4
breach.answer_days int d 4.4
escalation.interview_days int d 4.4
escalation.exit_when set - 4.4 IDLE_Y2_ENTERPRISE TWO_FAILURES_AND_CLAUSE PRICE_UNPAID_60 UNAUTHORISED_USE
breach.inspection_closes set - 4.1 {_BREACHES}
extension.government.max_years int y 4.5
extension.government.max_count int - 4.5
extension.enterprise.max_years int y 4.5
extension.enterprise.max_count int - 4.5
extension.enterprise.request_days int d 4.5
extension.enterprise.shifts_idle bool - 4.3
extension.count_per one - 4.5 CONTRACT_AND_KIND
exit.vs.notice_days int d 5.1
exit.vs.refund one - 5.1 PRICE_LESS_DEPOSIT_LESS_IDLE_FEE
exit.transfer.invest_ratio share ratio 5.1
exit.grant_tenures set - 5.1 {_SUPPLY_MODES}
exit.mta.breaches set - 5.1 {_BREACHES}
exit.fp.failures int - 5.1
exit.fp.money one - 5.1 PRO_RATA_PLUS_BUILDINGS_LESS_DEBTS
exit.withdrawn.counts one - 5.4 AS_NEVER_OPENED
exit.on_request set - 5.1 {_EXIT_KINDS}
exit.cancel_guard one - 5.2 WARN REFUSE
exit.sign_offs departments_map - 5.3
assess.reach.window_months int months 6.1
assess.process.from_years int y 6.1
assess.process.to_years int y 6.1
assess.process.alerts bool - 6.1
assess.pass one - 6.1 ALL_HARD_ITEMS
assess.perf.kinds set - 3.2 START_COMPLETE REACH PROCESS EXPIRY CONVERSION
assess.items_from_reports bool - 2.4
lowefficiency.k ratio ratio 1.5
grade.cap ratio - 6.2
grade.a share ratio 6.2
grade.b_cumulative share ratio 6.2
grade.d share ratio 6.2
grade.order texts - 6.2 SCORE TAX_PER_MU USCC
grade.veto set - 6.2 MAJOR_ACCIDENT TAX_FRAUD
grade.allocation one - 6.2 BY_AREA
grade.names map - 6.2
area.weights map - 6.3
rank.indicator one - 6.4 LAND_PER_GDP
rank.ties one - 6.4 BETTER
rank.gap_breaks_run bool - 6.4
rank.last_n int - 6.4
rank.years int y 6.4
filing.months int months 8.1
filing.doc_types set - 8.1 SPECIAL_PLAN SCHEME LAND_APPROVAL SUPPLY_RESULT AGREEMENT PROGRESS
filing.triggers map - 8.1
filing.from day - 8.1
code.unit.rules texts - 7.1
code.unit.building_digits ints - 7.1
code.unit.spaces_after ints - 7.1
code.supervision.letters map - 7.2
code.supervision.suffix text - 7.2
code.division.changes map - 7.4
code.landuse.2017 texts - 7.6
code.project.pattern text - 7.9
geo.area_warn_ratio share ratio 7.7
geo.crs_3deg ints EPSG 7.7
"""


@dataclass(slots=True, frozen=True)
class Key:
    """One parameter: form of its value, unit (None: it has none), section of the specification, allowed names."""

    form: str
    nullable: bool
    unit: str | None
    section: str
    names: frozenset[str]


def _read(line: str) -> tuple[str, Key]:
    key, form, unit, section, *names = line.split()
    bare = form.removesuffix("?")
    return key, Key(bare, bare != form, None if unit == "-" else unit, section, frozenset(names))


KEYS: Final[Mapping[str, Key]] = dict(map(_read, _REGISTRY.strip().splitlines()))

OBLIGATIONS: Final = frozenset(key.removeprefix("cure.") for key in KEYS if key.startswith("cure.")) | {"O-LAWFUL"}
"""The codes of specification 3.2, and that of an unlawful start (11.18)."""
DOC_TYPES: Final = KEYS["filing.doc_types"].names
FILING_TRIGGERS: Final = frozenset(
    {"document.approved", "contract.signed", "agreement.signed", "agreement.amended", "extension.decided"}
)
"""The event types that may bring a filing duty (specification 8.1)."""
EXIT_KINDS: Final = frozenset(_EXIT_KINDS.split())
IDLE_RESULTS: Final = frozenset({"IDLE_ENTERPRISE", "IDLE_GOVERNMENT", "FORCE_MAJEURE", "NOT_IDLE"})
IDLE_EFFECTS: Final = frozenset({"DETERMINED", "EXEMPTED", "WITHDRAWN"})

ORGANISATION: Final = frozenset({"departments.map", "assessment.lead"})
"""Keys that say who is who: they have no day. What a pack or an amendment says of them holds as soon as it is known."""


def parse_value(key: str, raw: Any) -> Any:
    """A value of a pack or an amendment as the engine reads it. Raises ValueError when the key is unknown or the form is another."""
    known = KEYS.get(key)
    if known is None:
        raise ValueError(f"未知参数 {key}")
    if raw is None or raw == "null":
        if known.nullable:
            return None
        raise ValueError(f"参数 {key} 不能为空")
    try:
        return FORMS[known.form](raw, known.names)
    except (TypeError, ValueError, ZeroDivisionError) as error:
        hint = f"：{error}" if type(error) is ValueError else ""
        raise ValueError(f"参数 {key} 应为{FORM_NAMES[known.form]}，写成了 {repr(raw)[:80]}{hint}") from None
