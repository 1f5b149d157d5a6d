"""What is about a division and no parcel: amendments of rules, plans, reviews, calendars (contract 3.1)."""

from __future__ import annotations

import re
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.dependencies import parts_of
from api.direct import DirectRoute
from api.parcels import take
from api.principals import must_cover
from api.problems import Problem
from api.reports import Stream

router = APIRouter(tags=["jurisdictions"], route_class=DirectRoute)

_DIVISION: Final = re.compile(r"\d{6}")


@router.post("/v1/jurisdictions/{code}/events", status_code=201, name="Report an event of a jurisdiction")
async def post_jurisdiction_event(code: str, request: Request) -> Response:
    """Takes `rules.amended`, `plan.approved`, `programme.reviewed`, `calendar.published`; as for a parcel."""
    parts = parts_of(request)
    principal = await parts.authenticator.principal(request)
    if not _DIVISION.fullmatch(code):
        raise Problem("NOT_FOUND", "行政区代码为六位数字（GB/T 2260）")
    must_cover(principal, code)
    if principal.area_id is not None:
        raise Problem("FOREIGN_JURISDICTION", "限于某一区域的密钥不能上报行政区的事件")
    return await take(request, parts, principal, Stream(f"jurisdiction:{code}", code, "jurisdiction"))
