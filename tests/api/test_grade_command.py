"""`landcycle grade`: a table of figures becomes reports that the batch takes as they are (specification 6.2)."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from given_api import OTHER_PARCEL, PARCEL, contract

ROOT = Path(__file__).parents[2]
HEAD = "uscc,parcel_ids,tax_per_mu,tax_per_kwh,veto,not_graded\n"
ROWS = (
    f"91120114MA06TEK14B,{PARCEL} {OTHER_PARCEL},18.00,0.30,,\n"
    "91350100M000100Y43,120114001002GB00017,9.00,0.10,TAX_FRAUD,\n"
    "91110108551385082Q,120114001002GB00018,,,,投产不满两年\n"
)


def run(api, path, *more):
    environment = os.environ | {
        "LANDCYCLE_DATABASE_URL": api.settings.database_url,
        "LANDCYCLE_TODAY": api.settings.today.isoformat(),
        "LANDCYCLE_DATA_DIR": str(api.settings.data_dir),
    }
    arguments = [
        "--formula",
        "huangyan-2022-small",
        "--jurisdiction",
        "120114",
        "--year",
        "2025",
        "--document",
        "津武工信〔2026〕3号",
        *more,
    ]
    return subprocess.run(
        [sys.executable, "-m", "api.cli", "grade", str(path), *arguments], cwd=ROOT, env=environment, capture_output=True, text=True
    )  # fmt: skip


def test_a_table_becomes_classes_and_the_batch_takes_them(api, tmp_path):
    path = tmp_path / "figures.csv"
    path.write_text("\ufeff" + HEAD + ROWS, "utf-8")
    done = run(api, path)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(line["parcel_id"][-5:], line["data"]["class"], line["data"].get("score")) for line in lines] == [
        ("00015", "B", "138.78"), ("00016", "B", "138.78"), ("00017", "D", "60.07"), ("00018", "T", None),
    ]  # fmt: skip
    assert "落后整治类" in done.stderr
    for line in lines:
        assert api.post(contract(), parcel=line["parcel_id"]).status_code == 201

    headers = {"Content-Type": "application/x-ndjson"} | api.headers("MIIT")
    answers = api.client.post("/v1/events:batch", content=done.stdout, headers=headers).text.splitlines()
    assert [json.loads(line)["status"] for line in answers] == [201] * 4
    assert run(api, path).stdout == done.stdout, "graded again it gives the same reports with the same ids"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("uscc,parcel_ids\n", "COLUMNS_MISSING"),
        (HEAD + "91310115MA1H8R7C6D,x,1,1,,\n", "USCC"),
        (HEAD + "91120114MA06TEK14B,x,一,1,,\n", "NOT_A_NUMBER"),
        (HEAD + "91120114MA06TEK14B,x,,1,,\n", "FIGURES_MISSING"),
        (HEAD + "91120114MA06TEK14B,x,1,1,FRAUD,\n", "VETO_UNKNOWN"),
        (HEAD + "91120114MA06TEK14B,x,1,1,,\n" * 2, "ENTERPRISE_TWICE"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(api, tmp_path, text, code):
    path = tmp_path / "figures.csv"
    path.write_text(text, "utf-8")
    done = run(api, path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert f"({code})" in done.stderr


def test_the_example_of_the_readme_is_graded(api):
    done = run(api, ROOT / "examples" / "enterprise_figures.csv")
    assert done.returncode == 0, done.stderr
    classes = [json.loads(line)["data"]["class"] for line in done.stdout.splitlines()]
    assert classes == ["A", "A", "B", "D", "T"]
