"""The acceptance scenarios over HTTP: every event posted, every row asked, once more with its own `known_at`."""

import subprocess
import sys
import threading
import time
from datetime import date
from pathlib import Path

import psycopg
import pytest
import uvicorn
import yaml
from pydantic import SecretStr

from adapters import api_keys
from adapters.settings import Settings
from api.app import create_app

SCENARIOS = Path(__file__).parents[1] / "scenarios"
TODAY = date(2046, 1, 1)


@pytest.fixture
def server(database_url, tmp_path):
    """(address, settings) of the application whose business date is that of the scenarios."""
    settings = Settings(
        database_url=database_url,
        data_dir=tmp_path,
        today=TODAY,
        key_pepper=SecretStr("pepper"),
        body_hash_key=SecretStr("body"),
        cursor_key=SecretStr("cursor"),
    )
    running = uvicorn.Server(
        uvicorn.Config(create_app(settings), port=0, log_level="error", access_log=False, timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.01)
    yield f"http://127.0.0.1:{running.servers[0].sockets[0].getsockname()[1]}", settings
    running.should_exit = True
    thread.join()


def keys_of(settings):
    """One key per department that a scenario names, and a regulator's."""
    scenarios = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(SCENARIOS.glob("*.yaml"))]
    named = {
        (str(scenario["jurisdiction"]), event["by"])
        for scenario in scenarios
        for event in [
            *(event for step in scenario["steps"] for event in step["events"]),
            *(case["event"] for case in scenario["refusals"]),
        ]
    }
    with psycopg.connect(settings.database_url) as connection:
        keys = {
            f"{jurisdiction}/{department}": api_keys.create(
                connection, settings, jurisdiction, "department", department
            )
            for jurisdiction, department in sorted(named)
        }
        return keys | {"regulator": api_keys.create(connection, settings, "000000", "regulator")}


@pytest.mark.parametrize("options", [(), ("--replay",)], ids=["once", "replayed"])
def test_every_row_of_every_scenario_holds(server, tmp_path, options):
    address, settings = server
    keys = tmp_path / "keys.yaml"
    keys.write_text(yaml.safe_dump(keys_of(settings)), encoding="utf-8")
    command = [sys.executable, str(SCENARIOS / "run_scenarios.py"), address, str(keys), str(SCENARIOS), *options]
    played = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert played.returncode == 0, played.stdout[-20000:] + played.stderr
    assert " 0 differ" in played.stdout.splitlines()[-1]
