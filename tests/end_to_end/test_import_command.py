"""`landcycle import landchina` as a clerk runs it (contract 7): counts, exit statuses, reports, and one line for each mistake."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "supply_notices.csv"


@pytest.fixture
def run(database_url, tmp_path):
    environment = {
        "LANDCYCLE_DATABASE_URL": database_url,
        "LANDCYCLE_DATA_DIR": str(tmp_path),
        "LANDCYCLE_TODAY": "2026-11-24",
        "PATH": "/usr/bin:/bin",
    }

    def command(*arguments, **changed):
        line = [sys.executable, "-m", "api.cli", "import", "landchina", *map(str, arguments)]
        return subprocess.run(
            line, cwd=ROOT, env=environment | changed, capture_output=True, text=True, timeout=60, check=False
        )

    return command


def test_counts_and_reports_and_3_when_rows_were_reported_and_nothing_new_the_second_time(run, tmp_path):
    reports = tmp_path / "r.xlsx", tmp_path / "r.ndjson"
    first = run(EXAMPLE, "--jurisdiction", "000000", "--report", reports[0], "--report", reports[1], "--json")
    counts = json.loads(first.stdout.splitlines()[-1])
    assert first.returncode == 3 and "已读 9 行" in first.stderr
    assert counts.keys() == {"read", "accepted", "unchanged", "reported", "parcels", "events", "seconds"}
    assert (counts["read"], counts["accepted"], counts["unchanged"], counts["reported"]) == (9, 7, 0, 2)
    refused = [json.loads(line) for line in reports[1].read_text("utf-8").splitlines()]
    assert len({one["line"] for one in refused if one["status"] == "reported"}) == 2
    assert reports[0].read_bytes().startswith(b"PK")

    again = json.loads(run(EXAMPLE, "--jurisdiction", "000000", "--json").stdout.splitlines()[-1])
    assert (again["accepted"], again["unchanged"], again["events"]) == (0, 7, 0)


def test_0_when_every_row_was_taken(run, tmp_path):
    good = tmp_path / "good.csv"
    header, first = filter(None, EXAMPLE.read_text("utf-8-sig").splitlines()[:3])
    good.write_text(f"{header}\n{first}\n", encoding="utf-8")
    done = run(good, "--jurisdiction", "000000")
    assert done.returncode == 0 and "读取 1 行：接收 1" in done.stdout, done.stdout


@pytest.mark.parametrize(
    ("arguments", "changed", "code"),
    [
        ([EXAMPLE, "--jurisdiction", "武清"], {}, "JURISDICTION"),
        ([EXAMPLE, "--jurisdiction", "000000", "--report", "/nowhere/r.xlsx"], {}, "REPORT_UNWRITABLE"),
        ([EXAMPLE, "--jurisdiction", "000000", "--as-of", "昨天"], {}, "NOT_A_DATE"),
        ([EXAMPLE, "--jurisdiction", "000000", "--as-of", "2026-11-25"], {}, "业务日期2026-11-24 (AS_OF_AHEAD)"),
        ([ROOT / "Makefile", "--jurisdiction", "000000"], {}, "缺少列"),
        (
            [EXAMPLE, "--jurisdiction", "000000"],
            {"LANDCYCLE_DATABASE_URL": "postgresql://x@127.0.0.1:9/x"},
            "DATABASE_UNAVAILABLE",
        ),
    ],
)
def test_a_mistake_is_told_in_one_line(run, arguments, changed, code):
    done = run(*arguments, **changed)
    assert done.returncode == 2 and done.stdout == ""
    (line,) = [line for line in done.stderr.splitlines() if line.strip()]
    assert code in line
