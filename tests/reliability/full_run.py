"""`make reliability`: the long ordeal, its figures (build/reliability.json) and its page (docs/reliability.md).

    python tests/reliability/full_run.py [--kills 200] [--minutes 20] [--seed N]

Exit 0 only where every proof holds. Progress, one line per kill, on standard error.
"""

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

import ordeal  # noqa: E402

from benchmarks.figures import machine, percentile  # noqa: E402

FUNCTIONS = {"posts": "posts answered", "lists": "lists up to date", "kafka": "Kafka up to date"}


def recoveries(kills):
    """kind → function → seconds of every kill of the kind, in the order of the kinds' names."""
    found = {}
    for kill in kills:
        for name in FUNCTIONS:
            if name in kill.recovered:
                found.setdefault(kill.kind, {}).setdefault(name, []).append(kill.recovered[name])
    return dict(sorted(found.items()))


def figure(name, unit, value, target=None):
    """One figure in the form of contract 7."""
    return {
        "name": name, "unit": unit, "value": round(value, 2), "peer": None, "peer_value": None,
        "ratio": round(value, 2) if target else None, "target": target, "runs": 1,
    }  # fmt: skip


def figures(done):
    """Everything that `build/reliability.json` says."""
    found = [
        figure("kills", "kills", len(done.kills), ">= 200"),
        figure("findings of the history checker", "findings", len(done.findings), "<= 0"),
        figure("posts over HTTP, retries among them", "posts", done.counts["posts"]),
        figure("retries with the same ids", "posts", done.counts["retries"]),
        figure("receipts, all in the log as told", "receipts", done.receipts),
        figure("events in the log", "events", done.events),
        figure("parcels, read models equal to a replay", "parcels", done.parcels),
        figure("changes of alerts, all in Kafka in order", "changes", done.alerts),
    ]
    found += [figure(f"duplicates on {topic}", "messages", one["duplicates"]) for topic, one in done.topics.items()]
    for name, words in FUNCTIONS.items():
        seconds = [kill.recovered[name] for kill in done.kills if name in kill.recovered]
        found.append(figure(f"{words} after a kill, p50", "s", statistics.median(seconds)))
        found.append(figure(f"{words} after a kill, longest", "s", max(seconds)))
    return found


def page(done, command):
    """`docs/reliability.md`."""
    lines = [
        "# Reliability: what was killed, and what was lost",
        "",
        f"Written by `{command}` on {datetime.now(UTC):%Y-%m-%d}, seed {done.seed}, {done.seconds / 60:.1f} minutes; {machine()}.",
        "",
        "Two API processes, two workers and two relays (one of each works, one stands by), PostgreSQL and Apache Kafka of one",
        "node, all on this machine. Clients post made-up lives over HTTP, singly and in NDJSON batches, and repeat every post",
        "with the same ids until it is answered; one in twenty answered posts is repeated all the same. Meanwhile the parts are",
        "killed, stopped and cut off by a seeded tormentor, often several at once; what died is started again after 0.3 s.",
        "",
        "## Findings",
        "",
        *([f"* {' '.join(one.split())[:300]}" for one in done.findings] or ["None."]),
        "",
        "After the last kill:",
        "",
        f"* {done.receipts:,} receipts, every one in the log with the version, position, `recorded_at` and `chain_hash` it was told;",
        f"  {done.counts['posts']:,} posts, {done.counts['retries']:,} of them retries, {done.counts['repeated']:,} answers were the first receipt again.",
        f"* {done.events:,} events: every posted id once and nothing else, positions gapless, times rising, chains whole;",
        "  `landcycle verify` holds, also against the signed heads.",
        f"* {done.parcels:,} parcels: every read model equals a fresh replay, row by row (`landcycle rebuild --verify`).",
        "",
        "| topic | stored | messages | sent again | missing or out of order |",
        "|---|---:|---:|---:|---:|",
    ]
    for topic, one in done.topics.items():
        wrong = sum(problem.startswith(topic) for problem in done.findings)
        lines.append(f"| `{topic}` | {one['stored']:,} | {one['messages']:,} | {one['duplicates']:,} | {wrong} |")
    lines += [
        "",
        "What is sent again has the same `ce_id` and value; after dropping it, `ce_sequence` has no gap in any parcel. The last",
        "message of every parcel on `parcel.status.v1` is its latest revision (revisions between are coalesced).",
        "",
        "## Kills, and seconds until things went on",
        "",
        "From the blow until an answer to a post sent after it (of the API that was struck, where one was), until lists show an",
        "event posted after it, and until Kafka has that event. Blows overlap, so a time may hold the next blow too.",
        "",
        "| blow | times | posts p50 / longest | lists p50 / longest | Kafka p50 / longest |",
        "|---|---:|---:|---:|---:|",
    ]
    for kind, found in recoveries(done.kills).items():
        times = sum(kill.kind == kind for kill in done.kills)
        cells = [f"{percentile(found[name], 0.5):.1f} / {max(found[name]):.1f}" for name in FUNCTIONS]
        lines.append(f"| {kind} | {times} | {' | '.join(cells)} |")
    lines += [
        f"| **all** | **{len(done.kills)}** | | | |",
        "",
        f"After the last kill everything was up to date in {done.drained_seconds:.1f} s.",
        "",
        "A SIGKILL leaves the page cache of the machine alone: what survives a power cut is PostgreSQL's and the disk's promise",
        "(`fsync` is on) and, for Kafka, replication; neither is shown here.",
        "",
    ]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description="Kills everything again and again, then proves that nothing was lost.")
    parser.add_argument("--kills", type=int, default=210)
    parser.add_argument("--minutes", type=float, default=20.0, help="over which the kills are spread")
    parser.add_argument("--seed", type=int, default=20261128)
    options = parser.parse_args()
    directory, began = Path(tempfile.mkdtemp(prefix="landcycle-reliability-")), time.monotonic()

    def progress(kill):
        sys.stderr.write(f"{time.monotonic() - began:7.1f} s  {kill.kind}\n")

    done = ordeal.run(
        directory / "city", seed=options.seed, kills=options.kills, gap=options.minutes * 60 / options.kills,
        pace=0.5, singles=5, batches=2, progress=progress,
    )  # fmt: skip
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build" / "reliability.json").write_text(json.dumps(figures(done), indent=1, ensure_ascii=False), "utf-8")
    (ROOT / "docs" / "reliability.md").write_text(page(done, "make reliability"), "utf-8")
    sys.stderr.write(f"{len(done.kills)} kills, {done.receipts} receipts, {len(done.findings)} findings\n")
    for one in done.findings[:50]:
        sys.stderr.write(f"  {one}\n")
    if done.findings:
        sys.stderr.write(f"the city's data and logs are kept in {directory}\n")
        raise SystemExit(1)
    shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
