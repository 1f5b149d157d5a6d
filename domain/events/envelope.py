"""The envelope of an event as it comes in (specification 2.3; contract 3): strict, with a pointer to every fault."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from domain.errors import FieldError, Kind, Refusal
from domain.event import day_number, day_text
from domain.events.model import (
    DIGEST,
    DIVISION,
    IDENTIFIER,
    NOT_BLANK,
    REGISTRY,
    UUID,
    Day,
    EventType,
    Number,
    Part,
    Uuid,
    optional,
    titled,
)
from domain.events.obligation import OBLIGATION_CODE, OBLIGATION_KEY, OBLIGATION_OR_KIND

SAME_DAY = (
    "signed_on", "filed_on", "delivered_on", "started_on", "completed_on", "paid_on", "issued_on", "approved_on", "published_on"
)  # fmt: skip
"""Fields of `data` that repeat the day of the event and must equal it (specification 2.3)."""


class Document(Part):
    """The paper an event rests on, e.g. 武规资整〔2023〕12号."""

    no: Number = titled("文号", "Number")
    date: Day | None = optional("日期", "Date")


class Attachment(Part):
    """A file kept elsewhere, by its digest."""

    name: str = titled("文件名", "Name", min_length=1, max_length=200)
    sha256: str = titled("摘要", "Digest", pattern=DIGEST)
    size: int = titled("字节数", "Size", unit="字节", ge=0)


class EnvelopeForm(Part):
    """What every event carries beside its `data`."""

    event_id: Uuid | None = optional("事件编号", "Event id")
    type: str = titled("事件类型", "Type")
    occurred_on: Day = titled("发生日期", "Occurred on")
    on_behalf_of: Literal["ENT"] | None = optional("代为上报", "On behalf of")
    contract_no: Number | None = optional("合同编号", "Contract number")
    document: Document | None = optional("文件", "Document")
    attachments: list[Attachment] | None = optional("附件", "Attachments", max_length=50)
    data: dict[str, Any] = titled("内容", "Data")


@dataclass(slots=True, frozen=True)
class Envelope:
    """A well-formed report: `data` is normalised, `occurred_on` a day number."""

    event_id: str | None
    type: EventType
    occurred_on: int
    on_behalf_of: str | None
    contract_no: str | None
    document: dict[str, Any] | None
    attachments: list[dict[str, Any]] | None
    data: dict[str, Any]


_ADDRESSES = {
    "parcel": "/v1/parcels/{parcel_id}/events",
    "jurisdiction": "/v1/jurisdictions/{code}/events",
    "area": "/v1/areas/{area_id}/events",
}
_PYDANTIC = {
    "missing": ("REQUIRED", "必填"),
    "extra_forbidden": ("UNKNOWN_FIELD", "没有这个字段"),
    "literal_error": ("NOT_IN_CATALOGUE", "不在允许的取值之内：{expected}"),
    "string_type": ("WRONG_TYPE", "应为文字"),
    "int_type": ("WRONG_TYPE", "应为整数"),
    "int_parsing": ("WRONG_TYPE", "应为整数"),
    "int_from_float": ("WRONG_TYPE", "应为整数"),
    "bool_type": ("WRONG_TYPE", "应为true或false"),
    "bool_parsing": ("WRONG_TYPE", "应为true或false"),
    "list_type": ("WRONG_TYPE", "应为列表"),
    "dict_type": ("WRONG_TYPE", "应为对象"),
    "model_type": ("WRONG_TYPE", "应为对象"),
    "string_too_short": ("TOO_SHORT", "不能为空"),
    "string_too_long": ("TOO_LONG", "最多{max_length}个字符"),
    "too_short": ("TOO_SHORT", "至少{min_length}项"),
    "too_long": ("TOO_LONG", "最多{max_length}项"),
    "greater_than_equal": ("OUT_OF_RANGE", "应不小于{ge}"),
    "less_than_equal": ("OUT_OF_RANGE", "应不大于{le}"),
}
FORMS_IN_WORDS = {
    NOT_BLANK: ("TOO_SHORT", "不能为空"),
    IDENTIFIER: ("WRONG_FORM", "应为1至64个字母、数字或._:~-，以字母或数字开头"),
    UUID: ("WRONG_FORM", "应为UUID，如01920000-0000-7000-8000-000000000001"),
    DIGEST: ("WRONG_FORM", "应为64位小写十六进制的SHA-256摘要"),
    DIVISION: ("WRONG_FORM", "应为6位行政区划代码"),
    OBLIGATION_CODE: ("WRONG_FORM", "应为义务代码，如O-TAX"),
    OBLIGATION_KEY: ("WRONG_FORM", "应为义务代码或其分项，如O-START、O-PAY/2"),
    OBLIGATION_OR_KIND: ("WRONG_FORM", "应为义务代码或违约类型，如O-START、IDLE"),
}
"""What a pattern asks for, in the words of a clerk."""


def _pointer(error: ErrorDetails, body: Any, under: str) -> str:
    """RFC 6901. Parts that pydantic adds for branches of a union are no part of the body and are left out."""
    location, here, pointer = error["loc"], body, under
    for index, part in enumerate(location):
        known = part in here if isinstance(here, Mapping) else isinstance(here, list) and isinstance(part, int)
        if known:
            here = here[part]
        elif error["type"] != "missing" or index < len(location) - 1:
            continue
        pointer += _escaped(str(part))
    return pointer + (_escaped(error["ctx"]["field"]) if "field" in error.get("ctx", {}) else "")


def _escaped(part: str) -> str:
    return "/" + part.replace("~", "~0").replace("/", "~1")


def _code_and_text(error: ErrorDetails) -> tuple[str, str]:
    """The stable code and the sentence in Chinese; our own errors bring both."""
    kind, context = error["type"], error.get("ctx", {})
    if kind.isupper():
        return kind, error["msg"]
    if kind == "string_pattern_mismatch":
        return FORMS_IN_WORDS.get(context["pattern"], ("WRONG_FORM", "格式不符"))
    code, text = _PYDANTIC.get(kind, ("WRONG_FORM", "内容不合要求"))
    if kind == "literal_error":
        context = {"expected": context["expected"].replace("'", "").replace(" or ", "、").replace(", ", "、")}
    return code, text.format(**context)


def _findings(error: ValidationError, body: Any, under: str) -> tuple[FieldError, ...]:
    """Every fault with its pointer, a stable code and a sentence in Chinese."""
    found = error.errors(include_url=False, include_input=False)
    return tuple(FieldError(_pointer(one, body, under), *_code_and_text(one)) for one in found)


def _refusal(errors: tuple[FieldError, ...]) -> Refusal:
    """A refusal of shape: the code of the first fault stands at the top."""
    first = errors[0]
    return Refusal(Kind.SHAPE, first.code, f"{first.pointer}：{first.message}", errors)


def normalise(event_type: str, data: Mapping[str, Any], *, under: str = "/data") -> dict[str, Any]:
    """Validates the data of one type and gives its stored form: canonical decimals, absent fields absent.

    `event_type` is a key of the catalogue. Raises Refusal of Kind.SHAPE.
    """
    try:
        model = REGISTRY[event_type].model.model_validate(data)
    except ValidationError as error:
        raise _refusal(_findings(error, data, under)) from None
    return model.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_unset=True)


def _key(name: str, subject: str) -> str:
    return f"area/{name}" if subject == "area" else name


def _not_here(name: str) -> str:
    """Why a type is not taken by this address; one that is in the catalogue is sent where it belongs."""
    known = REGISTRY.get(name) or REGISTRY.get(_key(name, "area"))
    if known is None:
        return f"事件类型“{name[:60]}”不在目录内"
    if known.system_only:
        return f"事件类型“{name}”由系统记录，不能上报"
    return f"事件类型“{name}”请发到{_ADDRESSES[known.subject]}"


def _faults_of_data(body: Mapping[str, Any], subject: str) -> tuple[FieldError, ...]:
    """Of a body whose envelope has faults already: those of its `data`, where its type says what they would be."""
    name, data = body.get("type"), body.get("data")
    event_type = REGISTRY.get(_key(name, subject)) if isinstance(name, str) else None
    if event_type is None or event_type.subject != subject or not isinstance(data, Mapping):
        return ()
    try:
        normalise(_key(event_type.name, subject), data)
    except Refusal as refusal:
        return refusal.errors
    return ()


def parse_envelope(body: Mapping[str, Any], *, today: int, subject: str = "parcel") -> Envelope:
    """A request body as an envelope. Raises Refusal of Kind.SHAPE with a pointer to every fault.

    `today` is a day number; `subject` says whose stream it is (parcel, jurisdiction, area).
    """
    try:
        form = EnvelopeForm.model_validate(body)
    except ValidationError as error:
        raise _refusal((*_findings(error, body, ""), *_faults_of_data(body, subject))) from None
    key = _key(form.type, subject)
    event_type = REGISTRY.get(key)
    if event_type is None or event_type.system_only or event_type.subject != subject:
        raise _refusal((FieldError("/type", "UNKNOWN_TYPE", _not_here(form.type)),))
    day = day_number(form.occurred_on)
    errors = []
    if day > today:
        message = f"发生日期{form.occurred_on}晚于业务日期{day_text(today)}；约定的将来日期请写在data中"
        errors.append(FieldError("/occurred_on", "OCCURRED_IN_FUTURE", message))
    if event_type.document_required and form.document is None:
        errors.append(FieldError("/document", "DOCUMENT_REQUIRED", "这一类事件须填写文件（文号）"))
    if form.on_behalf_of and not event_type.for_enterprise:
        errors.append(FieldError("/on_behalf_of", "NOT_FOR_ENTERPRISE", "这一类事件不能代企业上报"))
    try:
        data = normalise(key, form.data)
    except Refusal as refusal:
        raise _refusal((*errors, *refusal.errors)) from None
    errors += [
        FieldError(f"/data/{name}", "DAY_DIFFERS", f"应与发生日期{form.occurred_on}相同")
        for name in SAME_DAY
        if name in data and data[name] != form.occurred_on
    ]
    if (onboarded := data.get("onboarded_on")) and day_number(onboarded) > today:
        message = f"导入日期{onboarded}晚于业务日期{day_text(today)}"
        errors.append(FieldError("/data/onboarded_on", "OCCURRED_IN_FUTURE", message))
    if errors:
        raise _refusal(tuple(errors))
    return Envelope(
        form.event_id,
        event_type,
        day,
        form.on_behalf_of,
        form.contract_no,
        form.document.model_dump(exclude_none=True) if form.document else None,
        [one.model_dump() for one in form.attachments] if form.attachments is not None else None,
        data,
    )
