"""Runs the benchmarks and writes `build/bench.json` and `docs/performance.md`.

    python -m benchmarks.run [PART ...] [--short]

Parts: append, growth, posting, read_models, relaying, latency, evaluate; none: all. What a part measured replaces what
stood for it (`build/bench-parts.json`); list and page are made of all that stands. `--short` takes small sizes and few
runs, and leaves the page alone: it writes `build/bench-short.json`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import append, evaluate, growth, latency, posting, read_models, relaying
from benchmarks.figures import Figure, alone, line, machine

PARTS_FILE, RESULTS, SHORT_RESULTS = (
    Path("build/bench-parts.json"),
    Path("build/bench.json"),
    Path("build/bench-short.json"),
)
PAGE = Path("docs/performance.md")
NOTES = Path(__file__).with_name("notes.md")
_COLUMNS = "| work | Landcycle, median [range] | peer | ratio [range] | target | runs |\n|---|---|---|---|---|---|"


def _law(runs: int) -> list[Figure]:
    found = evaluate.figures(runs)
    return [alone(one["name"], one["unit"], [one["value"]], one["target"]) for one in found]


PARTS: dict[str, tuple[str, Callable[[], list[Figure]], Callable[[], list[Figure]]]] = {
    "append": ("The log takes events", append.run, lambda: append.run(10_000, 3, with_emmett=False)),
    "growth": ("The log grows", growth.run, lambda: growth.run((10_000, 50_000), 2, 10_000)),
    "posting": ("Over HTTP, and imports", posting.run, lambda: posting.run(2, 500, 2000, 3000)),
    "read_models": ("Read models", read_models.run, lambda: read_models.run(2, 200, 1000)),
    "relaying": ("The relay", lambda: relaying.run(3, 60_000), lambda: relaying.run(1, 5_000)),
    "latency": ("From a post to a consumer", lambda: latency.run(3, 10), lambda: latency.run(1, 3)),
    "evaluate": ("The law", lambda: _law(400), lambda: _law(50)),
}
"""Title, whole form, short form."""


def page(results: dict[str, Any]) -> str:
    """`docs/performance.md`: every figure that stands, and what is to be said about those that miss their target."""
    parts = [
        "# Performance",
        (
            "Made by `make bench` (`python -m benchmarks.run`); the figures are also in `build/bench.json`. Each work runs beside its peer\n"
            "in one run on one machine, in turn; values are medians, ranges in brackets. A target beside a ratio is about the ratio of each\n"
            "run, else about the value itself. One run of one machine: take the ratios with you, not the rates."
        ),
    ]
    for name, (title, _, _) in PARTS.items():
        if name in results:
            found = results[name]
            parts += [
                f"## {title}",
                f"{found['machine']}; {found['day']}.",
                "\n".join([_COLUMNS, *map(line, found["figures"])]),
            ]
    return "\n\n".join([*parts, NOTES.read_text(encoding="utf-8").strip()]) + "\n"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--short", action="store_true", help="small sizes, few runs; leaves the page alone")
    asked = parser.parse_args()
    if unknown := sorted(set(asked.parts) - set(PARTS)):
        parser.error(f"no part {unknown[0]}; there are: {', '.join(PARTS)}")
    RESULTS.parent.mkdir(exist_ok=True)
    stands = not asked.short and PARTS_FILE.exists()
    results: dict[str, Any] = json.loads(PARTS_FILE.read_text(encoding="utf-8")) if stands else {}
    for name in asked.parts or PARTS:
        sys.stderr.write(f"{name} …\n")
        figures = PARTS[name][2 if asked.short else 1]()
        results[name] = {"day": datetime.now(UTC).date().isoformat(), "machine": machine(), "figures": figures}
        for one in figures:
            print(line(one), flush=True)
        if asked.short:
            _write(SHORT_RESULTS, flat(results))
            continue
        _write(PARTS_FILE, results)
        _write(RESULTS, flat(results))
        PAGE.write_text(page(results), encoding="utf-8")


def flat(results: dict[str, Any]) -> list[dict[str, Any]]:
    """The figures in the form of the contract (7): `ratio` is what is compared with `target`."""
    keys = ("name", "unit", "value", "peer", "peer_value", "ratio", "target", "runs")
    figures = [one for found in results.values() for one in found["figures"]]
    return [
        {**dict.fromkeys(keys), "ratio": one["value"], **{key: one[key] for key in keys if key in one}}
        for one in figures
    ]


def _write(path: Path, found: object) -> None:
    path.write_text(json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
