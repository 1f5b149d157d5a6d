"""What Prometheus is told of the system's state (docs/operation.md explains each figure and the alert to set)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Final

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)

from projections.measures import BUCKETS, Reading

GAUGES: Final[Mapping[str, str]] = {
    "log_epoch": "Epoch of the log: rises with each restore from a backup",
    "lag_events": "Events that the read models do not show yet",
    "lag_seconds": "How long the oldest event that the read models do not show has waited",
    "worker_up": "1 while a worker holds the lease",
    "worker_epoch": "How often the worker's lease was taken",
    "worker_beat_age_seconds": "Time since the worker's last sign of life",
    "sweep_age_seconds": "Time since the beginning of the day to which every row was brought",
    "due_parcels": "Parcels whose day of change has come and that are not evaluated for it yet (counted to 100000)",
    "outdated_parcels": "Parcels evaluated by rules older than those in force (counted to 100000)",
    "parked_parcels": "Parcels whose evaluation failed: shown as UNKNOWN",
    "rebuild_parcels": "Parcels that a running rebuild has computed",
    "rebuild_expected_parcels": "Parcels that a running rebuild has to compute; 0 while none runs",
    "relay_up": "1 while a relay holds the lease",
    "relay_epoch": "How often the relay's lease was taken",
    "kafka_up": "1 while the relay's last exchange with the broker succeeded",
    "unsent_alerts": "Changes of alerts that Kafka does not have yet",
    "unsent_alert_age_seconds": "How long the oldest change of an alert that Kafka does not have has waited",
    "unsent_events": "Events that Kafka does not have yet",
    "unsent_event_age_seconds": "How long the oldest event that Kafka does not have has waited",
    "unsent_statuses": "Parcels whose latest status Kafka does not have yet (counted to 100000)",
    "rollup_partitions": "On a province's database: partitions of its cities' topics",
    "rollup_partitions_unowned": "On a province's database: partitions that no member of the roll-up keeps",
    "tree_lag_events": "Events that are not in the hash tree yet",
    "unsigned_events": "Events that no signed head covers yet",
    "heads_file_up": "1 while the worker can write heads.ndjson",
}
COUNTERS: Final[Mapping[str, tuple[str, str]]] = {
    "log_position": ("log_events", "Events in the log"),
    "alert_changes": ("alert_changes", "Changes of alerts in their log"),
}
_HISTOGRAMS: Final[Mapping[str, str]] = {
    "batch_events": "Events in one batch of the worker",
    "batch_seconds": "Time that one batch of the worker took",
}


class StateMetrics:
    """One reading as Prometheus takes it; None: the database did not answer."""

    def __init__(self, reading: Reading | None) -> None:
        self._reading = reading

    def collect(self) -> Iterator[Metric]:
        """The metric families; without a reading only that the database is down."""
        reading = self._reading
        yield GaugeMetricFamily(
            "landcycle_database_up", "1 when the database answered this scrape", reading is not None
        )
        if reading is None:
            return
        for name, told in GAUGES.items():
            if name in reading.figures:
                yield GaugeMetricFamily(f"landcycle_{name}", told, reading.figures[name])
        for name, (shown, told) in COUNTERS.items():
            yield CounterMetricFamily(f"landcycle_{shown}", told, reading.figures[name])
        lease = InfoMetricFamily("landcycle_lease", "Host and process of the one that works", labels=("part",))
        for part, holder in reading.holders.items():
            lease.add_metric((part,), {"holder": holder})
        yield lease
        for name, told in _HISTOGRAMS.items():
            counts, total = reading.histograms[name]
            bounds = [*map(str, BUCKETS[name]), "+Inf"]
            buckets = list(zip(bounds, map(float, accumulate(counts)), strict=True))
            yield HistogramMetricFamily(f"landcycle_{name}", told, buckets, total)
