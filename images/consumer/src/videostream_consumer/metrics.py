"""The consumer's Prometheus metrics, under one prefix and with the dashboard's spellings."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

RECORDS: Final = Counter(
    "videostream_consumer_records",
    "Records taken from Kafka by what became of them: processed, stale, invalid.",
    ["result"],
)
POINTS_WRITTEN: Final = Counter(
    "videostream_consumer_points_written", "Points that InfluxDB accepted."
)
POINTS_REJECTED: Final = Counter(
    "videostream_consumer_points_rejected", "Points that InfluxDB refused for good."
)
PIPELINE_POINTS_DROPPED: Final = Counter(
    "videostream_consumer_pipeline_points_dropped",
    "Points about the pipeline itself that could not be written.",
)
SIGNAL_FAILURES: Final = Counter(
    "videostream_consumer_signal_failures", "Frames on which a signal failed.", ["signal"]
)
WRITE_FAILURES: Final = Counter(
    "videostream_consumer_write_failures",
    "Write calls that will be retried, by state: Unauthorized, Unreachable.",
    ["state"],
)
LATENCY_SECONDS: Final = Histogram(
    "videostream_consumer_latency_seconds",
    "From the capture of a frame until InfluxDB accepted its points.",
    buckets=(0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60, 300),
)
MEASURE_SECONDS: Final = Counter(
    "videostream_consumer_measure_seconds", "Time spent to decode frames and measure signals."
)
WRITE_SECONDS: Final = Counter(
    "videostream_consumer_write_seconds", "Time spent in write calls to InfluxDB."
)
LAG_RECORDS: Final = Gauge(
    "videostream_consumer_lag_records", "Records of the assigned partitions not yet processed."
)
ASSIGNED_PARTITIONS: Final = Gauge(
    "videostream_consumer_assigned_partitions", "Partitions that this consumer owns."
)

for _result in ("processed", "stale", "invalid"):  # a rate needs the zero before the first event
    RECORDS.labels(_result)
for _state in ("Unauthorized", "Unreachable"):
    WRITE_FAILURES.labels(_state)
