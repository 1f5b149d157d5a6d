"""`landcycle serve`: first start, second start, a port in use, and up again after everything was killed."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from typer.testing import CliRunner

from api import cli, supervisor

ROOT = Path(__file__).parents[2]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(autouse=True)
def nothing_left_running():
    yield
    for served in Served.all:
        if served.process.poll() is None:
            os.killpg(served.process.pid, signal.SIGKILL)
            served.process.wait(10)
        served.out.close()
    Served.all.clear()


class Served:
    all = []

    def __init__(self, directory, port):
        self.directory, self.port = directory, port
        self.out = (directory.parent / f"serve-{time.monotonic_ns()}.log").open("w+")
        environment = {key: value for key, value in os.environ.items() if not key.startswith("LANDCYCLE_")} | {
            "LANDCYCLE_TODAY": "2026-11-24"
        }
        command = [
            sys.executable,
            "-m",
            "api.cli",
            "serve",
            "--no-kafka",
            "--data-dir",
            str(directory),
            "--port",
            str(port),
        ]
        self.all.append(self)
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=self.out, stderr=self.out, start_new_session=True
        )

    def ready(self, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert self.process.poll() is None, self.text()
            if "is running on" in self.text():
                return self
            time.sleep(0.1)
        raise AssertionError(self.text())

    def text(self):
        self.out.flush()
        return Path(self.out.name).read_text("utf-8")

    def get(self, path):
        key = json.loads((self.directory / "keys.json").read_text("utf-8"))["regulator"]
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", headers={"Authorization": f"Bearer {key}"}
        )
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.loads(response.read())

    def everything(self):
        return [self.process.pid, *(child.pid for child in psutil.Process(self.process.pid).children(recursive=True))]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(30)
        self.out.close()
        return code


def lives(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def directory(tmp_path):
    tmp_path.chmod(0o755)
    return tmp_path / "data"


def test_it_starts_keeps_its_data_and_comes_up_again_after_every_process_was_killed(directory):
    port = free_port()
    first = Served(directory, port).ready()
    assert "curl -s" in first.text() and "sample: 8 parcels" in first.text()
    parcels = first.get("/v1/parcels?limit=50")["items"]
    deadline = time.monotonic() + 20
    while len(parcels) < 8 and time.monotonic() < deadline:
        time.sleep(0.2)
        parcels = first.get("/v1/parcels?limit=50")["items"]
    assert len(parcels) == 8

    for pid in first.everything():
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    first.process.wait(10)
    first.out.close()

    second = Served(directory, port).ready()
    assert "sample:" not in second.text(), "the sample is loaded once"
    assert second.get("/v1/parcels?limit=50")["items"] == parcels
    pids = second.everything()
    assert second.stop() == 0
    assert not [pid for pid in pids if lives(pid)]


def test_a_part_that_died_is_started_again(directory):
    served = Served(directory, free_port()).ready()
    worker = next(
        one for one in psutil.Process(served.process.pid).children(recursive=True) if one.cmdline()[-1:] == ["worker"]
    )
    worker.kill()
    end = time.monotonic() + 20
    while time.monotonic() < end and "worker 已退出" not in served.text():
        time.sleep(0.1)
    assert "worker 已退出" in served.text()
    assert served.stop() == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["serve", "--no-kafka", "--data-dir", "{file}"], "FILE_UNUSABLE"),
        (["serve", "--no-kafka", "--data-dir", "/proc/nowhere"], "FILE_UNUSABLE"),
        (["serve", "--no-kafka", "--data-dir", "{file}", "--host", "no.such.host.invalid"], "HOST_UNKNOWN"),
        (["serve", "--no-kafka", "--data-dir", "{file}", "--port", "99999"], "PORT_OUT_OF_RANGE"),
        (["migrate", "--data-dir", "{file}/below"], "FILE_UNUSABLE"),
    ],
)
def test_a_directory_or_host_that_cannot_be_is_said_in_one_line(tmp_path, arguments, code):
    """Given a data directory that is a file or cannot be made, or an unknown host, then one line with a code, exit 2."""
    file = tmp_path / "file"
    file.touch()
    done = CliRunner().invoke(cli.app, [one.format(file=file) for one in arguments])
    assert done.exit_code == 2 and done.stderr.endswith(f" ({code})\n") and len(done.stderr.splitlines()) == 1, (
        done.output
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_whether_a_port_is_free_is_asked_of_the_host_that_is_named(host):
    """Given a port that is taken on a host, then it is refused there; a free one is taken, of IPv6 too."""
    with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as taken:
        options = supervisor.Options(host, taken.getsockname()[1])
        with pytest.raises(supervisor.CannotServe, match="PORT_IN_USE"):
            supervisor._port_must_be_free(options)
    supervisor._port_must_be_free(options)
    assert urlsplit(options.address).hostname == host


def test_a_port_in_use_is_said_in_one_line(directory):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        served = Served(directory, taken.getsockname()[1])
        assert served.process.wait(30) == 2
        assert len(served.text().strip().splitlines()) == 1 and "PORT_IN_USE" in served.text()
        served.out.close()
