"""What a pack must be: each fault is refused with its file and its line; what stands in the log is read all the same."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.policy import PackRefused, RuleBook, read_pack, shipped_packs
from domain.policy_keys import KEYS, parse_value
from domain.policy_pack import check_together, recall_pack
from domain.toml_lines import key_lines, line_of

HEAD = ['code = "371500"', 'name = "x"', "version = 1", 'status = "IN_FORCE"', 'drafts = "APPLY"', ""]
ORIGIN = 'layer = "CITY", status = "IN_FORCE", source = "x"'


def value(key, raw, rest=ORIGIN):
    return f'"{key}" = {{ value = {raw}, {rest} }}'


def refused(*lines, head=HEAD):
    with pytest.raises(PackRefused) as caught:
        read_pack("\n".join([*head, *lines]), "x.toml")
    assert str(caught.value).startswith(f"x.toml 第{caught.value.line}行：")
    return caught.value


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (value("remind.colour", 1), "未知参数 remind.colour"),
        (value("remind.idle_days", 1, 'layer = "CITY", status = "IN_FORCE"'), "没有写明依据"),
        (value("remind.idle_days", 1, 'layer = "CITY", status = "IN_FORCE", source = " "'), "没有写明依据"),
        (value("remind.idle_days", 1, 'layer = "TOWN", status = "IN_FORCE", source = "x"'), "层级"),
        (value("remind.idle_days", 1, 'layer = "CITY", status = "VALID", source = "x"'), "状态"),
        (value("remind.idle_days", 1, 'layer = "EXAMPLE", status = "IN_FORCE", source = "x"'), "没有效力"),
        (value("remind.idle_days", 1, f'unit = "months", {ORIGIN}'), "单位是 d"),
        (value("remind.idle_days", 1, f'colour = "red", {ORIGIN}'), "未知字段 colour"),
        (value("remind.idle_days", 1, f'valid_from = "2024-02-30", {ORIGIN}'), "valid_from"),
        (value("remind.idle_days", '"many"'), "应为整数"),
        (value("remind.idle_days", "true"), "应为整数"),
        (value("remind.idle_days", -1), "应在0到"),
        (value("remind.idle_days", '"null"'), "不能为空"),
        (value("idle.fee_rate", 0.2), "小数和分数用字符串"),
        (value("idle.fee_rate", '"1.5"'), "不能大于1"),
        (value("idle.fee_rate", '"1/0"'), "应为0到1之间的数"),
        (value("pay.late_permille_day", '"1e999999999"'), "小数和分数用字符串"),
        (value("lease.term_guard", '"REFUZE"'), "不在REFUSE、WARN之内"),
        (value("filing.doc_types", '["SCHEME", "SCHEME"]'), "有重复项"),
        (value("admission.reviewers", '["DRC", "XYZ"]'), "未知部门XYZ"),
        (value("filing.from", '"2020-10"'), "日期应为"),
        ('"remind.idle_days" = 60', "没有 value"),
        ("remind.idle_days = 60", "未知参数 remind"),
    ],
)
def test_a_faulty_value_is_refused_with_its_line(entry, message):
    fault = refused("[values]", value("remind.cure_days", 1), "# note", entry)
    assert fault.line == 10
    assert message in str(fault)


@pytest.mark.parametrize(
    ("lines", "at", "message"),
    [
        (["colour = 1"], 7, "未知的表或字段 colour"),
        (["[colours]"], 7, "未知的表或字段 colours"),
        (["[entitlements]", '"colour.seen" = ["NRP"]'], 8, "没有 colour.seen"),
        (["[entitlements]", '"contract.signed" = ["NRP"]'], 8, "没有写明依据"),
        (["[entitlements]", f"{ORIGIN.replace(', ', chr(10))}", '"contract.signed" = ["XYZ"]'], 11, "未知部门 XYZ"),
        (["[entitlements]", f"{ORIGIN.replace(', ', chr(10))}", '"contract.signed" = []'], 11, "没有部门"),
        (["[supervisors]", f"{ORIGIN.replace(', ', chr(10))}", 'P-START = ["NRP"]'], 11, "没有 P-START"),
        (["[supervisors]", f"{ORIGIN.replace(', ', chr(10))}", 'O-NOPE = ["NRP"]'], 11, "没有 O-NOPE"),
        (
            ["[entitlements]", f"{ORIGIN.replace(', ', chr(10))}", '"rules.installed" = ["NRP"]'],
            11,
            "没有 rules.installed",
        ),
        (
            ["[values.'remind.idle_days']", 'layer = "CITY"', 'status = "IN_FORCE"', 'source = "x"', 'value = "many"'],
            11,
            "应为整数",
        ),
        (
            ["[values.'remind.idle_days']", "value = 1", 'source = "x"', 'layer = "TOWN"', 'status = "IN_FORCE"'],
            10,
            "层级",
        ),
        (["[departments]", 'source = "x"', 'XYZ = "局"'], 9, "未知部门 XYZ"),
        (["[departments]", 'NRP = "局"'], 7, "没有写明依据"),
        (["[areas]", '"371500-A" = { name = "A", kind = "ZONE", parent = "120114" }'], 8, "上级 120114 不在"),
        (["[areas]", '"371500-A" = { name = "A", kind = "CITY", parent = "371500" }'], 8, "kind"),
        (
            ["[areas]"]
            + [f'"{one}" = {{ name = "x", kind = "ZONE", parent = "{other}" }}' for one, other in ("AB", "BA")],
            8,
            "绕回自身",
        ),
        (
            ["[areas.A]", 'name = "A"', 'kind = "ZONE"', 'parent = "371502"', "", "[areas.A.values]", value("x.y", 1)],
            13,
            "未知参数 x.y",
        ),
        (["[values]", '"remind.idle_days" = = 1'], 8, "不是合格的TOML"),
    ],
)
def test_every_other_fault_is_refused_with_its_line(lines, at, message):
    fault = refused(*lines)
    assert message in str(fault)
    assert fault.line == at


@pytest.mark.parametrize(
    ("number", "line", "message"),
    [
        (0, 'code = "3715"', "6位"),
        (1, 'name = " "', "name 不能为空"),
        (2, 'version = "1"', "version"),
        (2, "version = true", "version"),
        (2, "version = 0", "从1开始"),
        (3, 'status = "VALID"', "状态"),
        (4, 'drafts = "MAYBE"', "drafts"),
        (5, 'valid_from = "2020"', "valid_from"),
    ],
)
def test_a_faulty_head_is_refused_with_its_line(number, line, message):
    fault = refused(head=[*HEAD[:number], line, *HEAD[number + 1 :]])
    assert message in str(fault)
    assert fault.line == number + 1


@pytest.mark.parametrize(
    ("entries", "at", "message"),
    [
        ([("assess.process.to_years", 5), ("assess.process.from_years", 6)], 9, "自相矛盾"),
        ([("remind.term_months", 6), ("term.apply_months", 12)], 9, "自相矛盾"),
        ([("term.usual_max_years", 60), ("term.max_years", 50)], 8, "自相矛盾"),
        ([("grade.b_cumulative", '"0.97"'), ("grade.d", '"0.05"')], 8, "之和大于1"),
        ([("breach.answer_days", 90), ("escalation.interview_days", 60)], 8, "自相矛盾"),
        ([("lease.long_years", "[20, 5]")], 8, "由小到大"),
        ([("lease.long_years", "[5]")], 8, "应有2个值"),
        ([("lease.long_years", "[5, 60]"), ("term.max_years", 50)], 8, "自相矛盾"),
        ([("bond.release_shares", '["0.6", "0.3", "0.2"]')], 8, "之和大于1"),
        ([("ld.cap_ratio", '"1.2"')], 8, "不能大于1"),
        ([("alert.levels", '{ RED = ["A-PAY"], YELLOW = ["A-PAY-30"] }')], 8, "既是黄色又是红色"),
        ([("alert.levels", '{ ORANGE = ["A-PAY"] }')], 8, "RED 和 YELLOW"),
        ([("filing.triggers", '{ "contract.signed" = "LETTER" }')], 8, "没有文件类型 LETTER"),
        ([("idle.effect_of_determination", '{ NOT_IDLE = "FORGOTTEN" }')], 8, "NOT_IDLE=FORGOTTEN"),
        ([("idle.effect_of_determination", '{ NOT_IDLE = "WITHDRAWN" }')], 8, "应写明且只写明"),
        ([("filing.triggers", '{ "plan.approved" = "SCHEME" }')], 8, "plan.approved 不引起备案义务"),
        ([("filing.triggers", '{ "contract.signed" = "doc_type" }')], 8, "没有 doc_type"),
        ([("exit.sign_offs", '{ FI = ["GOV"] }')], 8, "应有 DEFAULT"),
        ([("exit.sign_offs", '{ DEFAULT = ["NRP"], XX = ["GOV"] }')], 8, "只能是退出类型"),
        ([("refund.year_days", 0)], 8, "不能为0"),
        ([("departments.map", '{ MIIT = "STB", STB = "DRC" }')], 8, "STB既被替代又替代他人"),
        ([("departments.map", '{ MIIT = "XYZ" }')], 8, "未知部门XYZ"),
    ],
)
def test_values_that_cannot_hold_together_are_refused_with_the_line(entries, at, message):
    fault = refused("[values]", *(value(key, raw) for key, raw in entries))
    assert message in str(fault)
    assert fault.line == at


def test_a_retired_value_contradicts_nothing():
    retired = value("assess.process.from_years", 6, ORIGIN.replace("IN_FORCE", "RETIRED"))
    assert read_pack("\n".join([*HEAD, "[values]", value("assess.process.to_years", 5), retired]))


def test_a_pack_that_contradicts_what_it_inherits_is_refused_with_its_line():
    wrong = read_pack("\n".join([*HEAD, "[values]", "", value("assess.process.from_years", 6)]))
    with pytest.raises(PackRefused, match="连同上级规则包") as caught:
        check_together([*shipped_packs(), wrong])
    assert (caught.value.file, caught.value.line) == ("371500.toml", 9)


def test_a_value_of_an_area_that_contradicts_its_jurisdiction_is_refused_with_its_line():
    area = '[areas.A]\nname = "A"\nkind = "ZONE"\nparent = "371502"\n[areas.A.values]'
    wrong = read_pack("\n".join([*HEAD, area, value("term.usual_max_years", 60)]))
    with pytest.raises(PackRefused, match=r"term\.usual_max_years 大于 term\.max_years") as caught:
        check_together([*shipped_packs(), wrong])
    assert caught.value.line == 12


def test_a_base_pack_that_leaves_a_parameter_out_is_refused():
    base = shipped_packs()[0]
    short = read_pack("\n".join(line for line in base.content.split("\n") if not line.startswith('"filing.months"')))
    with pytest.raises(PackRefused, match=r"基础包没有参数 filing\.months"):
        check_together([short, *shipped_packs()[1:]])


def test_a_line_is_found_behind_text_and_lists_of_several_lines():
    content = 'a = """\n[b]\nc = 1\n"""\nd = [\n  "[x]", # ]\n  "e = 2",\n]\n[f."g.h"]\n"i.j" = { k = 1 }\n'
    lines = key_lines(content)
    assert (lines[("d",)], lines[("f", "g.h")], lines[("f", "g.h", "i.j")]) == (5, 9, 10)
    assert ("b",) not in lines
    assert line_of(lines, ("f", "g.h", "i.j", "k")) == 10


@given(st.lists(st.sampled_from(sorted(KEYS)), unique=True), st.integers(0, 5))
def test_the_line_of_every_key_is_the_line_on_which_it_was_written(keys, gaps):
    text = ["[values]"]
    for key in keys:
        text += ["# x = [", *[""] * gaps, value(key, 1)]
    lines = key_lines("\n".join(text))
    assert tomllib.loads("\n".join(text))
    for key in keys:
        assert text[lines[("values", key)] - 1].startswith(f'"{key}"')


def test_a_pack_of_another_release_is_read_for_what_this_one_knows():
    lines = [value("remind.colour", 1), value("remind.idle_days", '"many"'), value("remind.cure_days", 9)]
    found = recall_pack("\n".join([*HEAD, "colour = 1", "[colours]", "[values]", *lines]))
    assert set(found.values) == {"remind.cure_days"}
    assert recall_pack("= nonsense") is None


def test_a_shipped_pack_is_the_same_at_the_door_and_in_the_archive():
    for pack in shipped_packs():
        assert recall_pack(pack.content) == pack


@given(st.sampled_from(sorted(KEYS)), st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=5), one, max_size=3),
))  # fmt: skip
def test_whatever_is_sent_for_a_parameter_is_read_or_refused_in_words(key, raw):
    try:
        found = parse_value(key, raw)
    except ValueError as error:
        assert str(error).startswith(f"参数 {key} ")
    else:
        assert found is not None or KEYS[key].nullable


def test_names_of_offices_and_areas_come_from_the_pack():
    book = RuleBook.shipped()
    assert book.rules("120114").name_of("AAB") == "区政务服务办"
    assert book.rules("230811").name_of("NRP") == "市自然资源和规划局"
    assert book.area("230800-GXQ") == {
        "jurisdiction": "230800", "name": "高新区", "kind": "ZONE", "parent": "230800",
    }  # fmt: skip
    assert book.area("unknown") is None
