"""Failpoints act where they are armed, and never in production."""

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from adapters import failpoints
from adapters.failpoints import FailpointReached, armed, parse, reach

PROGRAM = "from adapters.failpoints import reach; reach('append.committed'); print('alive')"


def run(**environment):
    return subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False)


def test_exit_kills_the_process_as_sigkill_would():
    assert run(LANDCYCLE_FAILPOINTS="append.committed=exit").returncode == -9


def test_nothing_happens_in_production_and_without_a_word():
    for environment in ({}, {"LANDCYCLE_FAILPOINTS": "append.committed=exit", "LANDCYCLE_ENVIRONMENT": "production"}):
        assert run(**environment).stdout == "alive\n"


def test_a_place_acts_at_its_count_and_once():
    with armed("append.committed=raise@2"):
        reach("append.committed")
        with pytest.raises(FailpointReached):
            reach("append.committed")
        reach("append.committed")
    reach("append.committed")


def test_a_place_can_sleep():
    started = time.monotonic()
    with armed("append.committed=sleep:0.1, bulk.staged=raise"):
        reach("append.committed")
    assert time.monotonic() - started >= 0.1


@pytest.mark.parametrize("text", ["nowhere=exit", "append.committed=explode", "append.committed"])
def test_an_unknown_word_is_refused(text):
    with pytest.raises(ValueError, match="unknown failpoint"):
        parse(text)


def test_every_failpoint_of_the_code_has_a_name():
    root = Path(failpoints.__file__).parents[1]
    sources = (file.read_text() for room in ("adapters", "projections", "api") for file in (root / room).glob("*.py"))
    reached = {name for text in sources for name in re.findall(r"failpoints\.reach\(\"([^\"]+)\"\)", text)}
    assert reached
    assert reached <= failpoints.NAMES
