"""The tours in examples/ do what they say."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_the_shell_tour_runs(api):
    if not shutil.which("curl"):
        pytest.skip("curl is not on this machine")
    environment = {
        "PATH": "/usr/bin:/bin:/usr/local/bin",
        "LANDCYCLE_URL": str(api.client.base_url).rstrip("/"),
        "NRP_KEY": api.key("NRP"),
        "HUC_KEY": api.key("HUC"),
        "TAX_KEY": api.key("TAX"),
        "REGULATOR_KEY": api.key("regulator"),
    }
    done = subprocess.run(
        ["sh", str(EXAMPLES / "tour.sh")], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"state":"OVERDUE"' in done.stdout and '"corrects"' in done.stdout


def test_every_request_of_the_http_tour_answers_what_its_title_says(api):
    text = (EXAMPLES / "tour.http").read_text(encoding="utf-8")
    values = dict(re.findall(r"^@(\w+) = (.+)$", text, re.MULTILINE))
    values |= {name: api.key(name.upper()) for name in ("nrp", "huc", "tax")} | {"regulator": api.key("regulator")}
    values["url"] = str(api.client.base_url).rstrip("/")
    for part in text.split("\n###")[1:]:
        found = re.match(r".*→ (\d{3}).*\n(GET|POST) (\S+)\n((?:\S+: .*\n)+)([\s\S]*)", part)
        assert found, part
        status, method, url, headers, body = found.groups()
        filled = {
            name: re.sub(r"{{(\w+)}}", lambda found: values[found[1]], value)
            for name, value in (line.split(": ", 1) for line in headers.splitlines())
        }
        target = re.sub(r"{{(\w+)}}", lambda found: values[found[1]], url)
        answer = api.client.request(method, target, headers=filled, content=body.strip().encode() or None)
        assert answer.status_code == int(status), (method, url, answer.text)
