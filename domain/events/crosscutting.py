"""Corrections, withdrawals, decisions between conflicting figures: they act by `recorded_at` alone (specification 2.3)."""

from __future__ import annotations

from typing import Any

from domain.departments import DEPARTMENTS
from domain.events.model import EventData, Name, Part, Text, Uuid, optional, titled

_ID = "01920000-0000-7000-8000-000000000003"


class Change(Part):
    """One changed field: a dotted path below `data`, or `occurred_on`; items of lists by index, `code` or `no`."""

    field: Name = titled("字段", "Field")
    old: Any = optional("原值", "Old value")
    new: Any = optional("新值", "New value")


class ReportCorrected(
    EventData, name="report.corrected", number="E90", rank=900, zh="更正", en="Report corrected",
    by=" ".join(DEPARTMENTS),
    if_match=True,
    examples=(
        {"corrects": _ID, "changes": [{"field": "tax_wan", "old": "95.00", "new": "59.00"}], "reason": "多计其他宗地税款"},
        {"corrects": _ID, "changes": [{"field": "occurred_on", "old": "2024-05-20", "new": "2024-05-19"}], "reason": "日期录入错误"},
    ),
):  # fmt: skip
    """The department that reported says what is right; nothing is edited."""

    corrects: Uuid = titled("更正的事件", "Corrects")
    changes: list[Change] = titled("更正内容", "Changes", min_length=1, max_length=200)
    reason: Text = titled("理由", "Reason")


class ReportWithdrawn(
    EventData, name="report.withdrawn", number="E91", rank=910, zh="撤销", en="Report withdrawn",
    by=" ".join(DEPARTMENTS),
    if_match=True,
    examples=({"withdraws": _ID, "reason": "重复上报"}, {"withdraws": _ID, "reason": "报错地块"}),
):  # fmt: skip
    """The department that reported takes its report back."""

    withdraws: Uuid = titled("撤销的事件", "Withdraws")
    reason: Text = titled("理由", "Reason")


class ConflictDecided(
    EventData, name="conflict.decided", rank=905, zh="数据冲突裁定", en="Conflict decided", act=True,
    examples=(
        {"obligation": "O-START", "field": "occurred_on", "event_id": _ID, "reason": "以现场核查为准"},
        {"obligation": "O-TAX", "field": "tax_wan", "event_id": _ID, "reason": "以税务部门数据为准"},
    ),
):  # fmt: skip
    """A coordinator decides which of two figures counts (specification 11.16)."""

    obligation: Name = titled("义务", "Obligation")
    field: Name = titled("字段", "Field")
    event_id: Uuid = titled("以此为准的事件", "Event that counts")
    reason: Text = titled("理由", "Reason")
