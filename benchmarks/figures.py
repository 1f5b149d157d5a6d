"""A figure: the median of several runs, where there is a peer the ratio to it run by run, and the target."""

from __future__ import annotations

import platform
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

Figure = dict[str, Any]
"""`name, unit, value, range, runs`, and where they apply `peer, peer_value, ratio, ratio_range, target, reached, note`."""


def interleaved(plans: Mapping[str, Callable[[], float]], runs: int, *, warm: int = 1) -> dict[str, list[float]]:
    """The value of every plan in every run: all plans in turn, then all again; the first `warm` rounds do not count."""
    values: dict[str, list[float]] = {name: [] for name in plans}
    for number in range(runs + warm):
        for name, plan in plans.items():
            value = plan()
            if number >= warm:
                values[name].append(value)
    return values


def alone(name: str, unit: str, values: Sequence[float], target: str = "", note: str = "") -> Figure:
    """A figure without a peer; `target` (`<= 6`, `>= 5000`) is about its median."""
    value = statistics.median(values)
    found: Figure = {"name": name, "unit": unit, "value": _round(value), "runs": len(values)}
    found["range"] = [_round(min(values)), _round(max(values))]
    return _judged(found, value, target, note)


def beside(
    name: str, unit: str, values: Sequence[float], peer: str, peers: Sequence[float], target: str = "", note: str = ""
) -> Figure:
    """A figure beside its peer; `target` is about the median of the ratios of the runs."""
    ratios = [ours / theirs for ours, theirs in zip(values, peers, strict=True)]
    ratio = statistics.median(ratios)
    found = alone(name, unit, values)
    found |= {"peer": peer, "peer_value": _round(statistics.median(peers)), "ratio": round(ratio, 2)}
    found["ratio_range"] = [round(min(ratios), 2), round(max(ratios), 2)]
    return _judged(found, ratio, target, note)


def _judged(found: Figure, value: float, target: str, note: str) -> Figure:
    if target:
        sign, limit = target.split()
        found |= {"target": target, "reached": value >= float(limit) if sign == ">=" else value <= float(limit)}
    if note:
        found["note"] = note
    return found


def _round(value: float) -> float:
    return round(value) if value >= 1000 else float(f"{value:.3g}")


def percentile(values: Sequence[float], part: float) -> float:
    """The value below which this part (0 to 1) of the values lies."""
    return sorted(values)[min(int(len(values) * part), len(values) - 1)]


def machine() -> str:
    """What it ran on."""
    names = [line.split(":", 1)[1].strip() for line in _cpu_lines() if line.startswith("model name")]
    memory = psutil.virtual_memory().total // 2**30
    return (
        f"{psutil.cpu_count()} × {names[0] if names else platform.processor()}, {memory} GB, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}, PostgreSQL 18 with fsync"
    )


def _cpu_lines() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def line(found: Figure) -> str:
    """One figure as a row of the table."""
    low, high = found["range"]
    target = found.get("target", "")
    told = (
        ""
        if not target
        else f"{target.replace('>=', '≥').replace('<=', '≤')} {'✓' if found['reached'] else '**missed**'}"
    )
    peer = f"{found['peer']}: {found['peer_value']:,}" if "peer" in found else ""
    ratio = f"{found['ratio']} [{found['ratio_range'][0]}–{found['ratio_range'][1]}]" if "ratio" in found else ""
    return f"| {found['name']} | {found['value']:,} {found['unit']} [{low:,}–{high:,}] | {peer} | {ratio} | {told} | {found['runs']} |"
