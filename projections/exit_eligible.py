"""Which ways out are open to a parcel, and what bars the others (contract 4: `GET /v1/exit-eligible`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson
from psycopg.types.json import Jsonb

from adapters.postgres import Connection
from domain.event import day_text
from projections import generations
from projections.evaluated import Evaluated
from projections.reach import within

NAME: Final = "exit_eligible"

BLOCKERS: Final = {
    "TENURE": ("供应方式不是出让", "办理转出让或出让手续"),
    "PRICE_UNPAID": ("土地价款未见全部缴清", "缴清价款并由财政、税务部门上报"),
    "NO_TITLE": ("没有不动产登记记录", "办理不动产登记"),
    "INVESTMENT_BELOW": ("开发投资未达25%且未竣工", "投资达到25%或竣工后上报"),
    "IDLE": ("处于土地闲置期间", "动工开发或完成闲置土地处置"),
    "SEIZED": ("土地使用权被查封", "解除查封"),
    "TERM_OVER": ("土地使用期限已届满或权利已注销", "办理续期"),
    "EXIT_RUNNING": ("退出程序正在进行", "完成或撤回正在进行的退出"),
    "STARTED": ("土地已动工", "无法消除：已动工土地不得无偿收回"),
    "CLOCK_BELOW_Y2": ("未动工未满二年", "满二年"),
    "NOT_DETERMINED": ("未认定为企业原因的闲置土地", "作出闲置土地认定"),
    "NO_EXIT_CLAUSE": ("监管协议没有退出条款", "以补充协议约定退出条款"),
    "FAILURES_BELOW_2": ("连续评估不达标不足两次", "再次评估"),
    "NO_REQUEST": ("没有相应申请或报告", "提出申请并上报"),
    "NO_DECISION": ("没有相应决定或批准", "作出决定并上报"),
    "NOT_DUE": ("期限未到或条件未发生", "到期后"),
    "AMOUNT_OPEN": ("有未结清的违约金、闲置费、滞纳金或补足金额", "缴清、抵扣或决定免除"),
    "BOND_HELD": ("履约保证金未退还或没收", "退还或没收保证金并上报"),
    "MORTGAGED": ("抵押尚未注销", "注销抵押或先行清偿抵押权人"),
    "NOT_VALUED": ("土地和建筑物尚未评估", "完成评估并上报"),
    "NOT_REMINDED": ("尚未书面催缴", "发出书面告知（breach.notified）"),
    "NO_BREACH": ("没有可随转让承接的未结违约", "无违约时适用整体转让（MT）"),
}  # fmt: skip
"""Blocker code → (in words, what clears it)."""

ALWAYS_OPEN: Final = frozenset({"VS", "AB"})
"""Kinds that nothing bars: listed only when asked for."""

_WRITE: Final = """
INSERT INTO read_exit AS e SELECT * FROM jsonb_to_recordset(%s) AS r (parcel_id text, jurisdiction text, eligible text[], kinds text)
ORDER BY parcel_id
ON CONFLICT (parcel_id) DO UPDATE SET (jurisdiction, eligible, kinds) = (excluded.jurisdiction, excluded.eligible, excluded.kinds)
WHERE (e.jurisdiction, e.eligible, e.kinds) IS DISTINCT FROM (excluded.jurisdiction, excluded.eligible, excluded.kinds)
"""
COLUMNS: Final = ("parcel_id", "jurisdiction", "eligible", "kinds")


def write(connection: Connection, found: Sequence[Evaluated]) -> None:
    """Replaces the rows of these parcels; a parked parcel is never eligible."""
    parked = [one.parcel_id for one in found if one.assessment is None]
    if parked:
        connection.execute("DELETE FROM read_exit WHERE parcel_id = ANY(%s)", (parked,))
    connection.execute(_WRITE, (Jsonb([row for one in found if (row := row_of(one)) is not None]),))


def row_of(one: Evaluated) -> dict[str, Any] | None:
    """The row of a parcel; None while it is parked."""
    found = one.assessment
    if found is None:
        return None
    kinds = [
        [kind.kind, kind.eligible, None if kind.since is None else day_text(kind.since), kind.basis, kind.blockers]
        for kind in found.exit_kinds
    ]
    text = orjson.dumps({"holder": found.holder, "stage": found.stage, "kinds": kinds}).decode()
    return {
        "parcel_id": one.parcel_id,
        "jurisdiction": one.jurisdiction,
        "eligible": sorted(kind.kind for kind in found.exit_kinds if kind.eligible and kind.kind not in ALWAYS_OPEN),
        "kinds": text,
    }


def _items(
    parcel_id: str, jurisdiction: str, text: str, kind: str | None, eligible: bool | None
) -> list[dict[str, Any]]:
    """The items of contract 4.1 that a row holds and that are asked for, by kind."""
    held = orjson.loads(text)
    return [
        {
            "parcel_id": parcel_id,
            "jurisdiction": jurisdiction,
            "holder": held["holder"],
            "stage": held["stage"],
            "kind": name,
            "eligible": is_open,
            "since": since,
            "basis": basis,
            "blockers": [blocker(code) for code in blockers],
        }
        for name, is_open, since, basis, blockers in sorted(held["kinds"])
        if _wanted(name, is_open, kind, eligible)
    ]


def blocker(code: str) -> dict[str, str]:
    """A blocker in words, with what would clear it."""
    if code.startswith("OPEN_BREACH:"):
        return {"code": code, "message": f"有未结违约（{code.partition(':')[2]}）", "cleared_by": "整改完成或违约了结"}
    message, cleared_by = BLOCKERS[code]
    return {"code": code, "message": message, "cleared_by": cleared_by}


def find(
    connection: Connection,
    *,
    jurisdictions: Sequence[str],
    kind: str | None = None,
    eligible: bool | None = True,
    after: tuple[str, str] | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Exit items by (parcel, kind). VS and AB are always open: they are listed only when asked for by kind or `any`."""
    generations.show(connection)
    condition, values = within(jurisdictions)
    conditions = [condition]
    if eligible and kind not in ALWAYS_OPEN:
        conditions.append("eligible <> '{}'")
        if kind is not None:
            conditions.append("%s = ANY(eligible)")
            values.append(kind)
    query = f"SELECT parcel_id, jurisdiction, kinds FROM read_exit WHERE {' AND '.join(conditions)} AND parcel_id >= %s"
    start, found = after or ("", ""), list[dict[str, Any]]()
    while True:
        count = limit - len(found) + 1  # the first row may be the parcel where the page before ended
        rows = connection.execute(query + " ORDER BY parcel_id LIMIT %s", (*values, start[0], count)).fetchall()
        items = (item for row in rows for item in _items(row[0], row[1], row[2], kind, eligible))
        found += [item for item in items if (item["parcel_id"], item["kind"]) > tuple(start)]
        if len(found) >= limit or len(rows) < count:
            return found[:limit]
        start = (rows[-1][0], "~")


def _wanted(name: str, is_open: bool, kind: str | None, eligible: bool | None) -> bool:
    if kind is not None:
        return name == kind and eligible in (None, is_open)
    return eligible is None or (is_open == eligible and name not in ALWAYS_OPEN)
