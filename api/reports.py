"""From a body to a command: who may report, what is reported, under which id (contract 3).

One path for single posts, batches, jurisdictions and areas, in the order of the checks after the body was read:
entitlement 403, shape 422, event id, If-Match. See docs/decisions/0010-order-of-the-checks.md.
"""

from __future__ import annotations

import re
import secrets
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from adapters.event_codec import body_hash
from adapters.rule_source import RuleSource
from api.principals import Principal
from api.problems import Problem
from domain.assessment import RestsOn
from domain.decision import Command
from domain.events import CATALOGUE, EventType, parse_envelope
from domain.policy import Rules

CONFLICT_DECIDED: Final = "conflict.decided"
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_IF_MATCH: Final = re.compile(r'(?:W/)?"(\d{1,9})"')
_NOT_COMPARED: Final = frozenset({"event_id", "parcel_id", "expected_version"})


@dataclass(slots=True, frozen=True)
class Stream:
    """What is reported about: a parcel, a jurisdiction or an area, and the jurisdiction that it lies in."""

    parcel_id: str
    jurisdiction: str
    subject: str = "parcel"


@dataclass(slots=True, frozen=True)
class Report:
    """A well-formed, entitled report, ready to be decided."""

    command: Command
    body_hash: bytes
    needs_if_match: bool


class ReportReader:
    """Makes reports of bodies. `today` answers the business date as a day number."""

    def __init__(self, rules: RuleSource, body_hash_key: bytes, today: Callable[[], int]) -> None:
        self._rules, self._key, self._today = rules, body_hash_key, today

    def report(
        self, principal: Principal, stream: Stream, body: Mapping[str, Any], idempotency_key: str | None = None
    ) -> Report:
        """The report of a body. Raises Problem 403, Refusal of Kind.SHAPE (422)."""
        self._must_be_entitled(principal, stream, body.get("type"))
        envelope = parse_envelope(body, today=self._today(), subject=stream.subject)
        event_id = envelope.event_id or _as_event_id(idempotency_key) or uuid7()
        command = Command(
            event_id=event_id,
            parcel_id=stream.parcel_id,
            type=envelope.type.name,
            schema_version=envelope.type.schema_version,
            occurred_on=envelope.occurred_on,
            jurisdiction=stream.jurisdiction,
            department=principal.department,
            on_behalf_of=envelope.on_behalf_of,
            contract_no=envelope.contract_no,
            document=envelope.document,
            attachments=envelope.attachments,
            data=envelope.data,
        )
        return Report(command, self._body_hash(stream, event_id, body), envelope.type.needs_if_match)

    def _must_be_entitled(self, principal: Principal, stream: Stream, name: Any) -> None:
        """Raises Problem 403; a type that is not in the catalogue is left to the check of the shape."""
        if principal.role == "regulator":
            raise Problem("ROLE_NOT_ALLOWED", "监管者的密钥只能读取")
        key = f"area/{name}" if stream.subject == "area" else name
        kind = CATALOGUE.get(key) if isinstance(key, str) else None
        if kind is None or kind.system_only or kind.subject != stream.subject:
            return
        if principal.role == "coordinator" and kind.name == CONFLICT_DECIDED:
            return
        if principal.role == "admin" and kind.subject == "jurisdiction":
            return
        book, _ = self._rules.latest()
        rules = book.rules(stream.jurisdiction)
        if principal.department is None or not rules.entitled(key, principal.department):
            raise _not_entitled(principal, rules, key, kind)

    def _body_hash(self, stream: Stream, event_id: str, body: Mapping[str, Any]) -> bytes:
        """What bodies are compared by: all that was sent, and the stream; ids and versions stand beside it."""
        compared = {key: value for key, value in body.items() if key not in _NOT_COMPARED}
        compared["parcel_id"] = stream.parcel_id
        try:
            return body_hash(self._key, event_id, compared)
        except ValueError:
            raise Problem("NUMBER_TOO_LARGE") from None


def _not_entitled(principal: Principal, rules: Rules, key: str, kind: EventType) -> Problem:
    """403 with the names of the offices that have the duty."""
    departments = rules.departments_for(key)
    names = "、".join(f"{rules.name_of(one)}（{one}）" for one in departments)
    duty = f"由{names}上报" if names else "由协调者裁定" if kind.name == CONFLICT_DECIDED else "没有部门可以上报"
    who = f"{rules.name_of(principal.department)}（{principal.department}）" if principal.department else principal.role
    detail = f"{who}没有“{kind.zh}”（{kind.name}）的上报职责；在{rules.jurisdiction}{duty}"
    told = rules.duty(key)
    weak = [RestsOn(f"entitlements.{key}", told.status, told.source)] if told.status in ("DRAFT", "DEFAULT") else []
    return Problem("NOT_ENTITLED", detail, rests_on=weak, departments=list(departments))


def _as_event_id(idempotency_key: str | None) -> str | None:
    """An `Idempotency-Key` that is a UUID, quoted or not."""
    text = (idempotency_key or "").strip().strip('"')
    return text.lower() if _UUID.fullmatch(text) else None


def uuid7() -> str:
    """A UUID that rises with time (RFC 9562, 5.7)."""
    milliseconds = time.time_ns() // 1_000_000
    value = milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return str(uuid.UUID(int=value))


def if_match(header: str | None) -> int | None:
    """The version that `If-Match` names; None where it is absent or `*`. Raises Problem 400."""
    if header is None or header.strip() == "*":
        return None
    match = _IF_MATCH.fullmatch(header.strip())
    if match is None:
        raise Problem("INVALID_HEADER", '请以If-Match: "<版本号>"写明版本，如"12"')
    return int(match[1])
