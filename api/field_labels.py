"""Chinese and English labels of the enumerated values that events carry, and of what bars an exit (2.4, 5.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from api.labels import Labels, labels_of
from domain.wording import BLOCKERS

FIELD_LABELS: Final[Mapping[str, Labels]] = {
    "party": labels_of("""
        ENT|土地使用权人|Land holder
        SYS|系统|The system
    """),
    "result": labels_of("""
        PASS|通过|Pass
        FAIL|不通过|Fail
        CONDITIONAL|附条件通过|Pass on conditions
        APPROVED|同意|Approved
        REFUSED|不同意|Refused
        REGISTERED|予以登记|Registered
        CURED|整改合格|Cured
        NOT_CURED|整改不合格|Not cured
    """),
    "decision": labels_of("""
        APPROVED|批准|Approved
        REFUSED|不予批准|Refused
        CONFIRMED|认定违约|Confirmed
        WITHDRAWN|撤销|Withdrawn
        EXEMPTED|免责|Exempted
    """),
    "direction": labels_of("""
        GE|不低于|At least
        LE|不高于|At most
        EQ|等于|Equal to
        BY_DATE|按期|By a day
        IN_SET|在规定范围内|One of a set
    """),
    "assess_on": labels_of("""
        COMPLETION|竣工时|On completion
        REACH|达产时|On reaching capacity
        YEARLY|每年|Yearly
        DATE|约定日期|On a day
    """),
    "env_class": labels_of("""
        REPORT|环境影响报告书|Report
        FORM|环境影响报告表|Form
        REGISTRATION|环境影响登记表|Registration
    """),
    "ground": labels_of("""
        REDEVELOPMENT|低效用地再开发|Redevelopment
        USE_CHANGE|改变用途|Change of use
        RELOCATION|搬迁安置|Relocation
        SCATTERED|零星用地|Scattered plots
        RENEWAL|续期|Renewal
    """),
    "land_condition": labels_of("""
        LEVELLED|场地平整|Levelled
        AS_IS|现状|As it is
    """),
    "evidence": labels_of("""
        PIT_EXCAVATED|基坑开挖完毕|Pit excavated
        ALL_PILES_DRIVEN|打入所有基础桩|All piles driven
        FOUNDATION_ONE_THIRD|地基施工完成三分之一|A third of the foundation
    """),
    "title_kind": labels_of("""
        FIRST|首次登记|First registration
        TRANSFER|转移登记|Transfer
        CHANGE|变更登记|Change
    """),
    "transfer_kind": labels_of("""
        WHOLE|整体转让|The whole
        PART|部分转让|A part
        PRE_REGISTRATION|预告登记转让|With a pre-registration
    """),
    "seizure_kind": labels_of("""
        SEIZURE|查封|Seizure
        BANKRUPTCY|破产|Bankruptcy
        AUCTION|拍卖|Auction
    """),
    "bond_milestone": labels_of("""
        START|开工|Start
        COMPLETE|竣工|Completion
        PRODUCTION|投产|Production
        CAPACITY|达产|Capacity
    """),
    "scope": labels_of("""
        PARCEL|本宗地|The parcel
        ENTERPRISE|全企业|The whole enterprise
    """),
    "energy_basis": labels_of("""
        EQUIVALENT|等价值|Equivalent value
        CALORIFIC|当量值|Calorific value
    """),
    "idle_option": labels_of("""
        FEE|征缴闲置费|Idle fee
        FREE_RECOVERY|无偿收回|Recovery without compensation
        EXTEND|延长开工期限|Later start
        CHANGE_USE|调整用途或规划条件|Change of use or planning
        INTERIM_USE|安排临时使用|Interim use
        PAID_RECOVERY|协议有偿收回|Agreed paid recovery
        EXCHANGE|置换土地|Exchange of land
        OTHER|其他|Other
    """),
    "remedy_kind": labels_of("""
        RECONSIDERATION|行政复议|Reconsideration
        LITIGATION|行政诉讼|Litigation
    """),
    "remedy_outcome": labels_of("""
        UPHELD|维持|Upheld
        ANNULLED|撤销|Annulled
        CHANGED|变更|Changed
    """),
    "register": labels_of("""
        LOW_EFFICIENCY|低效用地数据库|Low-efficiency land
        LEGACY|历史遗留用地数据库|Legacy land
        PROBLEM|问题清单|Problem list
        PROVINCIAL|省级系统数据库|Provincial database
    """),
    "inspection_kind": labels_of("""
        PATROL|日常巡查|Patrol
        REMOTE_SENSING|卫星遥感|Remote sensing
        PUBLIC_REPORT|群众举报|Report of the public
    """),
    "settlement_item": labels_of("""
        LAND_RIGHT|土地使用权|Land use right
        REFUND|退款|Refund
        BUILDINGS|地上建筑物|Buildings
    """),
    "rule_status": labels_of("""
        DRAFT|征求意见稿|Draft
        IN_FORCE|现行有效|In force
        RETIRED|已废止|Retired
        DEFAULT|默认值|Default
    """),
    "exit_blocker": {code: {"zh": zh, "en": en} for code, (zh, en, _) in BLOCKERS.items()},
}
