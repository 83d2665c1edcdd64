"""The consumer's Prometheus metrics, under one prefix and with the dashboard's spellings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prometheus_client import Counter, Gauge, Histogram

from videostream_consumer.stages import STAGES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from videostream_consumer.stages import Passage

_LATENCY_BOUNDS_S: Final = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60, 300)
_STAGE_BOUNDS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30, 60, 300)

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
    buckets=_LATENCY_BOUNDS_S,
)
STAGE_SECONDS: Final = Histogram(
    "videostream_consumer_stage_seconds",
    "Time of a frame by stage: taken (from capture until this consumer has it from Kafka), "
    "measured (until its batch is), stored (until InfluxDB accepted it); the sum is the latency.",
    ["stage"],
    buckets=_STAGE_BOUNDS_S,
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
for _stage in STAGES:
    STAGE_SECONDS.labels(_stage)


def observe_times(passage: Passage, capture_times_ns: Sequence[int]) -> None:
    """Add how long the frames of a batch took, in all and by stage."""
    for latency_s in passage.latencies_s(capture_times_ns):
        LATENCY_SECONDS.observe(latency_s)
    for stage, values in passage.stages_s(capture_times_ns).items():
        series = STAGE_SECONDS.labels(stage)
        for seconds in values:
            series.observe(seconds)
