"""Writes docs/metrics.md from the metrics that controller, producer and consumer declare.

Run `make metrics-doc` after a change of a metric; a test demands equality.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from prometheus_client import Metric
from prometheus_client.metrics import MetricWrapperBase

import videostream_consumer.metrics
import videostream_controller.metrics
from videostream_controller.scaler import Scaler
from videostream_controller.scaling_metrics import ScalingCollector
from videostream_controller.status_feed import StatusFeed
from videostream_controller.store import Store
from videostream_producer.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PAGE: Final = Path(__file__).parent / "metrics.md"
_INTRODUCTION: Final = """\
<!-- written by docs/metrics_reference.py: run `make metrics-doc` -->

# Metrics

What `/metrics` on port 8080 of each pod serves, in Prometheus' formats; controller and consumer
serve `python_*` and `process_*` of the client library too. A counter rises until its process ends,
a histogram has `_bucket`, `_sum` and `_count` series.

Metrics of producers and consumers have no label for the stream: they are of one pod, whose name
begins with the stream's. What pods do is also in InfluxDB, as
[`pipeline` points](points.md#pipeline-how-the-pods-are).
"""
_UNITS: Final = (  # by the end of a name, as Prometheus wants units to be told
    ("timestamp_seconds", "Unix time"),
    ("seconds", "seconds"),
    ("bytes", "bytes"),
    ("ratio", "0 to 1"),
    ("fps", "frames/s"),
    ("records", "records"),
    ("frames", "frames"),
    ("partitions", "partitions"),
    ("points_written", "points"),
    ("points_rejected", "points"),
    ("points_dropped", "points"),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One metric as it is scraped: the name with its `_total`."""

    name: str
    type: str
    labels: tuple[str, ...]
    unit: str
    help: str


def entries() -> dict[str, list[Entry]]:
    """Give the metrics of each process, by name."""
    scaling = ScalingCollector(Scaler(Store(), StatusFeed(lambda _: None)), {})
    found: dict[str, list[MetricWrapperBase | Metric]] = {
        "Controller": [*_declared(vars(videostream_controller.metrics)), *scaling.collect()],
        "Producer": [*_declared(vars(Metrics()))],
        "Consumer": [*_declared(vars(videostream_consumer.metrics))],
    }
    return {
        process: sorted((_entry(metric) for metric in metrics), key=lambda entry: entry.name)
        for process, metrics in found.items()
    }


def page() -> str:
    """Give the text that docs/metrics.md should have."""
    parts = [_INTRODUCTION]
    for process, found in entries().items():
        rows = "".join(
            f"| `{entry.name}` | {entry.type} | {', '.join(entry.labels)} | {entry.unit} "
            f"| {entry.help} |\n"
            for entry in found
        )
        head = "| metric | type | labels | unit | meaning |\n|---|---|---|---|---|\n"
        parts.append(f"## {process}\n\n{head}{rows}")
    return "\n".join(parts)


def _declared(namespace: Mapping[str, object]) -> Iterator[MetricWrapperBase]:
    return (value for value in namespace.values() if isinstance(value, MetricWrapperBase))


def _entry(metric: MetricWrapperBase | Metric) -> Entry:
    described = metric if isinstance(metric, Metric) else next(iter(metric.describe()))
    total = "_total" if described.type == "counter" else ""
    return Entry(
        described.name + total,
        described.type,
        tuple(metric._labelnames),  # type: ignore[union-attr]  # noqa: SLF001 (told nowhere else)
        _unit(described.name),
        described.documentation,
    )


def _unit(name: str) -> str:
    return next((unit for end, unit in _UNITS if name.endswith(end)), "")


def main() -> None:
    """Write the page."""
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
