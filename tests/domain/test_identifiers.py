"""Codes as the standards give them: vectors of the specification (7.1-7.9), and laws."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc as peer

from domain.identifiers import (
    MalformedCode,
    check_industry,
    check_project_code,
    check_unit_code,
    check_uscc,
    parse_parcel_id,
)

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def code_of(check, text):
    with pytest.raises(MalformedCode) as caught:
        check(text)
    return caught.value.code


@pytest.mark.parametrize("text", ["91350100M000100Y43", "91110108551385082Q", "91120114MA06101390"])
def test_valid_credit_codes(text):
    assert check_uscc(text) == text
    full_width = "".join(chr(ord(c) + 0xFEE0) for c in text.lower())
    assert check_uscc(f" {full_width} ") == text


def test_a_published_credit_code_has_a_wrong_check_digit_and_the_right_one_is_named():
    with pytest.raises(MalformedCode, match="末位应为7") as caught:
        check_uscc("91310115MA1H8R7C6D")
    assert caught.value.code == "USCC_CHECK_DIGIT"
    assert check_uscc("91310115MA1H8R7C67")


@pytest.mark.parametrize(
    "text", ["", "9131", "9I350100M000100Y43", "91350100M000100Y4Z", "91350100M000100Y433", "٩١٣٥٠١٠٠M000100Y43"]
)
def test_malformed_credit_codes(text):
    assert code_of(check_uscc, text) == "USCC_FORM"


@given(
    st.tuples(
        st.text(ALPHABET, min_size=2, max_size=2),
        st.text("0123456789", min_size=6, max_size=6),
        st.text(ALPHABET, min_size=9, max_size=9),
    ).map("".join)
)
def test_exactly_one_check_digit_fits_and_another_implementation_agrees(body):
    fitting = []
    for last in ALPHABET:
        try:
            fitting.append(check_uscc(body + last))
        except MalformedCode as error:
            assert error.code == "USCC_CHECK_DIGIT"
    assert [fitting[0][-1]] == [peer.calc_check_digit(body)] and len(fitting) == 1


@pytest.mark.parametrize("feature", ["GB", "GS", "GX", "JB", "JS", "JX"])
def test_parcel_codes_of_construction_land(feature):
    assert parse_parcel_id(f"120114001002{feature}00015").form == "cadastral"


@pytest.mark.parametrize(
    "text",
    [
        "120114001002GB0001", "120114001002GB000155", "120114001002GB00000", "120114001002GA00015", "120114001002ZB00015",
        "x120114001002GB00015", "120114001002GB00015W00000000", "١٢٠١١٤٠٠١٠٠٢GB00015",
    ],
)  # fmt: skip
def test_malformed_parcel_codes(text):
    assert code_of(parse_parcel_id, text) == "PARCEL_ID"


def test_unit_codes_as_printed_and_as_typed():
    assert check_unit_code("120114 001002 GB00015 W00000000") == "120114001002GB00015W00000000"
    assert check_unit_code("120114001002GB00015F00010002") == "120114001002GB00015F00010002"


@pytest.mark.parametrize(
    "text", ["120114001002GB00015", "120114001002GB00015W00000001", "120114001002GB00015Z00000000", "120114001002GB00000F00010001"]
)  # fmt: skip
def test_malformed_unit_codes(text):
    assert code_of(check_unit_code, text) == "UNIT_CODE"


@pytest.mark.parametrize(
    ("text", "form", "jurisdiction"),
    [
        ("120114001002GB00015", "cadastral", "120114"),
        ("120114001002GB00015.2", "cadastral", "120114"),
        ("jg-1201142014B00123", "supervision", None),
        ("jg-1201142014B00123~9f31c2aa", "supervision", None),
        ("xm-2101-120114-04-01-123456", "project", None),
    ],
)
def test_the_forms_of_a_parcel_id(text, form, jurisdiction):
    parsed = parse_parcel_id(text)
    assert (parsed.text, parsed.form, parsed.jurisdiction) == (text, form, jurisdiction)


@pytest.mark.parametrize(
    "text",
    [
        "", "120114", "120114001002GB00015.0", "120114001002GB00015.", "120114001002GB00015\n", "120114001002gb00015",
        "１２０１１４００１００２GB00015", "120114001002GB00000.2", "jg-1201142014B00123~9F31C2AA", "xm-", "jurisdiction:120114",
    ],
)  # fmt: skip
def test_one_parcel_has_one_spelling(text):
    assert code_of(parse_parcel_id, text) == "PARCEL_ID"


@given(st.text(max_size=40))
def test_no_text_breaks_a_check(text):
    for check in (check_uscc, check_unit_code, check_industry, check_project_code):
        try:
            assert check(check(text)) == check(text)
        except MalformedCode as error:
            assert error.message


def test_industry_codes_of_industry_and_storage():
    assert [check_industry(text) for text in ("C", "c34", "C342", "C3425", "G5950")] == [
        "C",
        "C34",
        "C342",
        "C3425",
        "G5950",
    ]
    for text in ("A0111", "H61", "3425", "C3", "C34255", ""):
        assert code_of(check_industry, text) == "INDUSTRY_CODE"


def test_project_codes():
    assert check_project_code("2101-120114-04-01-123456") == "2101-120114-04-01-123456"
    assert code_of(check_project_code, "2101-120114-04-01") == "PROJECT_CODE"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("120114001002GB00000", "顺序号不得为00000"),
        ("120114001002GA00001", "第13、14位为GA"),
        ("120114001002GB00015.0", "权利序号“.0”"),
        ("120114001002GB0001", "应为19位宗地代码"),
    ],
)
def test_a_parcel_id_that_is_refused_is_told_which_part_is_wrong(text, words):
    with pytest.raises(MalformedCode) as caught:
        parse_parcel_id(text)
    assert caught.value.code == "PARCEL_ID" and words in caught.value.message
