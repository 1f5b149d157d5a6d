"""The codes of refusals that HTTP itself gives: who calls, what is sent, which version is meant (contract 3).

The codes of the domain stand in `domain.refusal_codes`; the catalogue shows both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(slots=True, frozen=True)
class HttpCode:
    """One code: the status it comes with, its titles, when it is given and by which text."""

    code: str
    status: int
    zh: str
    en: str
    guard: str
    source: str


_LISTED: Final = (
    HttpCode("MALFORMED_JSON", 400, "请求体不是合格的JSON", "Malformed JSON", "正文须为UTF-8的JSON，键不重复，无NaN", "契约3"),
    HttpCode("UNKNOWN_PARAMETER", 400, "没有这个查询参数", "Unknown parameter", "只接受文档所列的查询参数", "契约3"),
    HttpCode("INVALID_PARAMETER", 400, "查询参数不合格式", "Invalid parameter", "查询参数须合其格式和范围", "契约3、4.1"),
    HttpCode("INVALID_HEADER", 400, "请求头不合格式", "Invalid header", "If-Match为带引号的版本号", "契约3"),
    HttpCode("CURSOR_ALTERED", 400, "游标无效", "Cursor altered", "游标须原样返回，且查询条件不变", "契约4.1"),
    HttpCode("POSITION_OF_ANOTHER_LOG", 400, "预警日志没有这个位置", "Position of another log", "after和Last-Event-ID不大于预警日志的末尾", "契约4.1、4.2"),
    HttpCode("UNAUTHENTICATED", 401, "未提供有效的密钥或令牌", "Not authenticated", "须有有效的密钥或访问令牌", "契约7"),
    HttpCode("FOREIGN_JURISDICTION", 403, "不属于本密钥的行政区", "Foreign jurisdiction", "密钥的行政区须含宗地所在地", "契约1、3"),
    HttpCode("NOT_ENTITLED", 403, "本部门没有这项上报职责", "Department not entitled", "部门须在当地承担该类事件", "契约2；规范2.2、2.4"),
    HttpCode("ROLE_NOT_ALLOWED", 403, "该密钥的角色不能做这件事", "Role not allowed", "监管者只读；协调者裁定分歧、处理预警", "契约7"),
    HttpCode("NOT_FOUND", 404, "没有找到", "Not found", "地址所指须存在", "契约3"),
    HttpCode("UNKNOWN_PARCEL", 404, "没有这个宗地的记录", "Unknown parcel", "宗地须至少有一个事件", "契约3"),
    HttpCode("METHOD_NOT_ALLOWED", 405, "该地址不支持这种请求方法", "Method not allowed", "只接受文档所列的方法", "RFC 9110"),
    HttpCode("EVENT_ID_REUSED", 409, "事件编号已用于另一份内容", "Event id reused", "同一编号只对应同一内容", "契约3"),
    HttpCode("ALERT_STATE", 409, "预警的状态不允许这样处理", "Alert state", "已结束的预警不再签收或关闭", "契约4.1"),
    HttpCode("VERSION_STALE", 412, "宗地已有更新的事件", "Stale version", "If-Match须等于宗地的当前版本", "契约3"),
    HttpCode("BODY_TOO_LARGE", 413, "请求体过大", "Body too large", "一个事件不超过256 KiB，一个导入文件不超过256 MiB", "契约3"),
    HttpCode("UNSUPPORTED_MEDIA_TYPE", 415, "不支持的内容类型", "Unsupported media type", "事件为JSON，批量为NDJSON", "契约3"),
    HttpCode("DIVISION_UNKNOWN", 422, "没有这个行政区划", "Unknown division", "宗地代码的前六位须为行政区划代码", "规范7.1；GB/T 2260"),
    HttpCode("FILE_UNREADABLE", 422, "文件不能读出", "File unreadable", "CSV或工作簿，含供地结果公告的全部列", "规范7.8"),
    HttpCode("NUL_CHARACTER", 422, "文字中含有NUL字符", "NUL character", "文字不得含U+0000", "RFC 8785；契约4.2"),
    HttpCode("NUMBER_TOO_LARGE", 422, "数值超出JSON可精确表示的范围", "Number too large", "整数不超过2^53-1", "RFC 8785；契约4.2"),
    HttpCode("NOT_AN_OBJECT", 422, "应为一个JSON对象", "Not an object", "一个事件是一个JSON对象", "契约3"),
    HttpCode("GROUP_REFUSED", 424, "同组的另一行被拒绝", "Another line of the group was refused", "同一宗地的连续行同进同退", "契约3"),
    HttpCode("IF_MATCH_REQUIRED", 428, "须以If-Match写明所依据的版本", "If-Match required", "更正、撤销、退出须依最新版本", "契约3"),
    HttpCode("TOO_MANY_REQUESTS", 429, "请求过于频繁，请稍后再试", "Too many requests", "超出本服务同时处理的数量", "契约3"),
    HttpCode("INTERNAL", 500, "服务内部出错", "Internal error", "请将trace_id告知运维", "RFC 9457"),
    HttpCode("BEHIND", 503, "列表尚未显示到所要求的位置", "Behind", "min_position在5秒内未到达", "契约4.1"),
    HttpCode("LOG_UNAVAILABLE", 503, "事件日志暂时不可用，请用同一编号重试", "Log unavailable", "数据库未在时限内应答", "契约3"),
)  # fmt: skip

HTTP_CODES: Final[Mapping[str, HttpCode]] = {code.code: code for code in _LISTED}
