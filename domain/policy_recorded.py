"""Parameters of specification part 10 that change no computed answer, each with the reason why it is recorded.

The page of rules and `GET /v1/rules` say so beside the value: nothing is listed as if it worked. A test holds every
parameter either here or in the table of those that a test shows to work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from domain.policy_keys import KEYS


@dataclass(slots=True, frozen=True)
class Recorded:
    """Why a parameter is recorded and not computed with."""

    zh: str
    en: str


_PROPOSAL: Final = Recorded(
    "供起草合同、协议或责令整改时参考，以文本为准（规范3.2）",
    "a proposal for the drafter; the contract, agreement or order decides (3.2)",
)
_METHOD: Final = Recorded(
    "本版本只有这一种办法（规范第10部分）", "the only method there is: another name is refused (part 10)"
)
_CLOCK: Final = Recorded(
    "仅供查阅的程序期限，由主管部门判断（规范4.6）",
    "a procedure clock to look up; the authority decides whether it applies (4.6)",
)
_FORM: Final = Recorded(
    "编码格式由国家标准规定，随版本检查，各地相同",
    "the form of a national standard, checked by the release, the same everywhere",
)
_NO_OUTLINE: Final = Recorded("上报内容没有宗地图形（契约3.1）", "no event carries an outline (contract 3.1)")
_OTHER: Final[Mapping[str, Recorded]] = {
    "escalation.exit_when": Recorded(
        "启动退出即为5级；条件见FI、FP、FPAY、FUSE四种退出", "`exit.opened` is level 5; the cases are those of FI, FP, FPAY and FUSE (4.4, 5.1)"
    ),
    "investment.development.excludes": Recorded(
        "已体现在上报字段invest_excl_land_wan的定义中", "how the reported figure `invest_excl_land_wan` is defined (3.1)"
    ),
    "lowefficiency.k": Recorded("低效认定由部门上报（inefficiency.identified）", "the identification is reported (`inefficiency.identified`)"),
    "area.weights": Recorded("文件未规定各指标的权重，综合排名以公布为准", "no text says how the indicators weigh; the published rank counts (6.4)"),
}  # fmt: skip
_PROPOSALS: Final = """
bond.release_shares draft.production_after_completion draft.capacity_after_production bcoef.national_min let.own_use_min
pay.first_due_days office.land_max office.floor_max
"""
_METHODS: Final = """
development.area onboarding.earlier_due refund.method split.apportion idle.stopped.fee idle.stopped.close extension.count_per
exit.vs.refund exit.fp.money exit.withdrawn.counts assess.pass rank.indicator rank.ties grade.allocation
"""

RECORDED: Final[Mapping[str, Recorded]] = {
    **dict.fromkeys(_PROPOSALS.split(), _PROPOSAL),
    **dict.fromkeys((key for key in KEYS if key.startswith("cure.")), _PROPOSAL),
    **dict.fromkeys(_METHODS.split(), _METHOD),
    **dict.fromkeys((key for key in KEYS if key.startswith("code.")), _FORM),
    "exit.vs.notice_days": _CLOCK,
    "geo.area_warn_ratio": _NO_OUTLINE,
    "geo.crs_3deg": _NO_OUTLINE,
    **_OTHER,
}
"""Parameter → why no computed answer depends on it."""
