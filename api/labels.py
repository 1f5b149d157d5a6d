"""Chinese and English labels of the enumerated values of answers (contract 3.1, 4); those of events stand in `field_labels`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from domain.wording import BREACHES

Labels = Mapping[str, Mapping[str, str]]


def labels_of(text: str) -> Labels:
    """One value a line: code, Chinese, English, separated by `|`."""
    rows = (line.split("|") for line in text.strip().splitlines())
    return {code.strip(): {"zh": zh.strip(), "en": en.strip()} for code, zh, en in rows}


OBLIGATIONS: Final = labels_of("""
    O-PAY|缴纳土地价款|Pay the land price
    O-RENT|缴纳租金|Pay the rent
    O-BOND|缴存履约保证金|Post the performance bond
    O-USE|按约定用途使用|Use as contracted
    O-IND|产业准入|Admitted industry
    O-START|按期开工|Start construction in time
    O-COMPLETE|按期竣工|Complete construction in time
    O-PROD|按期投产|Start production in time
    O-REACH|按期达产|Reach capacity in time
    O-INVEST|投资强度|Investment intensity
    O-FAR|容积率|Plot ratio
    O-BCOEF|建筑系数|Building coefficient
    O-OFFICE-L|行政办公及生活服务设施用地比例|Office and living land share
    O-OFFICE-F|行政办公及生活服务设施建筑面积比例|Office and living floor share
    O-NOHOUSE|不得建造住宅等非生产性配套设施|No housing, hotel or training centre
    O-GREEN|绿地率|Green ratio
    O-OUTPUT|亩均产值|Output per mu
    O-TAX|亩均税收|Tax per mu
    O-VA|亩均增加值|Value added per mu
    O-ENERGY|单位能耗增加值|Value added per ton of standard coal
    O-EMIT|单位排放增加值、排放总量|Value added per ton of pollutants, permit limits
    O-RD|研发经费占比|R&D share of revenue
    O-LABOUR|全员劳动生产率|Value added per employee
    O-TRANSFER|依法依约转让|Transfer only if allowed
    O-LET|依约出租|Letting only with report or consent
    O-EQUITY|股权变更须经同意|No change of control without consent
    O-TERM|按时申请续期|Apply for renewal in time
    O-PUBLIC|移交公益性用地|Hand over public land
    O-PRICE5|五年过渡期满依规办理|End the transition properly
    O-FILE|按时备案|File in time
    O-LAWFUL|依法取得审批手续后动工|Start only with all approvals
""")

LABELS: Final[Mapping[str, Labels]] = {
    "stage": labels_of("""
        LEAD|招商线索|Lead
        ADMITTED|已准入|Admitted
        REJECTED|未通过准入|Rejected
        SUPPLIED|已供地|Supplied
        DELIVERED|已交地|Delivered
        UNDER_CONSTRUCTION|在建|Under construction
        COMPLETED|已竣工|Completed
        IN_PRODUCTION|已投产|In production
        AT_CAPACITY|已达产|At capacity
        EXIT_IN_PROGRESS|退出中|Exit in progress
        EXITED|已退出|Exited
    """),
    "compliance": labels_of("""
        CLOSED|已结束|Closed
        ESCALATED|已升级处置|Escalated
        BREACH|违约|Breach
        IN_CURE|整改中|In cure
        WARNING|预警|Warning
        NOT_REPORTED|未上报|Not reported
        NORMAL|正常|Normal
        UNKNOWN|未能评估|Not evaluated
        NO_DATA|无数据|No data
    """),
    "obligation_state": labels_of("""
        SCHEDULED|未到期|Scheduled
        DUE_SOON|临近到期|Due soon
        MET|已履行|Met
        MET_LATE|逾期履行|Met late
        PARTIALLY_MET|部分履行|Partially met
        OVERDUE|逾期未履行|Overdue
        NOT_REPORTED|未上报|Not reported
        WAIVED|已免除|Waived
        SUPERSEDED|已被替代|Superseded
    """),
    "idle_clock": labels_of("""
        NONE|不计|None
        Y1|满一年|One year
        Y2|满两年|Two years
    """),
    "idle_determination": labels_of("""
        NONE|未调查|None
        INVESTIGATING|调查中|Investigating
        IDLE_ENTERPRISE|闲置（企业原因）|Idle, the enterprise's cause
        IDLE_GOVERNMENT|闲置（政府原因）|Idle, the government's cause
        FORCE_MAJEURE|不可抗力|Force majeure
        NOT_IDLE|不构成闲置|Not idle
        RELEASED|已解除|Released
    """),
    "breach_kind": {kind: {"zh": zh, "en": en} for kind, (zh, en) in BREACHES.items()},
    "breach_phase": labels_of("""
        OPEN|已发现|Open
        NOTICED|已告知|Noticed
        CONFIRMED|已认定|Confirmed
        IN_CURE|整改中|In cure
        CURE_FAILED|整改未通过|Cure failed
        DETERMINED|已认定闲置|Determined
        CURED|已整改|Cured
        CLOSED|已结束|Closed
        CLOSED_LATE|逾期履行后结束|Closed late
        WITHDRAWN|已撤销|Withdrawn
        EXEMPTED|已免责|Exempted
    """),
    "amount_kind": labels_of("""
        IDLE_FEE|土地闲置费|Idle land fee
        LD_START|开工违约金|Damages for a late start
        LD_COMPLETE|竣工违约金|Damages for a late completion
        LD_INVEST|投资强度违约金|Damages for the investment
        LD_FAR|容积率违约金|Damages for the plot ratio
        TOP_UP|补足税收等差额|Top-up
        LATE_FEE|滞纳金|Late fee
        OTHER|其他|Other
    """),
    "amount_state": labels_of("""
        RUNNING|累计中|Running
        FIXED|已确定|Fixed
        ASSESSED|已核定|Assessed
        PAID|已缴清|Paid
        REVERSED|已冲销|Reversed
        REFUND_DUE|应退还|Refund due
    """),
    "alert_level": labels_of("""
        YELLOW|黄色|Yellow
        RED|红色|Red
    """),
    "alert_state": labels_of("""
        OPEN|未签收|Open
        ACKNOWLEDGED|已签收|Acknowledged
        CLEARED|已解除|Cleared
        WITHDRAWN|已撤回|Withdrawn
    """),
    "alert_code": labels_of("""
        A-PAY-30|价款30日内到期|Payment due within 30 days
        A-START-30|30日内应开工|Start due within 30 days
        A-COMPLETE-30|30日内应竣工|Completion due within 30 days
        A-PROD-30|30日内应投产|Production due within 30 days
        A-CURE-30|整改期30日内届满|Cure period ends within 30 days
        A-FILING-7|备案7日内到期|Filing due within 7 days
        A-FILING-OVERDUE|备案逾期|Filing overdue
        A-IDLE-NEAR|临近闲置满一年|Nearly idle for one year
        A-IDLE-Y1|闲置满一年|Idle for one year
        A-IDLE2-NEAR|临近闲置满两年|Nearly idle for two years
        A-IDLE-Y2|闲置满两年|Idle for two years
        A-LEASE-180|租期180日内届满|Lease ends within 180 days
        A-TERM-RENEW|应申请续期|Renewal to be applied for
        A-TERM-LATE|续期申请逾期|Renewal not applied for in time
        A-ASSESS-DUE|应开展评估|Assessment due
        A-ASSESS-OVERDUE|评估逾期|Assessment overdue
    """),
    "exit_kind": labels_of("""
        VS|自愿退出|Voluntary surrender
        AB|协议收回、收购储备|Agreed buy-back
        ABP|园区平台回购|Buy-back by a park platform
        MT|二级市场转让|Market transfer
        MTA|转让（受让方承接监管协议）|Transfer with consent
        MTP|节余土地分割转让|Surplus land transfer
        HL|节余房屋转租|Surplus premises letting
        EXC|置换、搬迁|Exchange or relocation
        FI|无偿收回（闲置满二年）|Forced recovery, idle
        FP|解除合同收回（绩效不达标）|Forced exit, performance
        FPAY|欠缴价款解除|Termination for non-payment
        FUSE|擅自改变用途解除|Termination for change of use
        EX|期满未续|Expiry
        LE|租赁期满未转出让|Lease end, no conversion
        PI|公共利益收回|Public interest
        JD|司法处置|Court disposal
        WD|撤销、停止使用划拨地|Withdrawal of allocation
    """),
    "filing_state": labels_of("""
        PENDING|待备案|Pending
        ON_TIME|按时备案|On time
        OVERDUE|逾期未备案|Overdue
        LATE_CLOSED|逾期备案|Filed late
    """),
    "doc_type": labels_of("""
        SPECIAL_PLAN|专项规划|Special plan
        SCHEME|实施方案|Scheme
        LAND_APPROVAL|用地批准|Land approval
        SUPPLY_RESULT|供地结果|Supply result
        AGREEMENT|监管协议|Agreement
        PROGRESS|进展情况|Progress
    """),
    "supply_mode": labels_of("""
        GRANT_LISTING|挂牌出让|Grant by listing
        GRANT_AUCTION|拍卖出让|Grant by auction
        GRANT_TENDER|招标出让|Grant by tender
        GRANT_AGREEMENT|协议出让|Grant by agreement
        LEASE_LONG|长期租赁|Long lease
        LEASE_THEN_GRANT|先租后让|Lease, then grant
        ELASTIC|弹性年期出让|Elastic term
        ALLOCATION|划拨|Allocation
        CAPITAL_CONTRIBUTION|作价出资（入股）|Capital contribution
    """),
    "cause": labels_of("""
        GOV_LATE_DELIVERY|未按约定交付土地|Late delivery
        GOV_PLAN_CHANGE|规划依法修改|Plan changed
        GOV_POLICY|国家政策调整|Policy changed
        GOV_PETITION|处置群众信访事项|Petitions
        MILITARY_HERITAGE|军事管制、文物保护|Military or heritage
        GOV_OTHER|政府的其他行为|Other acts of government
        FORCE_MAJEURE|不可抗力|Force majeure
        PRELIMINARY_WORK|必需的前期工作|Preliminary work
        JUDICIAL|司法查封|Judicial seizure
        ENTERPRISE_FINANCING|企业资金原因|Financing
        ENTERPRISE_MARKET|企业市场原因|Market
        ENTERPRISE_OTHER|企业其他原因|Other causes of the enterprise
    """),
    "assessment_kind": labels_of("""
        START_COMPLETE|开竣工评估|Start and completion
        REACH|达产评估|Reaching capacity
        PROCESS|过程评估|In the course
        EXPIRY|到期评估|At the end
        CONVERSION|转出让评估|Conversion
    """),
    "enterprise_class": labels_of("""
        A|优先发展类|Favoured
        B|鼓励提升类|Encouraged
        C|监管调控类|Watched
        D|落后整治类|To be put right
        T|不适合评价类|Not graded
    """),
    "data_quality_kind": labels_of("""
        SILENCE|应报未报|Silence
        CONFLICT|数据不一致|Conflict
        DATA_MISSING|历史数据缺失|Data missing
        PARKED|停放|Parked
    """),
    "task": labels_of("""
        HEALTH_RED|体检为红，应责令整改|Red health check, order due
        PROCESS_ASSESSMENT|过程评估窗口|Window of the process assessment
    """),
    "policy": labels_of("""
        GRANT_BY_AGREEMENT|协议出让|Grant by agreement
        USE_CHANGE|改变用途|Change of use
        FAR_INCREASE|提高容积率|Higher plot ratio
        OTHER|其他|Other
    """),
    "role": labels_of("""
        department|部门|Department
        regulator|监管者|Regulator
        coordinator|协调者|Coordinator
        admin|管理员|Administrator
    """),
}
