"""kill -9 of everything in the middle of an import: nothing lost, nothing doubled, up again without help."""

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from adapters.landchina_rows import COLUMNS

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests" / "end_to_end"), str(ROOT / "tests" / "adapters")]
from test_landchina_notice import GOOD  # noqa: E402
from test_serve import Served, free_port, nothing_left_running  # noqa: E402, F401

ROWS = 12_000
SEED = 20261124


@pytest.fixture
def notices(tmp_path):
    tmp_path.chmod(0o755)
    path = tmp_path / "notices.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(GOOD | {"电子监管号": f"1201142014B{n:05d}", "项目名称": f"厂{n}"} for n in range(ROWS))
    return path


def command(*arguments, directory):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("LANDCYCLE_")} | {
        "LANDCYCLE_TODAY": "2026-11-24"
    }
    return [sys.executable, "-m", "api.cli", *arguments, "--data-dir", str(directory)], environment


def run(*arguments, directory):
    line, environment = command(*arguments, directory=directory)
    return subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)


def victims(served):
    """(process, what it is) of every part that lives; parts that died often wait a moment before they start again."""
    end = time.monotonic() + 30
    while not (found := living(served)) and time.monotonic() < end:
        time.sleep(0.1)
    return found


def living(served):
    found = []
    for one in psutil.Process(served.process.pid).children(recursive=False):
        try:
            if one.status() != psutil.STATUS_ZOMBIE:
                found.append((one, " ".join(one.cmdline()[-2:])[-40:]))
        except psutil.Error:
            continue
    return found


def test_an_import_amid_kills_loses_and_doubles_nothing(tmp_path, notices):
    directory, chance, killed = tmp_path / "data", random.Random(SEED), []
    served = Served(directory, free_port()).ready()
    line, environment = command(
        "import", "landchina", str(notices), "--jurisdiction", "000000", "--json", directory=directory
    )
    for _ in range(10):
        importing = subprocess.Popen(
            line, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        time.sleep(chance.uniform(0.9, 1.8))
        victim, what = chance.choice(victims(served))
        killed.append(what)
        victim.kill()
        if chance.random() < 0.6 and importing.poll() is None:
            killed.append("import")
            importing.kill()
        importing.communicate(timeout=180)
    done = run("import", "landchina", str(notices), "--jurisdiction", "000000", "--json", directory=directory)
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout.splitlines()[-1])
    assert counts["accepted"] + counts["unchanged"] == ROWS and len(killed) >= 5

    verified = run("verify", "--json", directory=directory)
    report = json.loads(verified.stdout.splitlines()[-1])
    assert verified.returncode == 0 and report["findings"] == []
    sample = 8
    assert report["parcels"] >= ROWS + sample

    end = time.monotonic() + 90
    while time.monotonic() < end and json.loads(run("lag", directory=directory).stdout)["lag_events"]:
        time.sleep(0.5)
    compared = run("rebuild", "--verify", directory=directory)
    assert compared.returncode == 0, compared.stdout + compared.stderr
    assert f"{ROWS + sample:,} parcels" in compared.stdout and "0 different" in compared.stdout
    assert served.process.poll() is None and served.process.send_signal(signal.SIGTERM) is None
    assert served.process.wait(60) == 0
