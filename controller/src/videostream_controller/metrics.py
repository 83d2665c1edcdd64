"""The controller's Prometheus metrics (`make metrics-doc` writes docs/metrics.md)."""

from __future__ import annotations

import contextlib
from typing import Final, get_args

from prometheus_client import Counter, Gauge, Histogram

from videostream_controller.autoscaling import Action

RECONCILES: Final = Counter(
    "videostream_reconcile_total",
    "Reconciles of streams by their result: ok, retry, error; an error is a bug.",
    ["result"],
)
RECONCILE_SECONDS: Final = Histogram(
    "videostream_reconcile_seconds",
    "Time that one reconcile took.",
    buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 90),
)
QUEUE_DEPTH: Final = Gauge("videostream_queue_depth", "Streams that wait for a worker.")
QUEUE_OLDEST_SECONDS: Final = Gauge(
    "videostream_queue_oldest_seconds", "How long the first stream has waited for a worker."
)
WATCH_LAST_EVENT: Final = Gauge(
    "videostream_watch_last_event_timestamp_seconds",
    "When the last watch event came in, Unix time.",
    ["resource"],
)
APPLIES: Final = Counter(
    "videostream_apply_total",
    "Server-side applies by kind and result: changed, unchanged.",
    ["kind", "result"],
)
STREAMS: Final = Gauge("videostream_streams", "Streams that the controller knows.")
READY: Final = Gauge(
    "videostream_ready", "1 while the stream's condition Ready is True.", ["namespace", "stream"]
)
LAG_SWEEP_SECONDS: Final = Histogram(
    "videostream_lag_sweep_seconds",
    "Time of one look at the lag of all streams, decisions included.",
    buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10),
)
KAFKA_REACHABLE: Final = Gauge(
    "videostream_kafka_reachable", "1 while a Kafka connection answers.", ["connection"]
)
RESYNC_PRUNED: Final = Counter(
    "videostream_resync_pruned_total",
    "Deletions that only the relist found; more than a few mean lost watch events.",
    ["resource"],
)
CRD_SERVED: Final = Gauge(
    "videostream_crd_served", "1 when the API server serves a CRD as new as this controller."
)
BUILD_INFO: Final = Gauge(
    "videostream_build_info", "Always 1; the label tells the version.", ["version"]
)
SCALINGS: Final = Counter(
    "videostream_scaling_changes_total",
    "Changes of the number of consumers by their cause.",
    ["namespace", "stream", "cause"],
)


def forget_stream(key: str) -> None:
    """Drop the series of a stream that is gone."""
    namespace, name = key.split("/")
    with contextlib.suppress(KeyError):
        READY.remove(namespace, name)
    for cause in get_args(Action):
        with contextlib.suppress(KeyError):
            SCALINGS.remove(namespace, name, cause)
