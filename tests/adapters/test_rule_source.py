"""Packs and calendars in the log: later releases add, and what was answered before stays."""

import pytest

from adapters import rule_source
from adapters.parcel_log import ParcelLog
from adapters.postgres import open_pool
from adapters.rule_source import RuleSource, install_packs
from domain import policy
from domain.event import day_number
from domain.policy import read_pack, shipped_packs

TODAY = day_number("2026-11-24")


@pytest.fixture
def log(database_url):
    with open_pool(database_url, max_size=4) as pool:
        yield ParcelLog(pool)


def with_line(pack, version, line):
    """A pack of a later release."""
    text = pack.content.replace(f"version = {pack.version}", f"version = {version}", 1)
    return read_pack(text.replace("[values]", f"[values]\n{line}", 1))


def test_a_later_release_raises_a_pack_and_old_answers_keep_the_old_value(log, monkeypatch):
    install_packs(log, TODAY)
    source, then = RuleSource(log), log.head().recorded_at
    wuqing = next(pack for pack in shipped_packs() if pack.code == "120114")
    line = '"remind.idle_days" = { value = 90, layer = "DISTRICT", status = "IN_FORCE", source = "x" }'
    later = with_line(wuqing, wuqing.version + 1, line)
    others = [pack for pack in shipped_packs() if pack.code != "120114"]
    monkeypatch.setattr(rule_source, "shipped_packs", lambda: (*others, later))
    assert install_packs(log, TODAY) == [f"120114/{later.version}"]
    assert install_packs(log, TODAY) == []
    now, before = source.current().rules("120114"), source.as_known(then).rules("120114")
    assert (now.get("remind.idle_days", TODAY), now.id) == (90, f"120114/{later.version}")
    assert (before.get("remind.idle_days", TODAY), before.id) == (60, f"120114/{wuqing.version}")
    monkeypatch.setattr(rule_source, "shipped_packs", lambda: (*others, wuqing))
    assert install_packs(log, TODAY) == []  # an older release is started again
    assert RuleSource(log).current().rules("120114").get("remind.idle_days", TODAY) == 90


def test_a_year_that_a_later_release_brings_is_known_from_its_first_start(log, monkeypatch):
    install_packs(log, TODAY)
    source, then = RuleSource(log), log.head().recorded_at
    table = {"source": "x", "holidays": ["01-01", "02-08"], "workdays": ["02-14"]}
    tables = {**policy.shipped_tables(), 2027: table}
    for module in (policy, rule_source):
        monkeypatch.setattr(module, "shipped_tables", lambda: tables)
    assert install_packs(log, TODAY) == ["2027"]
    assert install_packs(log, TODAY) == []
    monday = day_number("2027-02-08")
    assert not source.current().calendar().is_workday(monday)
    assert source.as_known(then).calendar().is_workday(monday)
    event = log.read_stream("jurisdiction:000000")[-1]
    assert (event.type, event.department, event.document) == ("calendar.published", "SYS", {"no": "x"})
