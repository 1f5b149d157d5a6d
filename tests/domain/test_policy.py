"""Rules inherit layer by layer, change from their day, and say which text they rest on."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.amendments import AmendmentRefused
from domain.amendments import amended as amend
from domain.event import Event, day_number
from domain.events import CATALOGUE
from domain.policy import RuleBook, Rules, read_pack, shipped_packs
from domain.policy_keys import KEYS
from domain.policy_layers import Layer, timelines
from domain.policy_pack import Value, shipped_base

DAY = day_number("2025-01-01")
HEAD = 'code = "{}"\nname = "x"\nversion = {}\nstatus = "IN_FORCE"\ndrafts = "{}"\n[values]\n'


def pack(code, *lines, version=1, drafts="APPLY"):
    return read_pack(HEAD.format(code, version, drafts) + "\n".join(lines))


def entry(key, value, status="IN_FORCE", extra=""):
    return f'"{key}" = {{ value = {value}, layer = "CITY", status = "{status}", source = "x"{extra} }}'


def event(position, stream, kind, data, document=None):
    return Event(
        str(position), stream, position, position, kind, 1, DAY, position, stream.partition(":")[2], "NRP", None, None,
        document, None, data,
    )  # fmt: skip


def installed(position, one):
    data = {"pack": one.code, "version": one.version, "sha256": one.sha256, "content": one.content}
    return event(position, f"jurisdiction:{one.code}", "rules.installed", data)


def amended(position, code, key, value, valid_from, **more):
    data = {"rule_set": code, "key": key, "value": value, "valid_from": valid_from, **more}
    return event(position, f"jurisdiction:{code}", "rules.amended", data, {"no": "津武〔2024〕1号"})


def book(*events, packs=()):
    """The book of a log: the shipped packs, further packs, then events."""
    first = [installed(number, one) for number, one in enumerate([*shipped_packs(), *packs], start=1)]
    return RuleBook.from_events([*first, *events])


def on(rules, key, day):
    return rules.get(key, day_number(day))


# --- inheritance


def test_the_base_pack_sets_every_key_with_a_source():
    base = shipped_base()
    assert set(base.values) == set(KEYS)
    assert all(value.source and value.layer and value.status for value in base.values.values())


def test_a_district_inherits_from_city_province_and_nation():
    shipped = RuleBook.shipped()
    assert shipped.rules("371502").get("register.gate", DAY) == "PROVINCIAL"
    assert shipped.rules("371502").id == "371500/1"
    assert shipped.rules("371502").get("grade.names", DAY)["D"] == "限制发展类"
    assert shipped.rules("120114").get("term.usual_max_years", DAY) == 20
    assert shipped.rules("230811").get("term.usual_max_years", DAY) is None
    assert shipped.rules("440305").id == "000000/2"


def test_a_value_has_force_only_where_its_text_binds():
    shipped = RuleBook.shipped()
    late_fee = {
        code: shipped.rules(code).value("pay.late_permille_day", DAY) for code in ("120114", "371502", "230811")
    }
    assert {code: value.value for code, value in late_fee.items()} == dict.fromkeys(late_fee, Fraction(1))
    assert (late_fee["120114"].status, late_fee["120114"].layer) == ("IN_FORCE", "CITY")
    assert {late_fee[code].status for code in ("371502", "230811")} == {"DEFAULT"}
    assert shipped.rules("120114").value("rank.last_n", DAY).status == "DRAFT"


def test_the_values_of_a_pack_hold_from_its_day():
    liaocheng = RuleBook.shipped().rules("371502")
    assert on(liaocheng, "register.gate", "2020-10-22") is None
    assert on(liaocheng, "register.gate", "2020-10-23") == "PROVINCIAL"
    assert on(liaocheng, "filing.doc_types", "2020-10-22") == ()
    assert liaocheng.changes_after(day_number("2020-10-01")) == day_number("2020-10-23")


def test_an_unknown_parameter_is_a_key_error():
    with pytest.raises(KeyError):
        RuleBook.shipped().rules("120114").get("remind.colour", DAY)


# --- who is who


def test_in_heping_the_science_bureau_takes_the_place_of_the_industry_bureau():
    rules = RuleBook.shipped().rules("120101")
    assert rules.assessment_lead == "STB"
    assert rules.supervisors["O-REACH"] == ("STB",) == rules.get("supervisors", DAY)["O-REACH"]
    assert on(rules, "admission.reviewers", "1999-01-01") == ("DRC", "STB", "NRP", "EEB")
    assert "MIIT" not in rules.get("exit.sign_offs", DAY)["FP"]
    assert not [name for name in CATALOGUE if rules.entitled(name, "MIIT") and name not in EVERYONE]


EVERYONE = {"report.corrected", "report.withdrawn", "site.inspected"}
"""Types that every department may post."""


def test_where_there_is_an_industry_bureau_it_alone_leads_the_assessments():
    rules = RuleBook.shipped().rules("120114")
    assert rules.assessment_lead == "MIIT"
    assert rules.entitled("performance.assessed", "MIIT")
    assert not rules.entitled("performance.assessed", "STB")


def test_investment_promotion_takes_part_in_admission_where_the_seed_says_so():
    shipped = RuleBook.shipped()
    may = {code: shipped.rules(code).entitled("admission.reviewed", "IPB") for code in ("120114", "120101", "371502")}
    assert may == {"120114": True, "120101": True, "371502": False}


def test_a_duty_that_no_pack_names_is_that_of_the_specification_and_marked_so():
    shipped = RuleBook.shipped()
    assert shipped.rules("230811").duty("project.approved").status == "DEFAULT"
    assert shipped.rules("371502").duty("project.approved").status == "IN_FORCE"
    assert shipped.rules("230811").departments_for("project.approved") == CATALOGUE["project.approved"].departments


def test_a_duty_towards_parcels_says_nothing_of_areas():
    line = '[entitlements]\nsource = "x"\nlayer = "CITY"\nstatus = "IN_FORCE"\n"indicators.reported" = ["TAX"]'
    rules = book(packs=[pack("110000", line)]).rules("110101")
    assert rules.departments_for("indicators.reported") == ("TAX",)
    assert rules.departments_for("area/indicators.reported") == ("STAT", "TAX")


def test_every_supervisor_may_post_the_steps_of_its_breaches():
    for code in ("120114", "120101", "371502", "230811"):
        rules = RuleBook.shipped().rules(code)
        owed = {one for by in rules.supervisors.values() for one in by}
        for step in ("breach.notified", "breach.decided", "rectification.ordered", "rectification.inspected"):
            assert owed <= set(rules.departments_for(step))


def test_a_supervisor_that_a_pack_adds_may_post_them_too():
    line = '[supervisors]\nsource = "x"\nlayer = "CITY"\nstatus = "IN_FORCE"\nO-LET = ["URB"]'
    rules = book(packs=[pack("110000", line)]).rules("110101")
    assert rules.supervisors["O-LET"] == ("URB",)
    assert rules.entitled("breach.notified", "URB")
    assert not RuleBook.shipped().rules("120114").entitled("breach.notified", "URB")


# --- amendments


def test_an_amendment_takes_effect_from_its_day_and_old_days_keep_the_old_value():
    known = book(amended(20, "120114", "remind.payment_days", 45, "2024-06-01"))
    rules = known.rules("120114")
    assert on(rules, "remind.payment_days", "2024-05-31") == 30
    assert on(rules, "remind.payment_days", "2024-06-01") == 45
    assert rules.value("remind.payment_days", day_number("2024-06-01")).source == "津武〔2024〕1号"
    assert on(known.rules("120101"), "remind.payment_days", "2024-06-01") == 30
    assert rules.changes_after(day_number("2024-01-01")) == day_number("2024-06-01")
    assert rules.changes_after(day_number("2024-06-01")) is None


def test_what_the_district_says_stands_against_a_later_word_of_the_city():
    rules = book(
        amended(20, "120114", "remind.payment_days", 45, "2024-06-01"),
        amended(21, "120000", "remind.payment_days", 10, "2024-09-01"),
    )
    assert on(rules.rules("120114"), "remind.payment_days", "2024-10-01") == 45
    assert on(rules.rules("120101"), "remind.payment_days", "2024-10-01") == 10
    gate = book(amended(20, "370000", "register.gate", None, "2024-09-01")).rules("371502")
    assert on(gate, "register.gate", "2024-10-01") == "PROVINCIAL"


def test_of_two_amendments_of_one_day_the_one_recorded_last_holds():
    rules = book(
        amended(20, "120114", "remind.payment_days", 45, "2024-06-01"),
        amended(21, "120114", "remind.payment_days", 50, "2024-06-01"),
        amended(22, "120114", "remind.payment_days", 20, "2024-01-01"),
    ).rules("120114")
    assert [on(rules, "remind.payment_days", day) for day in ("2023-12-31", "2024-01-01", "2024-06-01")] == [30, 20, 50]


def test_an_amendment_may_take_a_value_away():
    rules = book(amended(20, "371500", "register.gate", None, "2025-01-01")).rules("371502")
    assert on(rules, "register.gate", "2024-12-31") == "PROVINCIAL"
    assert on(rules, "register.gate", "2025-01-01") is None


def test_an_amendment_of_the_nation_reaches_everyone_who_says_nothing_else():
    known = book(amended(20, "000000", "idle.fee_rate", "0.15", "2025-01-01"))
    assert on(known.rules("230811"), "idle.fee_rate", "2025-01-01") == Fraction(3, 20)
    assert known.rules("230811").value("idle.fee_rate", DAY).layer == "NATIONAL"


def test_red_alerts_follow_their_parameter():
    rules = book(amended(20, "120114", "alert.levels", {"RED": ["A-PAY"]}, "2025-01-01")).rules("120114")
    assert "A-BREACH" in on(rules, "alert.red", "2024-12-31")
    assert on(rules, "alert.red", "2025-01-01") == ("A-PAY",)


def test_an_amendment_that_this_release_cannot_read_changes_nothing():
    faulty = [("remind.colour", 1), ("remind.idle_days", "many"), ("assessment.lead", "XYZ")]
    known = book(*[amended(20 + n, "120114", key, raw, "2024-01-01") for n, (key, raw) in enumerate(faulty)])
    assert on(known.rules("120114"), "remind.idle_days", "2025-01-01") == 60
    assert known.rules("120114").assessment_lead == "MIIT"


def test_who_is_who_may_be_amended_and_holds_as_soon_as_it_is_known():
    substitutes = amended(20, "120114", "departments.map", {"MIIT": "STB"}, "2024-06-01")
    rules = book(substitutes).rules("120114")
    assert rules.assessment_lead == "STB" == rules.supervisors["O-REACH"][0]
    assert rules.entitled("performance.assessed", "STB") and not rules.entitled("performance.assessed", "MIIT")
    lead = book(amended(20, "120114", "assessment.lead", "DRC", "2024-06-01")).rules("120114")
    assert lead.assessment_lead == "DRC"
    assert book(substitutes).rules("371502").assessment_lead == "MIIT"


# --- contradictions of amendments


def contradicting(known, *amendments):
    """Where the last amendment, after the others, contradicts something; None where it does not."""
    *earlier, last = amendments
    for one in earlier:
        known = known.amended(one.jurisdiction, one.data)
    try:
        amend(known, last.jurisdiction, last.data, DAY)
    except AmendmentRefused as refused:
        assert refused.code == "RULE_CONTRADICTION"
        return refused.message.partition("：")[0]
    return None


def test_an_amendment_is_checked_with_what_it_inherits_and_with_earlier_ones():
    later_window = amended(20, "120114", "remind.term_months", 30, "2024-01-01")
    early = amended(21, "120114", "term.apply_months", 24, "2024-06-01")
    assert contradicting(book(), early) == "120114"
    assert contradicting(book(), later_window, early) is None


def test_an_amendment_is_checked_on_every_day_on_which_it_stands():
    narrow = amended(20, "371500", "remind.term_months", 10, "2026-01-01")
    before = amended(21, "371500", "term.apply_months", 12, "2024-01-01")
    assert contradicting(book(), narrow)  # 12 of the base pack
    relaxed = amended(19, "371500", "term.apply_months", 9, "2024-01-01")
    assert not contradicting(book(), relaxed, narrow)
    assert contradicting(book(), relaxed, narrow, before)  # from 2026 on
    ended = amended(22, "371500", "term.apply_months", 9, "2025-12-31")
    assert not contradicting(book(), relaxed, narrow, ended, before)


def test_an_amendment_is_checked_with_those_below():
    district = amended(20, "120114", "term.apply_months", 17, "2024-01-01")
    city = amended(21, "120000", "remind.term_months", 15, "2024-06-01")
    assert contradicting(book(), district, city) == "120114"
    assert contradicting(book(), city) is None


@pytest.mark.parametrize(
    ("data", "field", "code"),
    [
        ({"key": "remind.colour", "value": 1}, "key", "RULE_UNKNOWN"),
        ({"key": "remind.idle_days", "value": "many"}, "value", "RULE_VALUE"),
        ({"key": "ld.cap_ratio", "value": "1.01"}, "value", "RULE_VALUE"),
        ({"key": "departments.map", "value": {"MIIT": "XYZ"}}, "value", "RULE_VALUE"),
        ({"key": "assessment.lead", "value": "STB", "valid_from": "2025-01-02"}, "valid_from", "RULE_NOT_DATED"),
        ({"key": "assessment.lead", "value": "STB", "area_id": "120114-KFQ"}, "area_id", "RULE_NOT_DATED"),
        ({"key": "term.apply_months", "value": 19}, "value", "RULE_CONTRADICTION"),
    ],
)
def test_an_amendment_that_cannot_hold_is_refused_at_its_field(data, field, code):
    with pytest.raises(AmendmentRefused) as caught:
        amend(book(), "120114", {"valid_from": "2025-01-01"} | data, DAY)
    assert (caught.value.field, caught.value.code) == (field, code)


# --- areas


def test_a_value_bound_to_a_zone_holds_there_alone():
    known = book(amended(20, "120114", "idle.fee_rate", "0.10", "2024-06-01", area_id="120114-KFQ"))
    assert on(known.rules("120114", "120114-KFQ"), "idle.fee_rate", "2024-06-01") == Fraction(1, 10)
    assert on(known.rules("120114", "120114-KFQ"), "idle.fee_rate", "2024-05-31") == Fraction(1, 5)
    assert on(known.rules("120114"), "idle.fee_rate", "2024-06-01") == Fraction(1, 5)
    assert on(known.rules("371502", "120114-KFQ"), "idle.fee_rate", "2024-06-01") == Fraction(1, 5)


def test_a_park_within_a_zone_inherits_from_it():
    areas = [
        '[areas.Z]\nname = "Z"\nkind = "ZONE"\nparent = "110101"\n[areas.Z.values]',
        entry("remind.idle_days", 70), entry("remind.cure_days", 71),
        '[areas.P]\nname = "P"\nkind = "PARK"\nparent = "Z"\n[areas.P.values]', entry("remind.cure_days", 72),
    ]  # fmt: skip
    rules = book(packs=[pack("110101", *areas)]).rules("110101", "P")
    assert (rules.get("remind.idle_days", DAY), rules.get("remind.cure_days", DAY)) == (70, 72)


def test_areas_that_nobody_knows_share_one_set_of_rules():
    known = book()
    assert known.rules("120114", "made-up-1") is known.rules("120114", "made-up-2") is known.rules("120114")


# --- packs in the log


def test_a_lower_version_never_takes_the_place_of_a_higher():
    second = pack("110000", entry("remind.idle_days", 90), version=2)
    first = pack("110000", entry("remind.idle_days", 80))
    assert book(packs=[first, second]).rules("110101").get("remind.idle_days", DAY) == 90
    assert book(packs=[second, first]).rules("110101").id == "110000/2"


@pytest.mark.parametrize(
    ("drafts", "binding", "advised"), [("APPLY", 90, None), ("WARN", 60, 90), ("IGNORE", 60, None)]
)
def test_a_pack_says_what_its_drafts_do(drafts, binding, advised):
    draft = pack("110000", entry("remind.idle_days", 90, "DRAFT"), drafts=drafts)
    rules = book(packs=[draft]).rules("110101")
    assert rules.get("remind.idle_days", DAY) == binding
    assert (rules.advised and rules.advised.get("remind.idle_days", DAY)) == advised


def test_a_draft_of_the_city_only_warns_in_its_districts_too():
    city = pack("110000", entry("remind.idle_days", 90, "DRAFT"), drafts="WARN")
    district = pack("110101", entry("remind.cure_days", 20, "DRAFT"))
    rules = book(packs=[city, district]).rules("110101")
    assert (rules.get("remind.idle_days", DAY), rules.get("remind.cure_days", DAY)) == (60, 20)
    assert rules.advised.get("remind.idle_days", DAY) == 90


def test_a_pack_that_is_retired_gives_way_whole():
    text = HEAD.format("110000", 2, "APPLY").replace("IN_FORCE", "RETIRED") + entry("remind.idle_days", 90)
    rules = book(packs=[read_pack(text)]).rules("110000")
    assert rules.get("remind.idle_days", DAY) == 60
    assert rules.status == "RETIRED"


def test_a_status_is_that_of_the_value_and_not_of_its_pack():
    rules = RuleBook.shipped().rules("120114")
    assert rules.value("rank.last_n", DAY).status == "DRAFT"
    assert rules.value("pay.terminate_after_days", DAY).status == "IN_FORCE"
    assert rules.value("remind.idle_days", DAY).status == "DEFAULT"
    amended_here = book(amended(20, "120114", "rank.last_n", 5, "2024-01-01")).rules("120114")
    assert amended_here.value("rank.last_n", DAY).status == "IN_FORCE"


def test_a_retired_value_gives_way_to_what_it_had_replaced():
    assert (
        book(packs=[pack("110000", entry("remind.idle_days", 90, "RETIRED"))])
        .rules("110101")
        .get("remind.idle_days", DAY)
        == 60
    )


def test_a_log_that_began_with_an_older_base_pack_reads_what_it_did_not_know():
    old = "\n".join(line for line in shipped_base().content.split("\n") if not line.startswith('"filing.triggers"'))
    rules = RuleBook.from_events([installed(1, read_pack(old))]).rules("120114")
    assert rules.get("filing.triggers", DAY)["contract.signed"] == "SUPPLY_RESULT"
    assert rules.id == "000000/2"


def test_before_any_pack_was_recorded_the_base_of_this_release_answers():
    assert RuleBook.from_events([]).rules("120114").get("remind.idle_days", DAY) == 60


def test_a_published_calendar_takes_the_place_of_the_shipped_year():
    data = {"year": 2027, "holidays": ["2027-01-01"], "workdays": ["2027-01-02"]}
    known = book(event(20, "jurisdiction:000000", "calendar.published", data))
    assert not known.calendar().is_workday(day_number("2027-01-01"))
    assert known.calendar().is_workday(day_number("2027-01-02"))
    assert not book().calendar().is_workday(day_number("2027-01-02"))


def test_a_published_calendar_holds_where_it_was_published_and_below():
    data = {"year": 2027, "holidays": ["2027-03-05"], "workdays": []}
    known = book(event(20, "jurisdiction:371500", "calendar.published", data))
    friday = day_number("2027-03-05")
    off = {
        code: not known.calendar(code).is_workday(friday) for code in ("371502", "371500", "370000", "120114", "000000")
    }
    assert off == {"371502": True, "371500": True, "370000": False, "120114": False, "000000": False}


def test_other_events_change_no_rule():
    known = book(event(30, "jurisdiction:120114", "plan.approved", {}))
    assert known.rules("120114").get("remind.idle_days", DAY) == 60


# --- laws


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 30), st.integers(0, 99)), max_size=12),
    st.integers(0, 35),
)
def test_the_steps_of_a_parameter_say_what_its_layers_say(given_values, day):
    """The prepared steps equal the definition: nearest layer first, then the latest day, then the last recorded."""
    layers = [Layer.of(shipped_base().values)]
    for number in range(4):
        found = [
            ("remind.idle_days", Value(raw, "x", "CITY", "IN_FORCE", "x", since))
            for of, since, raw in given_values
            if of == number
        ]
        layers.append(Layer.of({}, found))
    expected = 60
    for of in (3, 2, 1, 0):
        known = [
            (since, place, raw) for place, (at, since, raw) in enumerate(given_values) if at == of and since <= day
        ]
        if known:
            expected = max(known)[2]
            break
    rules = Rules("000000", [shipped_base()], layers)
    assert rules.get("remind.idle_days", day) == rules.value("remind.idle_days", day).value == expected
    assert timelines(layers)[0]["remind.idle_days"].value == 60
