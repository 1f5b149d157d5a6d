"""Made-up lives of parcels: the sample of a first start and `landcycle demo`. The same day and seed, the same lives."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from adapters.append_queue import AppendQueue
from adapters.parcel_log import ParcelLog
from adapters.postgres import open_pool
from adapters.posts import IdReused, Post, PostResult
from adapters.rule_source import RuleSource, install_packs
from adapters.settings import Settings, business_date
from domain.decision import Command
from domain.event import day_number, day_text
from domain.events import parse_envelope
from domain.parcel import decide

Line = tuple[str, dict[str, Any]]
"""(department, envelope)."""

KINDS: Final = ("clean", "late_start", "in_cure", "idle", "failing", "building", "corrected", "onboarded")
_USCCS: Final = (
    "91120114MA06TEK14B",
    "91371502MA3TEKT20U",
    "91230811MA1BTEK37D",
    "91120114MA06TEK57Q",
    "91120101MA06TEKA86",
)
_JURISDICTIONS: Final = ("120114", "120101", "371502", "230811")
_NAMES: Final = ("智能装备", "精密铸造", "农机制造", "电气", "食品", "新材料", "生物医药", "仓储物流")


@dataclass(slots=True, frozen=True)
class Life:
    """One made-up parcel with everything that is reported of it, in order."""

    parcel_id: str
    jurisdiction: str
    kind: str
    lines: tuple[Line, ...]


def sample(today: int) -> list[Life]:
    """One parcel of each kind, in the four jurisdictions whose packs are shipped."""
    return [life(number, kind, today, 0) for number, kind in enumerate(KINDS, start=1)]


def demo(count: int, seed: int, today: int) -> Iterator[Life]:
    """`count` parcels; the same seed and day give the same lives."""
    chance = random.Random(seed)  # noqa: S311 - made-up data
    for number in range(1, count + 1):
        yield life(100 + number, chance.choice(KINDS), today, chance.randrange(0, 300), seed)


def life(number: int, kind: str, today: int, shift: int, seed: int = 0) -> Life:
    """One life of a kind that ends `shift` days before `today`."""
    jurisdiction = _JURISDICTIONS[number % len(_JURISDICTIONS)]
    parcel_id = f"{jurisdiction}{900 + seed % 90:03d}{number // 99_999 + 1:03d}GB{number % 99_999 or 1:05d}"
    story = _Story(number, parcel_id, today - shift)
    getattr(story, kind)()
    lines = tuple(
        (department, _envelope(parcel_id, place, body)) for place, (department, body) in enumerate(story.lines)
    )
    return Life(parcel_id, jurisdiction, kind, lines)


def _envelope(parcel_id: str, place: int, body: dict[str, Any]) -> dict[str, Any]:
    return {"event_id": str(uuid5(NAMESPACE_URL, f"landcycle-sample/{parcel_id}/{place}")), **body}


class _Story:
    """Writes the lines of one life; days are counted back from its end."""

    def __init__(self, number: int, parcel_id: str, end: int) -> None:
        self.number, self.parcel_id, self.end = number, parcel_id, end
        jurisdiction = parcel_id[:6]
        self.lead = "STB" if jurisdiction == "120101" else "MIIT"
        self.contract_no = f"示例-{jurisdiction}-{number:05d}"
        self.lines: list[Line] = []

    def tell(
        self, department: str, kind: str, back: int, data: dict[str, Any], *, for_enterprise: bool = False
    ) -> None:
        day = day_text(self.end - back)
        self.lines.append(
            (
                department,
                {
                    "type": kind,
                    "occurred_on": day,
                    "on_behalf_of": "ENT" if for_enterprise else None,
                    "document": {"no": f"示例文〔{day[:4]}〕{self.number * 40 + len(self.lines)}号", "date": day},
                    "data": data,
                },
            )
        )

    def day(self, back: int) -> str:
        return day_text(self.end - back)

    def supply(
        self, signed: int, start: int, complete: int, production: int | None = None, capacity: int | None = None
    ) -> None:
        """Agreement, contract, payment, delivery, title; the arguments are days before the end."""
        terms = [
            {
                "code": "O-TAX",
                "direction": "GE",
                "threshold": "15.00",
                "unit": "万元/亩",
                "assess_on": "REACH",
                "supervisor": "TAX",
                "hard": True,
            }
        ]
        clause = {"present": True, "text": "连续两次评估不达标的，可解除合同并收回土地使用权"}
        self.tell("TOWN", "agreement.signed", signed, {"agreement_no": f"{self.contract_no}-监管", "signed_on": self.day(signed),
                                                       "contract_no": self.contract_no, "exit_clause": clause, "obligations": terms})  # fmt: skip
        dues = {"start_due": start, "complete_due": complete, "production_due": production, "capacity_due": capacity}
        name = _NAMES[self.number % len(_NAMES)]
        self.tell("NRP", "contract.signed", signed, {
            "supply_mode": "GRANT_LISTING", "holder": {"uscc": _USCCS[self.number % len(_USCCS)], "name": f"示例{name}有限公司{self.number}"},
            "area_m2": "20000.00", "price_wan": "1200.00", "term_years": "50.0", "use_code": "100101", "industry_code": "C3425",
            "far_min": "1.00", "far_max": "2.00", "development_investment_wan": "6000.00",
            "instalments": [{"no": 1, "due": self.day(signed - 60), "amount_wan": "1200.00"}],
            "ld_start_permille_day": "0.500", "ld_complete_permille_day": "0.500",
            **{key: self.day(back) for key, back in dues.items() if back is not None},
        })  # fmt: skip
        self.tell(
            "FIN",
            "payment.received",
            signed - 40,
            {"instalment_no": 1, "amount_wan": "1200.00", "voucher_no": f"V{self.number}"},
        )
        self.tell("NRP", "land.delivered", signed - 50, {"land_condition": "LEVELLED"})
        self.tell("REG", "title.registered", signed - 80, {"kind": "FIRST", "right_from": self.day(signed - 50)})

    def start(self, back: int) -> None:
        self.tell("HUC", "construction.permitted", back + 20, {"permit_no": f"施{self.number}"})
        self.tell(
            "HUC", "construction.started", back, {"evidence": "FOUNDATION_ONE_THIRD", "permit_no": f"施{self.number}"}
        )

    def complete(self, back: int, floor: str = "26000.00") -> None:
        self.tell("HUC", "construction.completed", back, {"floor_area_m2": floor})
        self.tell("NRP", "construction.verified", back - 30, {"land_area_m2": "20000.00", "floor_area_m2": floor, "double_counted_m2": "0.00",
                                                              "building_footprint_m2": "9000.00"})  # fmt: skip

    def assess(self, back: int, kind: str, actual: str) -> None:
        year = int(self.day(back)[:4]) - 1
        self.tell(self.lead, "performance.assessed", back, {
            "kind": kind, "period": {"from": f"{year}-01-01", "to": f"{year}-12-31"},
            "items": [{"code": "O-TAX", "required": "15.00", "actual": actual, "unit": "万元/亩"}],
        })  # fmt: skip

    # --- the lives

    def clean(self) -> None:
        """Every promise kept."""
        self.supply(2600, 2300, 1700, 1500, 700)
        self.start(2350)
        self.complete(1800)
        self.tell(self.lead, "production.started", 1600, {"evidence": "投产核查表"})
        self.assess(650, "REACH", "18.20")

    def late_start(self) -> None:
        """The start day passed a while ago."""
        self.supply(420, 55, -600)
        self.tell("NRP", "breach.notified", 40, {"obligation": "O-START", "deadline_to_answer": self.day(25)})

    def in_cure(self) -> None:
        """A plot ratio below the agreed one, under an order to cure."""
        self.supply(1500, 1200, 500)
        self.start(1250)
        self.complete(300, "18000.00")
        self.tell(
            "NRP",
            "rectification.ordered",
            200,
            {"obligation": "O-FAR", "until": self.day(-20), "required_result": "容积率达到1.00"},
        )

    def idle(self) -> None:
        """Not started for more than two years, determined as the enterprise's own cause."""
        self.supply(1200, 830, -100)
        self.tell(
            "NRP",
            "rectification.ordered",
            800,
            {"obligation": "O-START", "until": self.day(700), "required_result": "动工"},
        )
        self.tell("NRP", "idle.investigated", 460, {"deadline_to_answer": self.day(430)})
        self.tell("NRP", "idle.determined", 400, {"result": "IDLE_ENTERPRISE", "cause": "ENTERPRISE_FINANCING"})

    def failing(self) -> None:
        """Two failed assessments in a row, with an exit clause."""
        self.supply(3000, 2700, 2000, 1800, 900)
        self.start(2750)
        self.complete(2100)
        self.tell(self.lead, "production.started", 1900, {"evidence": "投产核查表"})
        self.assess(850, "REACH", "9.00")
        self.assess(420, "REACH", "11.50")

    def building(self) -> None:
        """Under construction, the completion day near."""
        self.supply(900, 600, -15)
        self.start(640)
        self.tell(
            "TOWN",
            "construction.progress_reported",
            200,
            {"invest_excl_land_wan": "2600.00", "developed_m2": "20000.00", "source": "现场核查"},
        )

    def corrected(self) -> None:
        """A wrongly reported plot ratio, put right by its department."""
        self.supply(1500, 1200, 500)
        self.start(1250)
        self.complete(400, "18000.00")
        verified = str(uuid5(NAMESPACE_URL, f"landcycle-sample/{self.parcel_id}/{len(self.lines) - 1}"))
        changes = [{"field": "double_counted_m2", "old": "0.00", "new": "6000.00"}]
        self.tell(
            "NRP",
            "report.corrected",
            300,
            {"corrects": verified, "changes": changes, "reason": "层高超过8米部分加倍计容"},
        )

    def onboarded(self) -> None:
        """History brought in: nothing reported, nothing found by the clock."""
        self.tell("NRP", "contract.signed", 2000, {
            "onboarding": True, "onboarded_on": self.day(30), "supply_mode": "GRANT_LISTING", "holder": {"name": f"示例存量企业{self.number}"},
            "area_m2": "8000.00", "price_wan": "360.00", "start_due": self.day(1600), "complete_due": self.day(900),
        })  # fmt: skip


def load(settings: Settings, lives: Iterator[Life] | list[Life]) -> tuple[int, int]:
    """Posts lives through the ordinary way: checked, decided, appended. Returns (parcels, events).

    A life that was posted on another day stands as it is.
    """
    today = business_date(settings)
    parcels = events = 0
    with open_pool(settings.database_url, max_size=3) as pool:
        log = ParcelLog(pool)
        install_packs(log, today)
        with AppendQueue(log, RuleSource(log), decide, lambda: today) as queue:
            waiting: list[Future[PostResult]] = []
            for one in lives:
                commands = [_command(one, department, body, today) for department, body in one.lines]
                waiting.append(queue.submit(Post(one.parcel_id, commands, [None] * len(commands))))
                parcels, events = parcels + 1, events + len(commands)
                if len(waiting) >= 200:
                    _settle(waiting.pop(0))
            for future in waiting:
                _settle(future)
    return parcels, events


def _settle(post: Future[PostResult]) -> None:
    with suppress(IdReused):
        post.result()


def _command(one: Life, department: str, body: dict[str, Any], today: int) -> Command:
    envelope = parse_envelope(body, today=today)
    return Command(
        str(envelope.event_id), one.parcel_id, envelope.type.name, envelope.type.schema_version, day_number(body["occurred_on"]),
        one.jurisdiction, department, envelope.on_behalf_of, envelope.contract_no, envelope.document, None, envelope.data,
    )  # fmt: skip
