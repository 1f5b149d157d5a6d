"""Parcels for map programs: OGC API – Features 1.0.1, conformance classes Core and GeoJSON (contract 4: `/ogc/`).

No event carries an outline, so that every feature has the geometry null (RFC 7946, 3.2) and its attributes; a map
program joins them to outlines of its own by the parcel code. Clauses are those of OGC 17-069r4.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from math import isfinite
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from adapters.postgres import Connection
from api.answers import JsonAnswer
from api.dependencies import Caller, Parcel, Wiring, caller
from api.fields import Cursor, Division, invalid
from api.hiding import Eyes
from api.lists import in_area, prefixes, read_page
from api.problems import Problem
from domain.divisions import prefix
from projections import compliance

router = APIRouter(prefix="/ogc", tags=["maps"])

GEOJSON: Final = "application/geo+json"
_MOST: Final = 500
_CLASSES: Final = (
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
)
_CRS84: Final = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\d([Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d))?")
_OPEN: Final = ("", "..")

Bbox = Annotated[str | None, Query(description="four or six numbers; no feature has a geometry, so that none is found")]
Moment = Annotated[
    str | None,
    Query(
        alias="datetime", description="instant or interval; no feature has a temporal geometry, so that none is found"
    ),
]


class GeoJsonAnswer(JsonAnswer):
    """A GeoJSON body."""

    media_type = GEOJSON


def feature(feature_id: str, properties: dict[str, Any]) -> dict[str, Any]:
    """A feature of RFC 7946 without geometry."""
    return {"type": "Feature", "id": feature_id, "geometry": None, "properties": properties}


@router.get("", include_in_schema=False, dependencies=[Depends(caller)])
@router.get("/", name="Maps: landing page", dependencies=[Depends(caller)])
def get_landing(request: Request) -> Response:
    """Where the description, the conformance and the collections are (7.2)."""
    return JsonAnswer(
        {
            "title": "Landcycle",
            "description": "产业用地全生命周期共同监管：宗地 Parcels under joint supervision",
            "links": [
                _link(request, "/ogc/", "self", "application/json", "this document"),
                _link(request, "/openapi.json", "service-desc", "application/vnd.oai.openapi+json;version=3.1", "API"),
                _link(request, "/docs", "service-doc", "text/html", "API for people"),
                _link(request, "/ogc/conformance", "conformance", "application/json", "conformance classes"),
                _link(request, "/ogc/collections", "data", "application/json", "collections"),
            ],
        }
    )


@router.get("/conformance", name="Maps: conformance", dependencies=[Depends(caller)])
def get_conformance() -> Response:
    """The classes that hold here (7.4)."""
    return JsonAnswer({"conformsTo": list(_CLASSES)})


@router.get("/collections", name="Maps: collections", dependencies=[Depends(caller)])
def list_collections(request: Request) -> Response:
    """There is one: `parcels` (7.13)."""
    links = [_link(request, "/ogc/collections", "self", "application/json", "this document")]
    return JsonAnswer({"links": links, "collections": [_collection(request)]})


@router.get("/collections/parcels", name="Maps: the collection of parcels", dependencies=[Depends(caller)])
def get_collection(request: Request) -> Response:
    """What the collection is and where its features are (7.14)."""
    return JsonAnswer(_collection(request))


@router.get("/collections/parcels/items", name="Maps: parcels as features", response_class=GeoJsonAnswer)
def list_features(
    *,
    asker: Caller,
    parts: Wiring,
    request: Request,
    limit: Annotated[int, Query(ge=1, description="more than 500 is taken as 500")] = 50,
    bbox: Bbox = None,
    moment: Moment = None,
    jurisdiction: Division = None,
    cursor: Cursor = None,
) -> Response:
    """The parcels that the caller may see, in pages, in the order of their ids (7.15)."""
    if bbox is not None:
        _check_bbox(bbox)
    if moment is not None:
        _check_moment(moment)
    filters = {"jurisdiction": jurisdiction, "bbox": bbox, "datetime": moment}
    codes = prefixes(asker, jurisdiction)

    def find(connection: Connection, after: Any, count: int) -> list[dict[str, Any]]:
        if bbox is not None or moment is not None:
            return []
        return compliance.find(connection, jurisdictions=codes, after=after, limit=count)

    found = read_page(
        parts, asker, "features", filters=filters, find=find, place=lambda item: str(item["parcel_id"]),
        cursor=cursor, limit=min(limit, _MOST),
    )  # fmt: skip
    links = [_link(request, _here(request), "self", GEOJSON, "this page"), _collection_link(request)]
    if found.next is not None:
        links.append(_link(request, _here(request, cursor=found.next), "next", GEOJSON, "the next page"))
    features = [feature(item["parcel_id"], item) for item in found.items]
    return GeoJsonAnswer(
        {
            "type": "FeatureCollection",
            "features": features,
            "links": links,
            "timeStamp": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            "numberReturned": len(features),
        }
    )


@router.get(
    "/collections/parcels/items/{parcel_id}",  # noqa: FAST003 - `Parcel` takes it
    name="Maps: one parcel as a feature",
    response_class=GeoJsonAnswer,
)
def get_feature(parcel: Parcel, parts: Wiring, request: Request) -> Response:
    """One parcel (7.16). A foreign one is 403, an unknown one 404, as everywhere."""
    with parts.log.connection() as connection:
        found = compliance.find(
            connection, jurisdictions=[prefix(parcel.jurisdiction)], parcel_id=parcel.parcel_id, limit=1
        )
        shown = in_area(connection, parcel.principal, found)
    if found and not shown:
        raise Problem("FOREIGN_JURISDICTION", "宗地不在本密钥的区域之内")
    if not shown:
        raise Problem("UNKNOWN_PARCEL", "列表尚未显示这个宗地，请稍后再试")
    item = Eyes(parcel.principal).answer(shown[0])
    links = [_link(request, _here(request), "self", GEOJSON, "this feature"), _collection_link(request)]
    return GeoJsonAnswer(feature(parcel.parcel_id, item) | {"links": links})


def _collection(request: Request) -> dict[str, Any]:
    path = "/ogc/collections/parcels"
    return {
        "id": "parcels",
        "title": "宗地 Parcels",
        "description": "每宗地的阶段、履约状态、未结违约和可用退出方式；没有图形 no outlines",
        "itemType": "feature",
        "crs": [_CRS84],
        "links": [
            _link(request, path, "self", "application/json", "this document"),
            _link(request, f"{path}/items", "items", GEOJSON, "features"),
        ],
    }


def _collection_link(request: Request) -> dict[str, str]:
    return _link(request, "/ogc/collections/parcels", "collection", "application/json", "the collection")


def _link(request: Request, path: str, rel: str, media_type: str, title: str) -> dict[str, str]:
    return {"href": str(request.base_url).rstrip("/") + path, "rel": rel, "type": media_type, "title": title}


def _here(request: Request, **changed: str) -> str:
    query = urlencode(dict(request.query_params) | changed)
    return request.url.path + (f"?{query}" if query else "")


def _check_bbox(text: str) -> None:
    """Four or six finite numbers, the lower corner first (7.15.3). Raises Problem 400."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    half = len(numbers) // 2
    if len(numbers) not in (4, 6) or not all(map(isfinite, numbers)) or numbers[1] > numbers[half + 1]:
        raise invalid("bbox", "应为四个或六个数，先西南角后东北角")


def _check_moment(text: str) -> None:
    """An instant, or an interval of which one end may be open (7.15.4). Raises Problem 400."""
    ends = text.split("/")
    given = [end for end in ends if not (len(ends) == 2 and end in _OPEN)]
    if len(ends) > 2 or not given or not all(map(_is_instant, given)):
        raise invalid("datetime", "应为RFC 3339的时刻，或以/分开的区间，其一端可为..")


def _is_instant(text: str) -> bool:
    try:
        return bool(_INSTANT.fullmatch(text)) and datetime.fromisoformat(text.upper()) is not None
    except ValueError:
        return False
