"""What a breach and a bar to an exit are called, in alerts, lists and labels alike (specification 3.2, 5.4).

No number stands here that a pack sets: how much, how often and how long is a parameter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

BREACHES: Final[Mapping[str, tuple[str, str]]] = {
    "PAY": ("价款或租金未按期缴清", "Payment"),
    "START": ("未按期开工", "Start"),
    "COMPLETE": ("未按期竣工", "Completion"),
    "PROD": ("未按期投产", "Production"),
    "CAPACITY": ("未按期达产", "Capacity"),
    "FAR": ("容积率不符合约定", "Plot ratio"),
    "BCOEF": ("建筑系数不符合约定", "Building coefficient"),
    "OFFICE": ("行政办公及生活服务设施超标", "Office share"),
    "HOUSING": ("违规建设住宅等非生产性配套设施", "Housing"),
    "GREEN": ("绿地率不符合约定", "Green ratio"),
    "INVEST": ("投资强度不足", "Investment"),
    "PERF": ("绩效评估不达标", "Performance"),
    "IDLE": ("土地闲置", "Idle land"),
    "TERM": ("土地使用期限届满", "Term"),
    "USE": ("擅自改变用途或产业", "Use"),
    "TRANSFER": ("违规转让", "Transfer"),
    "LETTING": ("违规出租", "Letting"),
    "EQUITY": ("股权变更未经同意", "Equity"),
    "PUBLIC": ("未移交公益性用地", "Public land"),
    "UNLAWFUL_START": ("未批先建", "Unlawful start"),
}
"""Kind of a breach → Chinese, English."""

BLOCKERS: Final[Mapping[str, tuple[str, str, str]]] = {
    "TENURE": ("供应方式不是出让", "Not granted land", "办理转出让或出让手续"),
    "PRICE_UNPAID": ("土地价款未见全部缴清", "Price not fully paid on record", "缴清价款并由财政、税务部门上报"),
    "NO_TITLE": ("没有不动产登记记录", "No title on record", "办理不动产登记"),
    "INVESTMENT_BELOW": ("开发投资不足且未竣工", "Too little invested", "投资达到规定比例或竣工后上报"),
    "OPEN_BREACH": ("有未结违约", "A breach is open", "整改完成或违约了结"),
    "NO_BREACH": ("没有可随转让承接的未结违约", "No breach to be taken over", "无违约时适用整体转让（MT）"),
    "IDLE": ("处于土地闲置期间", "Idle", "动工开发或完成闲置土地处置"),
    "SEIZED": ("土地使用权被查封", "Seized", "解除查封"),
    "TERM_OVER": ("土地使用期限已届满或权利已注销", "Term over", "办理续期"),
    "EXIT_RUNNING": ("退出程序正在进行", "An exit runs", "完成或撤回正在进行的退出"),
    "STARTED": ("土地已动工", "Construction has started", "无法消除：已动工土地不得无偿收回"),
    "CLOCK_BELOW_Y2": ("未动工未满二年", "Less than two years", "满二年"),
    "NOT_DETERMINED": ("未认定为企业原因的闲置土地", "Not determined", "作出闲置土地认定"),
    "NO_EXIT_CLAUSE": ("监管协议没有退出条款", "No exit clause", "以补充协议约定退出条款"),
    "FAILURES_BELOW_2": ("连续评估不达标次数不足", "Too few failures in a row", "再次评估"),
    "NO_REQUEST": ("没有相应申请或报告", "No request", "提出申请并上报"),
    "NO_DECISION": ("没有相应决定或批准", "No decision", "作出决定并上报"),
    "NOT_DUE": ("期限未到或条件未发生", "Not due", "到期后"),
    "NOT_REMINDED": ("尚未书面催缴", "Not reminded", "发出书面告知（breach.notified）"),
    "AMOUNT_OPEN": ("有未结清的违约金、闲置费、滞纳金或补足金额", "Money is open", "缴清、抵扣或决定免除"),
    "BOND_HELD": ("履约保证金未退还或没收", "The bond is held", "退还或没收保证金并上报"),
    "MORTGAGED": ("抵押尚未注销", "Mortgaged", "注销抵押或先行清偿抵押权人"),
    "NOT_VALUED": ("土地和建筑物尚未评估", "Not valued", "完成评估并上报"),
}
"""What bars an exit → Chinese, English, what clears it."""
