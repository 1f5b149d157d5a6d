"""Packs inherit, name their sources, and are refused with the line."""

import pytest

from domain.event import Event, day_number
from domain.policy import PackRefused, RuleBook, read_pack, shipped_packs
from domain.policy_keys import KEYS

HEAD = 'code = "999999"\nname = "x"\nversion = 1\nstatus = "IN_FORCE"\ndrafts = "APPLY"\n\n[values]\n'


def test_the_base_pack_sets_every_key_with_a_source():
    base = next(pack for pack in shipped_packs() if pack.code == "000000")
    assert set(base.values) == set(KEYS)
    assert all(value.source and value.layer and value.status for value in base.values.values())


def test_a_district_inherits_from_city_province_and_nation():
    book = RuleBook.shipped()
    day = day_number("2024-01-01")
    assert book.rules("371502").get("register.gate", day) == "PROVINCIAL"
    assert book.rules("371502").id == "371500/1"
    assert book.rules("120114").get("term.usual_max_years", day) == 20
    assert book.rules("230811").get("term.usual_max_years", day) is None
    assert book.rules("440305").id == "000000/1"


def test_in_heping_the_science_bureau_takes_the_place_of_the_industry_bureau():
    rules = RuleBook.shipped().rules("120101")
    assert rules.assessment_lead == "STB"
    assert rules.entitled("performance.assessed", "STB") and not rules.entitled("performance.assessed", "MIIT")
    assert rules.supervisors["O-REACH"] == ("STB",)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            '"remind.colour" = { value = 1, layer = "CITY", status = "IN_FORCE", source = "x" }',
            "第8行：未知参数 remind.colour",
        ),
        (
            '"remind.idle_days" = { value = 1, layer = "CITY", status = "IN_FORCE" }',
            "第8行：参数 remind.idle_days 没有写明依据",
        ),
        (
            '"remind.idle_days" = { value = "many", layer = "CITY", status = "IN_FORCE", source = "x" }',
            "第8行：参数 remind.idle_days 应为int",
        ),
    ],
)
def test_a_faulty_pack_is_refused_with_the_line(line, message):
    with pytest.raises(PackRefused, match=message):
        read_pack(HEAD + line, "x.toml")


def test_a_contradiction_is_refused():
    entry = '{{ value = {}, layer = "CITY", status = "IN_FORCE", source = "x" }}'
    text = HEAD + f'"assess.process.from_years" = {entry.format(6)}\n"assess.process.to_years" = {entry.format(5)}'
    with pytest.raises(PackRefused, match="自相矛盾"):
        read_pack(text, "x.toml")


def amended(position, key, value, valid_from):
    data = {"rule_set": "120114", "key": key, "value": value, "valid_from": valid_from}
    return Event(
        str(position),
        "jurisdiction:120114",
        position,
        position,
        "rules.amended",
        1,
        1,
        position,
        "120114",
        "NRP",
        None,
        None,
        {"no": "津武〔2024〕1号"},
        None,
        data,
    )


def installed(position, pack):
    data = {"pack": pack.code, "version": pack.version, "sha256": pack.sha256, "content": pack.content}
    return Event(
        str(position),
        f"jurisdiction:{pack.code}",
        1,
        position,
        "rules.installed",
        1,
        1,
        position,
        pack.code,
        None,
        None,
        None,
        None,
        None,
        data,
    )


def test_an_amendment_takes_effect_from_its_day_and_old_days_keep_the_old_value():
    packs = [installed(n, pack) for n, pack in enumerate(shipped_packs(), start=1)]
    book = RuleBook.from_events([*packs, amended(20, "remind.payment_days", 45, "2024-06-01")])
    rules = book.rules("120114")
    assert rules.get("remind.payment_days", day_number("2024-05-31")) == 30
    assert rules.get("remind.payment_days", day_number("2024-06-01")) == 45
    assert rules.value("remind.payment_days", day_number("2024-06-01")).source == "津武〔2024〕1号"
    assert book.rules("120101").get("remind.payment_days", day_number("2024-06-01")) == 30
    assert rules.changes_after(day_number("2024-01-01")) == day_number("2024-06-01")
