"""The production example: what can be said of it without a Docker engine (it was not run here)."""

import re
import shlex
import subprocess
from pathlib import Path

import psycopg
import pytest
import yaml
from typer.main import get_command
from typer.testing import CliRunner

from adapters.embedded_kafka import COORDINATE
from adapters.embedded_postgres import _binaries
from adapters.settings import Settings
from adapters.settings import UnsafeSettings
from api.app import create_app
from api.cli import app

ROOT = Path(__file__).parents[2]
OURS = {"migrate", "api", "worker", "relay"}


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))


def test_two_api_processes_two_workers_and_a_relay_stand_beside_their_servers(compose):
    services = compose["services"]
    assert services.keys() == OURS | {"postgres", "kafka"}
    assert {name: one["deploy"]["replicas"] for name, one in services.items() if "deploy" in one} == {
        "api": 2,
        "worker": 2,
    }


def test_every_part_that_stays_has_a_health_check_and_starts_after_what_it_needs(compose):
    services = compose["services"]
    for name, service in services.items():
        assert "healthcheck" in service or name == "migrate", name
    for name in OURS - {"migrate"}:
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert services["relay"]["depends_on"]["kafka"] == {"condition": "service_healthy"}


def test_no_secret_has_a_value_in_the_file_and_each_is_a_setting(compose):
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    assert not re.search(r"(?i)(password|pepper|key): *['\"]?[0-9a-z]{3,}$", text, re.MULTILINE)
    assert all(secret == {"file": f"./secrets/{name}"} for name, secret in compose["secrets"].items())
    for name in OURS:
        environment = compose["services"][name]["environment"]
        settings = {key.removeprefix("LANDCYCLE_").removesuffix("_FILE").lower() for key in environment}
        assert settings <= Settings.model_fields.keys()
        files = {value.removeprefix("/run/secrets/") for key, value in environment.items() if key.endswith("_FILE")}
        assert files == set(compose["services"][name]["secrets"])


def test_production_does_not_start_without_the_secrets_that_the_file_names():
    with pytest.raises(UnsafeSettings, match="KEY_PEPPER.*BODY_HASH_KEY.*CURSOR_KEY"):
        create_app(Settings(environment="production", database_url="postgresql://nowhere/x"))


def test_what_is_written_survives_and_nothing_runs_as_root(compose):
    services = compose["services"]
    for name in ("postgres", "kafka", *OURS):
        assert services[name]["volumes"][0].partition(":")[0] in compose["volumes"]
    assert all(services[name]["read_only"] for name in OURS)
    users = re.findall(r"^USER (\S+)$", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    assert users == ["landcycle"]


def test_the_commands_exist(compose):
    commands = get_command(app).commands
    for service in compose["services"].values():
        for line in (service.get("command"), service.get("healthcheck", {"test": []})["test"][1:]):
            if line and line[0] == "landcycle":
                assert line[1] in commands, shlex.join(line)


def test_the_servers_are_those_that_are_run_and_tested_here(compose):
    images = [compose["services"][name]["image"] for name in ("postgres", "kafka")]
    done = subprocess.run([_binaries() / "postgres", "--version"], capture_output=True, text=True, check=True)
    major = re.search(r"\d+", done.stdout)[0]
    assert images == [f"postgres:{major}", f"apache/kafka:{COORDINATE.rpartition(':')[2]}"]


@pytest.mark.parametrize("part", ["worker", "relay"])
def test_the_health_check_sees_that_nobody_works(compose, database_url, monkeypatch, tmp_path, part):
    """Given no worker and no relay, then its check ends with 1 and one line; once one holds its lease, with 0."""
    monkeypatch.setenv("LANDCYCLE_DATABASE_URL", database_url)
    check = [*compose["services"][part]["healthcheck"]["test"][2:], "--data-dir", str(tmp_path)]
    alone = CliRunner().invoke(app, check)
    assert (alone.exit_code, alone.stdout) == (1, "") and "NOBODY_WORKS" in alone.stderr
    with psycopg.connect(database_url) as connection:
        connection.execute(f"UPDATE {part}_lease SET holder = 'x', expires_at = now() + interval '1 minute'")
    assert CliRunner().invoke(app, check).exit_code == 0
