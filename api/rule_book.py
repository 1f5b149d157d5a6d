"""The rules of a jurisdiction on a day, each value with its text, layer and status (specification 10, 11.25)."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.answers import JsonAnswer
from api.dependencies import Caller, Wiring
from api.fields import AsOf, Division, day_of
from api.parcels import data_as_of
from api.principals import must_cover
from domain.event import shown_day
from domain.policy import Rules
from domain.policy_forms import number_text
from domain.policy_keys import KEYS
from domain.policy_recorded import RECORDED

router = APIRouter(tags=["catalogue"])
Area = Annotated[str | None, Query(pattern=r"^[0-9A-Za-z][0-9A-Za-z._~-]{0,63}$", description="a zone, park or town")]


@router.get("/v1/rules", name="Rules of a jurisdiction")
def get_rules(
    caller: Caller, parts: Wiring, jurisdiction: Division = None, area_id: Area = None, as_of: AsOf = None
) -> Response:
    """Every parameter with its value on a day, its source, layer, status and pack; `recorded` says why one is only kept.

    Money and ratios are text; null: not checked, not computed.
    """
    code = jurisdiction or caller.jurisdiction
    must_cover(caller, code)
    day = parts.today() if as_of is None else day_of(as_of)
    stands = parts.log.head()
    rules = parts.rules.current(stands).rules(code, area_id)
    return JsonAnswer(
        {
            "jurisdiction": code,
            "area_id": area_id,
            "rule_set": {"id": rules.id, "status": rules.status, "engine": rules.engine},
            "items": [_item(key, rules, day) for key in KEYS],
            "next": None,
            "data_as_of": data_as_of(stands.position, stands.recorded_at, day),
        }
    )


def _item(key: str, rules: Rules, day: int) -> dict[str, Any]:
    known, found = KEYS[key], rules.value(key, day)
    recorded = RECORDED.get(key)
    return {
        "key": key,
        "section": known.section,
        "value": _plain(found.value),
        "unit": known.unit,
        "layer": found.layer,
        "status": found.status,
        "source": found.source,
        "pack": found.pack,
        "valid_from": shown_day(found.valid_from),
        "recorded": None if recorded is None else recorded.zh,
    }


def _plain(value: Any) -> Any:
    """A value as JSON."""
    if isinstance(value, Fraction):
        return number_text(value)
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return value
