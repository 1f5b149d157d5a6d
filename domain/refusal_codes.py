"""Every code of a refusal or a warning of the domain, with its guard and its source; the catalogue shows them.

A code is permanent: programs rely on it. A test proves that every code used stands here and the other way round.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(slots=True, frozen=True)
class Code:
    """One code. `kind` is refusal or warning; a warning that a rule makes a refusal (`exit.cancel_guard`) stays one here."""

    code: str
    zh: str
    en: str
    guard: str
    source: str
    kind: str


_REFUSALS: Final = """
UNKNOWN_FIELD|没有这个字段|Unknown field|字段须在目录内|契约3
REQUIRED|缺少必填字段|Required field missing|必填字段须填写|契约3；规范2.4
WRONG_TYPE|类型不符|Wrong type|字段的类型须与目录相同|契约3
WRONG_FORM|格式不符|Wrong form|字段须合其格式|契约3
NOT_IN_CATALOGUE|不在允许的取值之内|Not in the catalogue|枚举值须在目录内|契约3.1
OUT_OF_RANGE|数值超出范围|Out of range|数值须在约束之内|规范2.7
TOO_SHORT|内容过短|Too short|不得为空|规范2.7
TOO_LONG|内容过长|Too long|不得超过上限|规范2.7
TOO_MANY_DECIMALS|小数位过多|Too many decimals|金额最多四位，面积两位|规范2.7、11.22
NOT_A_NUMBER|不是数字|Not a number|应为数字|契约
NOT_A_DECIMAL_STRING|金额、面积、比率应为字符串|Not a decimal string|不用浮点数传金额|契约
NOT_A_DATE|日期不合格式|Not a date|YYYY-MM-DD且存在|契约
UNKNOWN_TYPE|此处不接受这一事件类型|Event type not taken here|类型须在目录内，并发到它的地址|契约3.1
OCCURRED_IN_FUTURE|发生日期晚于业务日期|Occurred in the future|事件已经发生|契约6；规范11.10
DOCUMENT_REQUIRED|缺少文件|Document required|批准、通知、决定须有文号|规范2.3
NOT_FOR_ENTERPRISE|不能代企业上报|Not for the enterprise|仅部分类型可代企业|契约2
DAY_DIFFERS|与发生日期不同|Day differs|重复日期须等于发生日期|规范2.3
WRONG_UNIT|单位不符|Wrong unit|单位须适用于该义务|规范3.2；契约4
USCC_FORM|统一社会信用代码格式不符|Malformed credit code|18位|GB 32100-2015
USCC_CHECK_DIGIT|统一社会信用代码校验位不符|Bad check digit|校验位|GB 32100-2015；规范7.3
PARCEL_ID|宗地编号不合格式|Malformed parcel id|四种形式之一|契约1
UNIT_CODE|不动产单元代码不合格式|Malformed unit code|28位|GB/T 37346-2019；规范7.1
INDUSTRY_CODE|行业代码不合格式|Malformed industry code|C至G门类|GB/T 4754-2017；规范7.5
PROJECT_CODE|项目代码不合格式|Malformed project code|24位|规范7.9
DATES_OUT_OF_ORDER|日期顺序有误|Dates out of order|开工<竣工<投产≤达产|规范2.7
FAR_REVERSED|容积率上下限颠倒|Plot ratio reversed|下限≤上限|规范2.7
INSTALMENTS_SUM|分期金额合计不等于价款|Instalments do not add up|Σ分期=价款|规范2.7
EXIT_CLAUSE_TEXT|缺少退出条款原文|Exit clause text missing|有条款须有原文|规范2.7
EVIDENCE_REQUIRED|缺少开工认定依据|Evidence required|三种开工状态之一|规范2.4
PART_ABOVE_WHOLE|部分大于整体|Part above whole|建筑系数≤1等|规范2.7
PERIOD_NOT_A_YEAR|期间不是一年|Period is not a year|自然年或十二个月|规范2.4
UNIT_OF_ANOTHER_PARCEL|不动产单元不属于本宗地|Unit of another parcel|单元代码前19位为宗地代码|规范2.7、7.1
ALLOCATION_RULE_REQUIRED|缺少分摊规则|Allocation rule required|企业口径须有分摊规则|规范2.4
ENERGY_BASIS_REQUIRED|缺少能耗口径|Energy basis required|等价值或当量值|规范2.4
RD_ABOVE_REVENUE|研发经费大于收入|R&D above revenue|研发经费≤主营业务收入|规范2.7
AREAS_DO_NOT_MATCH|面积个数不符|Areas do not match|每个新宗地一个面积|规范2.4
EXTENSION_INCOMPLETE|延期日期不全|Extension incomplete|写明所有后续日期|规范4.5
BREACH_NOT_NAMED|未指明违约|Breach not named|breach_id或obligation|契约3.1
AGREEMENT_NOT_ASSUMED|受让方未承接监管协议|Agreement not assumed|assumes_agreement为true|规范2.4、5.1
RULE_UNKNOWN|没有这个规则参数|Unknown rule|参数须在第10部分之内|规范10
RULE_VALUE|规则参数的值不合格式|Malformed rule value|值须合参数的形式|规范10
RULE_CONTRADICTION|规则参数自相矛盾|Contradictory rules|参数之间不得矛盾，下级行政区和园区一并检查|规范10
RULE_NOT_DATED|规则参数没有生效日|Rule without a day|部门分工自登记起生效|规范2.2
OTHER_YEAR|日期不在该年度|Another year|节假日须在所公布年度内|规范4.2
CATALOGUE_PROHIBITED|项目属禁止类|Prohibited project|禁止类不得准入|规范2.1
NOT_ADMITTED|尚未准入|Not admitted|必评部门全部通过|规范2.1、11.24
AGREEMENT_REQUIRED|须先签监管协议|Agreement required|规则包agreement.required|契约3.1
CONTRACT_EXISTS|已有合同|Contract exists|一宗地权利一份合同|契约1
CONTRACT_UNKNOWN|合同编号不符|Unknown contract|与已知合同相同|规范2.3
NO_CONTRACT|没有合同|No contract|须先有合同|规范2.1
GROUND_REQUIRED|缺少协议出让理由|Ground required|五种理由之一|规范2.1
TRANSITION_TOO_LONG|过渡期过长|Transition too long|开始日加五年|002四(六)；004 16
TERM_OUT_OF_RANGE|年期超出范围|Term out of range|法定最高年期、租赁5至20年|规范2.1、2.7
PRICE_BELOW_FLOOR|价款低于底价|Price below the floor|50年价×年期/50|规范2.7
UNDERGROUND_PRICE_BELOW_FLOOR|地下空间价款低于底价|Underground price below the floor|地下一层50%，二层再50%，停车0.75%|规范1.2第44行
RENT_BELOW_FLOOR|租金低于底价|Rent below the floor|50年价的2%|规范2.7
ASSESSED_PRICE_REQUIRED|缺少50年期评估价|Assessed price required|租赁、弹性年期须填写|规范2.7
NO_AGREEMENT_TO_AMEND|没有可补充的协议|No agreement to amend|须先有监管协议|规范2.4
PAYMENT_ABOVE_OPEN|缴款超过尚欠|Payment above what is open|≤未缴本金与滞纳金|规范2.7、11.17
INSTALMENT_UNKNOWN|没有该期款|Unknown instalment|期号在合同内|规范2.4
RENT_IN_ARREARS|租金未缴清|Rent in arrears|登记前缴清租金|规范5.1
IDLE_NOT_DISPOSED|闲置土地未处置|Idle land not disposed of|登记前完成处置|规范5.1
NOT_IN_REGISTER|不在名录内|Not in the register|省级数据库|规范1.3第57项
BELOW_PREVIOUS|累计值低于上次|Below the previous value|累计值不减|规范2.7
ABOVE_AREA|超过合同面积|Above the area|≤应动工开发面积|规范2.7
INCOMPLETE_ASSESSMENT|硬性指标不全|Incomplete assessment|每个硬性指标有实际值|契约3.1
RESULT_REQUIRED|须填写评估结果|Result required|无硬性指标时须上报结果|契约3.1
RESULT_DISAGREES|结果与计算不符|Result disagrees|PASS须全部达标|契约3.1
SEIZED|在查封中|Seized|查封期间不登记|规范5.1
TRANSFER_NOT_ALLOWED|不具备转让条件|Transfer not allowed|MT或MTA|规范5.1
NOT_A_PARENT|不是原宗地|Not a parent|本宗地在原宗地中|规范11.28
AREAS_DO_NOT_ADD_UP|面积之和不符|Areas do not add up|误差0.01平方米|规范2.4
CHILD_EXISTS|新宗地已有记录|Child exists|新宗地须是新的|规范11.28
LINEAGE_TOO_LARGE|承继记录过大|Lineage too large|承继的合同记录不超过1 MiB|契约5
EXTENSION_ABOVE_CAP|延期超过上限|Extension above the cap|≤1年|规范4.5、11.3
EXTENSION_NOT_LATER|新日期不晚于原日期|Extension not later|新日期晚于原日期|规范4.5
EXTENSION_TWICE|已延期过|Extended before|每类原因一次|规范4.5、11.3
BREACH_AMBIGUOUS|所指违约不唯一|Ambiguous breach|仅一项时可用义务代码|契约3.1
HEALTH_EVENT_UNKNOWN|没有该体检事件|Unknown health check|须为本宗地的健康体检|规范11.7
UNTIL_NOT_AFTER|整改期限不晚于责令日|Until not after the order|期限在责令之后|规范2.7
NOT_INVESTIGATED|尚未调查|Not investigated|先调查后认定|规范2.7
NOT_DETERMINED|尚未认定|Not determined|先认定后处置、计费|规范4.3
OPTION_NOT_FOR_CAUSE|处置方式与认定的原因不符|Option not for this cause|政府原因、不可抗力只有所列处置方式|规范4.3、2.6
FREE_RECOVERY_NOT_ALLOWED|不能无偿收回|Free recovery not allowed|满二年、未动工、企业原因|规范4.3
CHARGE_EXISTS|核定编号已使用|Charge exists|核定编号唯一|规范2.4
CHARGE_UNKNOWN|没有该核定|Unknown charge|先核定后缴款|规范2.4
IDLE_FEE_NOT_COVERED|合同未约定停工计费|Idle fee not covered|idle_fee_covers_stopped|规范4.3
NO_BASIS|没有可核定的事实|No basis|有事实或override_reason|规范2.7
AMOUNT_DIFFERS|与公式金额不同|Amount differs|等于公式或写明理由|规范2.7
EXIT_RUNNING|退出正在进行|Exit running|同时只有一个退出|规范5.4
EXIT_NOT_ELIGIBLE|不具备退出条件|Exit not eligible|当日具备该类型条件|规范5.1
APPROVAL_MISSING|缺少政府批准|Approval missing|FI须先批准|规范2.1、5.3
NO_EXIT|没有正在进行的退出|No exit|须先启动退出|规范5
NOT_APPLIED|尚无申请|Not applied for|先申请后决定|规范2.4
RENEWAL_NOT_LATER|新终止日不晚于原终止日|Renewal not later|新终止日在后|规范2.7
NOT_A_LEASE|不是租赁土地|Not a lease|仅租赁可转出让|规范1.2第28项
STALE_CORRECTION|原值已变|Stale correction|old等于现值|规范11.19
TARGET_UNKNOWN|没有所指事件|Unknown target|同一宗地的事件|规范2.7
TARGET_WITHDRAWN|所指事件已撤销|Target withdrawn|未撤销|规范2.7
CANNOT_CORRECT|该类事件不能更正|Cannot be corrected|更正、撤销、派生事件除外|规范2.4
PARCEL_EXITED|权利已注销|Parcel exited|注销后只接受清偿、更正等|规范11.17
NOT_SUPERVISOR|不是监管部门|Not the supervisor|谁提出谁监管|规范3.2
NOT_THE_EMITTER|不是上报部门|Not the emitter|由上报部门更正|规范2.4
COORDINATOR_ONLY|仅协调者可裁定|Coordinator only|协调者裁定分歧|规范11.16
"""
_WARNINGS: Final = """
OUT_OF_SEQUENCE|前置事件尚未上报|Out of sequence|事实照收，阶段等待|规范11.17
NO_ADMISSION_RECORD|没有准入记录|No admission record|未在本系统准入|契约3.1
NO_GROUND|没有协议出让理由|No ground on record|导入的历史只提示|规范2.1
NO_AGREEMENT|没有监管协议|No agreement|合同与协议同日签订|契约3.1
AGREEMENT_AFTER_CONTRACT|协议晚于合同|Agreement after the contract|与合同同日|规范2.7
CONTRACT_NOT_KNOWN_YET|尚无合同记录|Contract not known yet|合同上报前只提示|规范2.3
TERM_ABOVE_USUAL|年期超过一般上限|Term above the usual|天津一般不超过20年|003三(一)
PRICE_NOT_ON_RECORD|价款未见缴清|Price not on record|首次登记时提示|规范11.27
RENEWAL_LATE|续期申请已晚|Late renewal|届满前一年|城市房地产管理法第22条
A-RENEW-NO-GROUND|不予续期缺少依据|No ground for refusal|合同续期条件|规范6.1
NO_EXPIRY_ASSESSMENT|没有到期评估|No expiry assessment|续期决定前评估|规范6.1
NO_CONVERSION_ASSESSMENT|没有转出让评估|No conversion assessment|转出让决定前评估|规范6.1
RESULT_NOT_COMPUTED|结果按上报登记|Result not computed|协议没有硬性指标|契约3.1
EXTENSION_UNEQUAL|各节点延期天数不同|Unequal extension|同样天数|规范11.3
EXTENSION_ASKED_LATE|延期申请已晚|Extension asked for late|到期前30天|规范4.5
EXTENSION_CAUSE|延期原因须核对|Check the cause|政府原因或不可抗力|规范4.5
BREACH_NOT_OPEN|违约不在处理中|Breach not open|照收并提示|规范11.20
ORDER_WITHOUT_EFFECT|责令不改变状态|Order without effect|欠缴、届满无整改期|规范11.37
HEARING_CLOCK|听证申请期限|Hearing clock|5个工作日|规范11.8
REFUND_DIFFERS|退款与比例不同|Refund differs|价款×剩余年期/总年期|规范3.3、11.15
SIGN_OFFS_MISSING|会签不全|Sign-offs missing|各部门会签、批准后注销|规范5.3
EXPIRY_TOO_EARLY|到期评估过早|Expiry assessment too early|届满前18个月起|规范6.1
SETTLEMENT_OPEN|尚有未结事项|Settlement open|照收，仍应清偿|规范5.2、11.9
STAYED|已停止执行|Stayed|复议、诉讼期间|规范11.37
"""


def _codes(table: str, kind: str) -> dict[str, Code]:
    rows = [line.split("|") for line in table.strip().splitlines()]
    found = {code: Code(code, zh, en, guard, source, kind) for code, zh, en, guard, source in rows}
    assert len(found) == len(rows), "a code stands twice"
    return found


_FOUND: Final = {**_codes(_REFUSALS, "refusal"), **_codes(_WARNINGS, "warning")}
CODES: Final[Mapping[str, Code]] = _FOUND
