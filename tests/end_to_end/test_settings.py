"""What the system is told from outside: a mistake is told in one line that names the variable, never its value."""

import json
import re
import sys

import pytest
from typer.testing import CliRunner

from adapters.settings import unknown_names
from api.cli import app, main

SHOW = ["config", "show"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"LANDCYCLE_TODAY": "garbage"}, "LANDCYCLE_TODAY应为YYYY-MM-DD的日期"),
        ({"LANDCYCLE_KAFKA_PARTITIONS": "x"}, "LANDCYCLE_KAFKA_PARTITIONS应为整数"),
        ({"LANDCYCLE_KAFKA_PARTITIONS": "0"}, "LANDCYCLE_KAFKA_PARTITIONS应不小于1"),
        ({"LANDCYCLE_ENVIRONMENT": "test"}, "LANDCYCLE_ENVIRONMENT应为development、production之一"),
        ({"LANDCYCLE_KEY_PEPPER_FILE": "/nope"}, "LANDCYCLE_KEY_PEPPER_FILE所指的/nope不能读取"),
        ({"LANDCYCLE_ENVIRONMENT": "production", "LANDCYCLE_TODAY": "2046-01-01"}, "LANDCYCLE_TODAY不得与"),
    ],
)
def test_a_wrong_setting_is_told_in_one_line_that_names_it(wrong, words):
    done = CliRunner().invoke(app, SHOW, env=wrong)
    assert (done.exit_code, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert words in line and line.endswith(" (SETTINGS)")


def test_every_wrong_setting_is_told():
    line = CliRunner().invoke(app, SHOW, env={"LANDCYCLE_TODAY": "x", "LANDCYCLE_MAX_BODY_BYTES": "1"}).stderr
    assert "LANDCYCLE_TODAY" in line and "LANDCYCLE_MAX_BODY_BYTES应不小于1024" in line


def test_a_variable_that_is_no_setting_is_named():
    """Given a misspelt name among settings, secrets in files, and others, then it alone is named."""
    names = ["LANDCYCLE_TODAI", "LANDCYCLE_TODAY", "LANDCYCLE_KEY_PEPPER_FILE", "LANDCYCLE_FAILPOINTS", "PATH"]
    assert unknown_names(names) == ["LANDCYCLE_TODAI"]


def test_settings_are_shown_as_what_they_are_and_secrets_hidden():
    told = {"LANDCYCLE_TODAY": "2046-01-01", "LANDCYCLE_KEY_PEPPER": "s3cret"}
    done = CliRunner().invoke(app, SHOW, env=told)
    shown = json.loads(done.stdout)
    assert (shown["today"], shown["kafka_partitions"], shown["lag_limit_seconds"]) == ("2046-01-01", 6, 10.0)
    assert "s3cret" not in done.output and shown["kafka_sasl_username"] is None


@pytest.mark.parametrize(
    ("asked", "code", "line"),
    [
        (["nope"], 2, r"No such command 'nope'\..*用法见landcycle --help.* \(USAGE\)"),
        (["import", "landchina"], 2, r"Missing argument.*用法见landcycle import landchina --help.* \(USAGE\)"),
        (["lag", "--foo"], 2, r"No such option: --foo.*\(USAGE\)"),
    ],
)
def test_a_wrong_use_is_told_in_one_line(monkeypatch, capsys, asked, code, line):
    monkeypatch.setattr(sys, "argv", ["landcycle", *asked])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr().err.splitlines()
    assert ended.value.code == code and len(told) == 1 and re.fullmatch(line, told[0])


def test_help_is_no_failure(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["landcycle", "--help"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0 and "import" in capsys.readouterr().out
