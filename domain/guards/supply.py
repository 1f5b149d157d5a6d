"""Guards of admission, contract, agreement, payment and register (specification 2.1, 2.7; contract 3.1)."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Final

from domain.assessment import OPEN_PHASES
from domain.calendar import add_years
from domain.guards.charges import as_recorded, late_fee_left
from domain.guards.desk import Desk
from domain.identifiers import parse_parcel_id
from domain.supervision.life import LEASES, Life, day
from domain.supervision.measures import exact, wan, yuan
from domain.supervision.payments import payables, price_paid, received
from domain.supervision.stage import project_stage

_ALSO_PRICE: Final = {
    "conditions.changed": "price_delta_wan",
    "use_change.approved": "price_supplement_wan",
    "renewal.decided": "price_wan",
    "conversion.decided": "price_wan",
}
"""What is to be paid beside the price of the contract, and in which field it stands."""


def admission_reviewed(desk: Desk) -> None:
    """A project on the list of what is prohibited is not admitted (specification 2.1; 003四(一))."""
    check = desk.data.get("catalogue_check") or {}
    if desk.data["result"] != "FAIL" and check.get("prohibited"):
        raise desk.refuse("CATALOGUE_PROHIBITED", "项目属禁止类，不得评审通过")
    classes, named = desk.rule("admission.env_class"), desk.data.get("env_class")
    if named is not None and named not in classes:
        raise desk.refuse_field("/data/env_class", "NOT_IN_CATALOGUE", f"本地的环评类别为{'、'.join(classes)}")


def contract_signed(desk: Desk) -> None:
    """Admission, agreement, term, price floor and ground; imported history only warns (specification 2.1, 2.7)."""
    if desk.facts.of("contract.signed"):
        raise desk.refuse("CONTRACT_EXISTS", "该宗地已有合同；变更请用更正、补充协议，再次供应请用新的编号（.2）")
    if desk.data.get("onboarding"):
        if _lacks_ground(desk):
            desk.warn("NO_GROUND", "协议出让没有写明理由（ground）")
        return
    _admitted(desk)
    if not desk.facts.of("agreement.signed"):
        if desk.rule("agreement.required"):
            raise desk.refuse("AGREEMENT_REQUIRED", "本地要求先签订监管协议", "agreement.required")
        desk.warn("NO_AGREEMENT", "没有监管协议记录")
    _term(desk)
    _price_floor(desk)
    _rent_step(desk)
    _underground_price(desk)
    if _lacks_ground(desk):
        raise desk.refuse("GROUND_REQUIRED", "协议出让须写明理由（ground），或宗地已入库")


def _lacks_ground(desk: Desk) -> bool:
    """Granted by agreement, with no reason written and no register entry that would be one (specification 2.1)."""
    by_agreement = desk.data.get("supply_mode") == "GRANT_AGREEMENT"
    return by_agreement and not desk.data.get("ground") and not desk.facts.of("register.entered")


def _admitted(desk: Desk) -> None:
    """Guards are strict about history that is ours and lenient about history that is not (contract 3.1)."""
    if not (desk.facts.of("project.registered") or desk.facts.of("admission.reviewed")):
        desk.warn("NO_ADMISSION_RECORD", "没有准入评审记录")
        return
    stage = project_stage(desk.life, [])
    if stage != "ADMITTED":
        needed = desk.names(desk.rule("admission.reviewers"))
        raise desk.refuse("NOT_ADMITTED", f"尚未准入：须有{needed}的通过意见", "admission.reviewers")


def _term(desk: Desk) -> None:
    """Terms are checked on dates: one day above the limit is refused (specification 2.1)."""
    data, mode = desk.data, desk.data.get("supply_mode")
    years = exact(data.get("term_years"))
    low, limit, key = 0, desk.rule("term.max_years"), "term.max_years"
    if mode == "LEASE_LONG":
        low, limit = desk.rule("lease.long_years")
        key = "lease.long_years"
    elif mode == "LEASE_THEN_GRANT":
        limit, key = desk.rule("lease.then_grant_max_years"), "lease.then_grant_max_years"
    start, end = day(data.get("term_from")), day(data.get("term_to"))
    elastic = mode == "ELASTIC"  # below the legal maximum, not up to it
    too_long = years is not None and (years > limit or (elastic and years == limit))
    too_short = years is not None and years < low
    if start is not None and end is not None:
        too_long |= end > add_years(start, limit) - (2 if elastic else 1)
        too_short |= end < add_years(start, low) - 1
    if too_long or too_short:
        if key == "lease.then_grant_max_years" and desk.rule("lease.term_guard") == "WARN":
            desk.warn("TERM_ABOVE_USUAL", f"先租后让的租赁期一般不超过{limit}年")
        else:
            keys = (key, "lease.term_guard") if key == "lease.then_grant_max_years" else (key,)
            within = f"在{low}至{limit}年之间" if low else f"不超过{limit}年"
            raise desk.refuse("TERM_OUT_OF_RANGE", f"使用年限应{within}", *keys)
    usual = desk.rule("term.usual_max_years")
    if usual is None or mode not in ("ELASTIC", *LEASES):
        return
    beyond = start is not None and end is not None and end > add_years(start, usual) - 1
    if beyond or (years is not None and years > usual):
        desk.warn("TERM_ABOVE_USUAL", f"本地租赁、先租后让、弹性年期一般不超过{usual}年")


def _price_floor(desk: Desk) -> None:
    """ELASTIC: at least the 50-year price × years / 50; leases: at least 2 % or the share of the term (2.7)."""
    data, mode = desk.data, desk.data.get("supply_mode")
    if mode != "ELASTIC" and mode not in LEASES:
        return
    assessed, years = yuan(data.get("assessed_price_50y_wan")), exact(data.get("term_years"))
    if assessed is None:
        raise desk.refuse_field(
            "/data/assessed_price_50y_wan", "ASSESSED_PRICE_REQUIRED", "租赁和弹性年期须填写50年期评估价"
        )
    price, rent = yuan(data.get("price_wan")), yuan(data.get("annual_rent_wan"))
    if mode == "ELASTIC" and price is not None and years is not None and price < assessed * years / 50:
        raise desk.refuse(
            "PRICE_BELOW_FLOOR", f"价款低于底价{wan(int(assessed * years / 50))}万元（50年期评估价×年期/50）"
        )
    least = desk.rule("rent.adjust")[0]
    if mode == "LEASE_LONG" and rent is not None and rent < assessed * least:
        floor = f"{float(least * 100):g}%（{wan(int(assessed * least))}万元）"
        raise desk.refuse("RENT_BELOW_FLOOR", f"年租金低于50年期评估价的{floor}", "rent.adjust")
    if mode == "LEASE_THEN_GRANT" and rent is not None and rent < Fraction(assessed, 50):
        raise desk.refuse("RENT_BELOW_FLOOR", f"租金总额低于50年期评估价×租期/50（每年{wan(assessed // 50)}万元）")


def _rent_step(desk: Desk) -> None:
    """A rent that may be adjusted: a cycle of at least 5 years, at most 10 % a step (specification 1.2 row 27, 2.7)."""
    step: Any = desk.data.get("rent_step")
    if not step:
        return
    _, years, most = desk.rule("rent.adjust")
    if step["cycle_y"] < years:
        raise desk.refuse_field("/data/rent_step/cycle_y", "OUT_OF_RANGE", f"租金调整周期不少于{years}年")
    if (exact(step["max_rise"]) or 0) > most:
        raise desk.refuse_field("/data/rent_step/max_rise", "OUT_OF_RANGE", f"每次调整涨幅不超过{float(most * 100):g}%")


def _underground_price(desk: Desk) -> None:
    """First level: half the surface price of as much land; second: half of that; parking: 0.75 % of the assessed price.

    Deeper levels may be free (specification 1.2 row 44; 003四(四)).
    """
    key, data = "underground.price_ratios", desk.data
    land, surface = exact(data.get("area_m2")), yuan(data.get("price_wan")) or yuan(data.get("assessed_price_50y_wan"))
    assessed = yuan(data.get("assessed_price_50y_wan")) or surface
    if not land or surface is None or assessed is None:
        return
    first, second, parking = (Fraction(str(one)) for one in desk.rule(key))
    for layer in data.get("underground") or ():
        level, area = layer["level"], exact(layer["area_m2"]) or Fraction(0)
        if level > 2:
            continue
        share, price = (first if level == 1 else first * second), surface
        if layer.get("parking"):
            share, price = parking, assessed
        floor = price * share * area / land
        if (yuan(layer["price_wan"]) or 0) < floor:
            raise desk.refuse(
                "UNDERGROUND_PRICE_BELOW_FLOOR",
                f"地下{level}层价款低于{wan(int(floor))}万元（地表价的{float(share * 100):g}%）",
                key,
            )


def agreement_signed(desk: Desk) -> None:
    """Signed with the contract; later only warns (specification 2.7)."""
    contract = desk.life.contract_fact
    if contract is not None and desk.day > contract.occurred_on and not desk.life.onboarded_on:
        desk.warn("AGREEMENT_AFTER_CONTRACT", "监管协议晚于合同签订")


def agreement_amended(desk: Desk) -> None:
    """There must be an agreement to amend (specification 2.4)."""
    if not desk.has("agreement.signed"):
        raise desk.refuse("NO_AGREEMENT_TO_AMEND", "没有可补充的监管协议")


def payment_received(desk: Desk) -> None:
    """A payment above what is open is refused: open principal and late fee (specification 2.7, 11.14, 11.17)."""
    if not desk.facts.of("contract.signed", "lineage.recorded"):
        desk.warn("OUT_OF_SEQUENCE", "尚无合同记录，缴款已登记")
        return
    amount, number = yuan(desk.data["amount_wan"]) or 0, desk.data.get("instalment_no")
    life = as_recorded(desk)
    items = [one for one in payables(life) if one.code != "O-BOND"]  # a bond is posted, not paid
    named = [one for one in items if number is not None and one.no == str(number)]
    if number is not None and items and not named:
        raise desk.refuse("INSTALMENT_UNKNOWN", f"合同没有第{number}期款或该年度租金")
    if not items:
        _within_the_price(desk, life, amount)
        return
    own = named or items
    open_ = sum(max(one.open, 0) for one in own) + late_fee_left(desk, life, own, items)
    if amount > open_:
        raise desk.refuse(
            "PAYMENT_ABOVE_OPEN", f"缴款{wan(amount)}万元超过尚欠{wan(open_)}万元", "pay.late_permille_day"
        )


def _within_the_price(desk: Desk, life: Life, amount: int) -> None:
    """Where no instalments were agreed the whole price is open; a rent without its day may be paid beside it."""
    if life.price is None or life.contract.get("annual_rent_wan") is not None:
        return
    more = sum(yuan(fact.data.get(name)) or 0 for type_, name in _ALSO_PRICE.items() for fact in life.of(type_))
    open_ = life.price + more - sum(yuan(data["amount_wan"]) or 0 for _, data in received(life))
    if amount > open_:
        raise desk.refuse("PAYMENT_ABOVE_OPEN", f"缴款{wan(amount)}万元超过价款中尚欠的{wan(max(open_, 0))}万元")


def title_registered(desk: Desk) -> None:
    """Refused while rent is in arrears or determined idle land is not disposed of; unpaid price only warns (specification 5.1, 11.27)."""
    parcel, unit = parse_parcel_id(desk.command.parcel_id), desk.data.get("unit_code")
    if parcel.form == "cadastral" and unit and unit[:19] != parcel.text[:19]:
        raise desk.refuse_field(
            "/data/unit_code", "UNIT_OF_ANOTHER_PARCEL", f"单元代码应以本宗地代码{parcel.text[:19]}开头"
        )
    registration_gate(desk)
    if desk.data.get("kind") == "FIRST" and desk.life.price and not price_paid(payables(desk.life)):
        desk.warn("PRICE_NOT_ON_RECORD", "土地价款尚未全部缴清（以记录为准）")


def registration_gate(desk: Desk) -> None:
    """No registration while rent is in arrears, or while idle land is determined and not disposed of (specification 5.1)."""
    if any(
        one.phase in OPEN_PHASES and (one.obligation or "").startswith("O-RENT/") for one in desk.assessment.breaches
    ):
        raise desk.refuse("RENT_IN_ARREARS", "租金尚未缴清，不予登记")
    acts = desk.life.of("idle.determined", "idle.disposed")
    standing = bool(acts) and acts[-1].type == "idle.determined" and desk.rule("idle.freeze")
    if standing and desk.assessment.idle_determination.startswith("IDLE"):  # RELEASED once the basis has ended
        raise desk.refuse("IDLE_NOT_DISPOSED", "已认定为闲置土地且尚未处置，不予登记", "idle.freeze")


def policy_granted(desk: Desk) -> None:
    """Only parcels in the register that the jurisdiction asks for (specification 1.3 row 57)."""
    gate = desk.rule("register.gate")
    if gate is None:
        return
    entries = [f for f in desk.life.of("register.entered", "register.left") if f.data.get("register") == gate]
    if not entries or entries[-1].type == "register.left":
        raise desk.refuse(
            "NOT_IN_REGISTER", f"该宗地不在规则要求的名录（{gate}）中，不能适用再开发政策", "register.gate"
        )
