"""Lag and the inputs of each scaling decision as Prometheus metrics, made when they are asked for.

A gauge per stream and figure that is set at each sample would cost more than the decisions do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from videostream_controller.autoscaling import Figures
    from videostream_controller.observed import LagSample
    from videostream_controller.scaler import Scaler

_STREAM: Final = ("namespace", "stream")
_FIGURES: Final = (
    ("arrival_fps", "Records that come in each second, over the last 15 s."),
    ("consumption_fps", "Records that are processed each second, over the last 15 s."),
    ("capacity_fps", "Records that one consumer can process each second."),
    ("excess_records", "Records that wait beyond what targetLag allows."),
    ("up_target", "Consumers to scale out to, if that is more than there are."),
    ("down_target", "Consumers to scale in to, if that is fewer and has been enough for long."),
)


@dataclass(frozen=True, slots=True, eq=False)  # the registry keeps collectors by identity
class ScalingCollector(Collector):
    """Gives what is known now; what is not known has no series."""

    scaler: Scaler
    samples: Mapping[str, LagSample]

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Give one family after the other."""
        yield from self._lag()
        decisions = list(self.scaler.decisions())
        desired = GaugeMetricFamily(
            "videostream_desired_replicas", "Consumers that the load asks for.", labels=_STREAM
        )
        reason = GaugeMetricFamily(
            "videostream_scaling_reason",
            "1 for the reason of the newest decision, and what a change waits for.",
            labels=(*_STREAM, "reason", "hold"),
        )
        for key, decision in decisions:
            desired.add_metric(key.split("/"), decision.replicas)
            reason.add_metric([*key.split("/"), decision.reason, decision.hold or ""], 1)
        yield desired
        yield reason
        figures = [(key, decision.figures) for key, decision in decisions]
        for name, help_text in _FIGURES:
            yield _family(name, help_text, figures)

    def _lag(self) -> Iterator[GaugeMetricFamily]:
        records = GaugeMetricFamily(
            "videostream_lag_records",
            "Records that the consumers have not processed; absent while unknown.",
            labels=_STREAM,
        )
        seconds = GaugeMetricFamily(
            "videostream_lag_seconds",
            "Age of the oldest record that waits; absent while unknown.",
            labels=_STREAM,
        )
        for key, sample in list(self.samples.items()):
            if sample.records is not None:
                records.add_metric(key.split("/"), sample.records)
            if sample.seconds is not None:
                seconds.add_metric(key.split("/"), sample.seconds)
        yield records
        yield seconds


def _family(name: str, help_text: str, figures: list[tuple[str, Figures]]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"videostream_scaling_{name}", help_text, labels=_STREAM)
    for key, found in figures:
        value = getattr(found, name)
        if value is not None:
            family.add_metric(key.split("/"), value)
    return family
