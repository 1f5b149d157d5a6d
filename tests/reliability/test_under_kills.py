"""The short form of `make reliability`: a minute of kills, all proofs."""

import tempfile
from pathlib import Path

import ordeal

KILLS = 15


def test_a_city_amid_kills_loses_and_doubles_nothing():
    """Given clients that repeat until they are answered, when every part is killed in turn, then the history holds."""
    with tempfile.TemporaryDirectory(prefix="landcycle-ordeal-", ignore_cleanup_errors=True) as directory:
        Path(directory).chmod(0o755)
        done = ordeal.run(Path(directory) / "city", seed=7, kills=KILLS, gap=1.6, pace=0.3, singles=3, batches=1)
    assert done.findings == []
    assert len(done.kills) >= KILLS - 2  # a blow may meet what has just died
    assert len({kill.kind for kill in done.kills}) >= 10
    assert done.receipts >= done.events - 20 > 100
