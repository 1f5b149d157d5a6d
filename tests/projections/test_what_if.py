"""Rules before they are made, and what a calendar moved: what is foretold is what comes true, and nothing is written."""

import json

import pytest
from given_parcels import load, pool_of, rows, settings_for, work
from typer.testing import CliRunner

from adapters.append_queue import AppendQueue
from adapters.parcel_log import ParcelLog, head
from adapters.posts import Post
from adapters.rule_source import RuleSource
from api.cli import app
from api.sample import Life
from domain.decision import Command
from domain.event import day_number, microseconds
from domain.events import RANK, normalise
from domain.facts import fold
from domain.parcel import decide
from domain.policy_pack import shipped_packs
from domain.supervision import assess_on


@pytest.fixture
def settings(database_url, tmp_path, monkeypatch):
    found = settings_for(database_url, tmp_path)
    for name in ("database_url", "today", "data_dir"):
        monkeypatch.setenv(f"LANDCYCLE_{name.upper()}", str(getattr(found, name)))
    return found


def told(*arguments):
    """What a command writes on standard output."""
    found = CliRunner().invoke(app, [str(one) for one in arguments])
    assert found.exit_code == 0, found.output
    return found.stdout


def told_json(*arguments):
    """(counts, parcel → its differences)."""
    counts, *parcels = [json.loads(line) for line in told(*arguments, "--json").splitlines()]
    return counts, {one["parcel_id"]: one["differences"] for one in parcels}


def refused(*arguments):
    found = CliRunner().invoke(app, [str(one) for one in arguments])
    assert found.exit_code == 2
    return found.stderr.strip()


def file(tmp_path, text):
    path = tmp_path / "new.toml"
    path.write_text(text, "utf-8")
    return path


def amendments(code, *entries):
    lines = [f'code = "{code}"']
    for key, value in entries:
        lines += [
            "[[amendments]]",
            f'key = "{key}"',
            f"value = {value}",
            'valid_from = "2020-01-01"',
            'source = "试算"',
        ]
    return "\n".join(lines)


def post(settings, stream, kind, day, data, department):
    """Posts one event through the ordinary way."""
    with pool_of(settings) as pool:
        log = ParcelLog(pool)
        today = settings.today.toordinal()
        with AppendQueue(log, RuleSource(log), decide, lambda: today) as queue:
            event_id = f"77777777-0000-4000-8000-{log.head().position:012d}"
            command = Command(event_id, stream, kind, 1, day_number(day), stream.partition(":")[2] or "120114", department, None, None,
                              {"no": "文1"}, None, normalise(kind, data))  # fmt: skip
            queue.submit(Post(stream, [command], [None])).result()
    return event_id


def assessments(settings, known_at=None):
    """Parcel → its assessment today, with the rules of the log."""
    with pool_of(settings) as pool, pool.connection() as connection:
        names = connection.execute(
            "SELECT DISTINCT parcel_id FROM event_log WHERE strpos(parcel_id, ':') = 0"
        ).fetchall()
        log = ParcelLog(pool)
        source = RuleSource(log)
        book = source.current() if known_at is None else source.as_known(known_at)
        streams = log.read_streams([one for (one,) in names])
    return {
        name: assess_on(fold(events, RANK, known_at), settings.today.toordinal(), book.rules(events[0].jurisdiction),
                        book.calendar(events[0].jurisdiction))
        for name, events in streams.items()
    }  # fmt: skip


# --- simulate


def test_what_is_foretold_is_what_comes_true(settings, tmp_path):
    load(settings)
    changes = (("remind.milestone_days", 5), ("exit.fp.failures", 3), ("ld.cap_ratio", '"0.01"'))
    counts, parcels = told_json("simulate", "--rules", file(tmp_path, amendments("000000", *changes)))
    before = assessments(settings)
    for key, value in changes:
        raw = json.loads(value) if isinstance(value, str) else value
        data = {"rule_set": "000000", "key": key, "value": raw, "valid_from": "2020-01-01", "source": "试算"}
        post(settings, "jurisdiction:000000", "rules.amended", "2026-11-01", data, "NRP")
    after = assessments(settings)

    def gist(one):
        return (
            [(each.code, each.subject) for each in one.alerts],
            one.exit_eligible,
            [each.amount for each in one.amounts],
        )

    assert set(parcels) == {name for name in before if gist(before[name]) != gist(after[name])}
    assert counts["parcels"] == len(before) and counts["changed"] == len(parcels) > 0
    assert counts["exits"]["FP"] == {"opened": 0, "closed": 1}
    gone = [one for found in parcels.values() for one in found if one["what"] == "alert" and one["after"] is None]
    assert [one["key"] for one in gone] == ["A-COMPLETE-30/O-COMPLETE"]
    assert counts["differences"]["alert"]["gone"] == 1
    money = counts["amounts_wan"]["LD_START"]
    assert (
        float(money["after"])
        == sum(each.amount for one in after.values() for each in one.amounts if each.kind == "LD_START") / 10_000
    )
    assert float(money["before"]) > float(money["after"])


def test_rules_that_change_nothing_change_no_parcel_and_nothing_is_written(settings, tmp_path):
    load(settings)
    work(settings)
    stood = rows(settings), position(settings)
    counts, parcels = told_json(
        "simulate", "--rules", file(tmp_path, amendments("000000", ("remind.milestone_days", 30)))
    )
    assert (counts["changed"], counts["failed"], parcels) == (0, 0, {})
    assert (rows(settings), position(settings)) == stood


def position(settings):
    with pool_of(settings) as pool, pool.connection() as connection:
        return head(connection)


def test_a_proposed_pack_speaks_for_its_jurisdiction_alone(settings, tmp_path):
    load(settings)
    text = next(pack.content for pack in shipped_packs() if pack.code == "120114").replace("version = 1", "version = 9")
    line = '"exit.fp.failures" = { value = 3, layer = "DISTRICT", status = "IN_FORCE", source = "x" }'
    path = file(tmp_path, text.replace("[values]", f"[values]\n{line}"))
    counts, parcels = told_json("simulate", "--rules", path)
    assert counts["rules"] == "120114/9" and counts["jurisdiction"] == "120114"
    assert counts["parcels"] == sum(name.startswith("120114") for name in assessments(settings))
    assert all(name.startswith("120114") for name in parcels)


def test_a_clerk_reads_counts_first_and_then_each_parcel_in_words(settings, tmp_path):
    load(settings)
    text = told(
        "simulate", "--rules", file(tmp_path, amendments("000000", ("exit.fp.failures", 3))), "--as-of", "2026-11-20"
    )
    first, second, *rest = text.splitlines()
    assert first.startswith("000000的1项修改，000000，截至2026-11-20")
    assert second == "比较 8 宗，有变化 1 宗，未能评估 0 宗"
    assert "  退出方式 FP 解除合同收回（绩效不达标）：新可退出 0 宗，不再可退出 1 宗" in rest
    assert any("示例" in line for line in rest)
    assert any(line.startswith("    退出 FP 解除合同收回（绩效不达标）：可以退出 是 → 否") for line in rest)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('code = "120114"\n[[amendments]]\nkey = "no.such"\nvalue = 1\nvalid_from = "2026-01-01"\nsource = "x"', 3, "未知参数 no.such"),
        ('code = "120114"\n[[amendments]]\nkey = "idle.fee_rate"\n\nvalue = 0.2\nvalid_from = "2026-01-01"\nsource = "x"', 5, "用字符串"),
        ('code = "120114"\n[[amendments]]\nkey = "idle.fee_rate"\nvalue = "0.2"\nvalid_from = "2026-01-01"', 2, "缺少 source"),
        ('code = "120114"\n[[amendments]]\nkey = "idle.fee_rate"\nvalue = "0.2"\nvalid_from = "2026"\nsource = "x"', 5, "valid_from"),
        (amendments("120114", ("remind.idle_days", 50), ("term.apply_months", 19)), 9, "大于 remind.term_months"),
        ('code = "1201"\n[[amendments]]', 1, "6位"),
        ('code = "120114"\nname = "x"\n[[amendments]]', 2, "未知的表或字段 name"),
        ('code = "120114"\namendments = []', 2, "[[amendments]]"),
        ('code = "120114"\nname = = ', 2, "不是合格的TOML"),
        ('code = "120114"\nname = "x"\nversion = 1\nstatus = "IN_FORCE"\ndrafts = "APPLY"', 3, "须提高 version"),
        ('code = "120114"\nname = "x"\nversion = 9\nstatus = "IN_FORCE"\ndrafts = "APPLY"\n[values]\n'
         '"term.apply_months" = { value = 19, layer = "DISTRICT", status = "IN_FORCE", source = "x" }', 7, "连同上级规则包"),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused_with_its_line(settings, tmp_path, text, line, message):
    load(settings, [])
    path = file(tmp_path, text)
    said = refused("simulate", "--rules", path)
    assert said.startswith(f"{path} 第{line}行：") and message in said and said.endswith("(RULES_REFUSED)")
    assert "\n" not in said


# --- calendar moved

DUES = {
    "120114900001GB00001": [("2027-02-08", None), ("2027-06-01", None)],
    "120114900001GB00002": [("2027-02-08", "2026-10-08")],
    "371502900001GB00003": [("2027-02-10", None)],
    "371502900001GB00004": [("2026-10-12", None)],
}
"""Parcel → (due day, day of payment) of its instalments."""
HOLIDAYS = {"year": 2027, "holidays": [f"2027-02-{day:02d}" for day in range(8, 13)], "workdays": ["2027-02-14"]}


def owing(parcel, dues):
    instalments = [{"no": no, "due": due, "amount_wan": "100.00"} for no, (due, _) in enumerate(dues, start=1)]
    data = {
        "supply_mode": "GRANT_LISTING",
        "holder": {"name": "示例"},
        "area_m2": "20000.00",
        "price_wan": f"{len(dues)}00.00",
        "instalments": instalments,
    }
    lines = [("NRP", {"type": "contract.signed", "occurred_on": "2026-09-01", "contract_no": parcel, "data": data})]
    for no, (_, paid) in enumerate(dues, start=1):
        if paid:
            payment = {"instalment_no": no, "amount_wan": "100.00", "voucher_no": "V"}
            lines.append(("FIN", {"type": "payment.received", "occurred_on": paid, "data": payment}))
    numbered = tuple(
        (
            by,
            {
                "event_id": f"{parcel[-8:].replace('GB0', '000')}-0000-4000-8000-{place:012d}",
                "document": {"no": "文2"},
                **body,
            },
        )
        for place, (by, body) in enumerate(lines)
    )
    return Life(parcel, parcel[:6], "owing", numbered)


def dues(found):
    return {name: {one.key: one.due for one in each.obligations if one.code == "O-PAY"} for name, each in found.items()}


def test_a_published_calendar_moves_open_deadlines_and_nothing_else(settings):
    load(settings, [owing(parcel, found) for parcel, found in DUES.items()])
    before = dues(assessments(settings))
    with pool_of(settings) as pool, pool.connection() as connection:
        known_at = connection.execute("SELECT recorded_at FROM log_head").fetchone()[0]
    event_id = post(settings, "jurisdiction:000000", "calendar.published", "2026-11-04", HOLIDAYS, "GOV")
    counts, parcels = told_json("calendar", "moved")
    assert (counts["published"], counts["year"], counts["parcels"], counts["changed"]) == (event_id, 2027, 4, 2)
    assert {
        (name, one["key"], one["before"]["due"], one["after"]["due"])
        for name, found in parcels.items()
        for one in found
    } == {
        ("120114900001GB00001", "O-PAY/1", "2027-02-08", "2027-02-14"),
        ("371502900001GB00003", "O-PAY/1", "2027-02-10", "2027-02-14"),
    }
    after = dues(assessments(settings))
    moved = {(name, key) for name in before for key in before[name] if before[name][key] != after[name][key]}
    assert moved == {("120114900001GB00001", "O-PAY/1"), ("371502900001GB00003", "O-PAY/1")}
    assert dues(assessments(settings, microseconds(known_at))) == before
    assert told_json("calendar", "moved", "--jurisdiction", "120114")[1].keys() == {"120114900001GB00001"}
    assert "义务 O-PAY/1 缴纳土地价款：期限 2027-02-08 → 2027-02-14" in told(
        "calendar", "moved", "--published", event_id
    )


def test_what_was_paid_before_the_calendar_came_is_counted_by_the_calendar_of_that_day(settings):
    """Paid late by the calendar of its day: a holiday that is published afterwards takes no late fee back."""
    parcel = "120114900001GB00001"
    load(settings, [owing(parcel, [("2026-10-12", "2026-10-15")])])
    before = assessments(settings)[parcel]
    post(settings, "jurisdiction:000000", "calendar.published", "2026-11-04",
         {"year": 2026, "holidays": ["2026-10-12", "2026-10-13", "2026-10-14", "2026-10-15"], "workdays": []}, "GOV")  # fmt: skip
    after = assessments(settings)[parcel]
    assert [(one.kind, one.amount) for one in after.amounts] == [("LATE_FEE", 3000)]
    assert (after.amounts, after.obligations, after.breaches) == (before.amounts, before.obligations, before.breaches)


def test_a_calendar_that_nobody_published_is_told_so(settings):
    load(settings, [])
    assert "(CALENDAR_UNKNOWN)" in refused("calendar", "moved", "--published", "01920000-0000-7000-8000-000000000001")
    none = CliRunner().invoke(app, ["calendar", "moved"])
    assert (none.exit_code, none.stdout) == (0, "没有公布过节假日安排，期限没有移动\n"), (
        "a fresh system: nothing has moved"
    )
    assert "(NOT_A_DIVISION)" in refused("calendar", "moved", "--jurisdiction", "12")
