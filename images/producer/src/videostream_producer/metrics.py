"""The producer's metrics for Prometheus (`make metrics-doc` writes docs/metrics.md)."""

from typing import Final, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from videostream_pipeline.status import SourceState

_PREFIX: Final = "videostream_producer_"
_BYTES: Final = (8e3, 16e3, 32e3, 64e3, 128e3, 256e3, 512e3, 1e6, 2e6, 4e6)
_ENCODE_S: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0)
_DELIVERY_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """All counters of one producer process, on a registry of their own."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(_PREFIX + name, text, labels, registry=registry)

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(_PREFIX + name, text, labels, registry=registry)

        def histogram(name: str, text: str, bounds: tuple[float, ...]) -> Histogram:
            return Histogram(_PREFIX + name, text, buckets=bounds, registry=registry)

        self.source_frames = counter("source_frames", "Frames read from the source.")
        self.captured = counter("captured_frames", "Frames sampled at the target rate and encoded.")
        self.passed_on = counter(
            "passed_on_frames", "Captured frames whose JPEG is the source's own."
        )
        self.published = counter("published_frames", "Frames that Kafka acknowledged.")
        self.dropped = counter(
            "dropped_frames",
            "Frames not handed to Kafka, by cause: overrun (the main loop was too slow), "
            "undecodable (a damaged JPEG), queue_full, too_large, not_connected.",
            "reason",
        )
        self.delivery_failed = counter(
            "delivery_failed_frames",
            "Frames handed to Kafka and not acknowledged, by Kafka's error, as msg_timed_out.",
            "reason",
        )
        self.open_failures = counter(
            "source_failures", "Failures of the source, by the reason in its status.", "reason"
        )
        self.opens = counter("source_opens", "Attempts to open the source.")
        self.status_failed = counter(
            "status_failed_records", "Status records that were not delivered."
        )
        self.points_dropped = counter(
            "points_dropped", "Points about the pipeline itself that could not be written."
        )
        self.state = gauge("source_state", "1 for the state that the source is in.", "state")
        self.reconnects = gauge("source_reconnects", "How often a lost stream came back.")
        self.source_fps = gauge(
            "source_fps", "Frames read from the source each second, over the last 10 s."
        )
        self.captured_fps = gauge("captured_fps", "Frames captured each second, over 10 s.")
        self.unchanged = gauge(
            "unchanged_seconds",
            "How long the picture has been the same; 0 before the fifth equal frame.",
        )
        self.busy = gauge(
            "capture_busy_ratio",
            "Share of time in which capture did not wait for the source, over the last 10 s.",
        )
        self.key_frames_only = gauge(
            "key_frames_only", "1 while only key frames are decoded; they alone count as frames."
        )
        self.last_frame = gauge(
            "last_frame_timestamp_seconds", "When the last frame was captured, Unix time."
        )
        self.queue_records = gauge("kafka_queue_records", "Records that wait for Kafka's answer.")
        self.partitions = gauge(
            "kafka_partitions", "Partitions of the stream's topic; 0 while unknown."
        )
        self.frame_bytes = histogram("frame_bytes", "Size of the JPEGs.", _BYTES)
        self.encode_seconds = histogram(
            "encode_seconds", "Time to scale and compress a frame.", _ENCODE_S
        )
        self.delivery_seconds = histogram(
            "delivery_seconds", "Time from capture to Kafka's acknowledgement.", _DELIVERY_S
        )
        for reason in ("overrun", "queue_full", "too_large", "undecodable"):
            self.dropped.labels(reason)
        self.show_state("Connecting")

    def show_state(self, current: SourceState) -> None:
        """Set the gauge of the current state to 1 and the others to 0."""
        for state in get_args(SourceState):
            self.state.labels(state).set(1 if state == current else 0)

    def total(self, name: str, **labels: str) -> int:
        """Give a counter's value by its name without prefix and suffix, 0 if it never counted."""
        return int(self.registry.get_sample_value(f"{_PREFIX}{name}_total", labels) or 0)

    def unchanged_s(self) -> float:
        """Give for how long the picture has been the same."""
        return self.registry.get_sample_value(f"{_PREFIX}unchanged_seconds") or 0.0

    def delivery_failures(self) -> int:
        """Give the frames handed to Kafka and not acknowledged, for any reason."""
        samples = (s for metric in self.delivery_failed.collect() for s in metric.samples)
        return int(sum(s.value for s in samples if s.name.endswith("_total")))
