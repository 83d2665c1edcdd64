"""What the demo shows of a stream: pure text from values read elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """The newest values of one stream as InfluxDB has them; None where there is no point yet."""

    stored_fps: float | None
    brightness_mean: float | None
    motion_changed: Mapping[str, float]
    latency_p50_s: float | None
    lag_records: int | None

    @property
    def arrived(self) -> bool:
        """Tell whether frames, brightness and motion all reached InfluxDB."""
        return bool(self.stored_fps and self.brightness_mean is not None and self.motion_changed)


def signals_from_rows(
    *,
    frames: Sequence[Mapping[str, Any]],
    brightness: Sequence[Mapping[str, Any]],
    motion: Sequence[Mapping[str, Any]],
    pipeline: Sequence[Mapping[str, Any]],
    window_s: float,
) -> Signals:
    """Build Signals from the rows of the four queries over the last `window_s` seconds."""
    health = pipeline[-1] if pipeline else {}
    return Signals(
        stored_fps=frames[0]["count"] / window_s if frames else None,
        brightness_mean=brightness[-1]["last"] if brightness else None,
        motion_changed={row["zone"]: row["last"] for row in motion},
        latency_p50_s=health.get("latency_p50_s"),
        lag_records=health.get("lag_records"),
    )


def render(signals: Signals) -> str:
    """Render one line of signals for a person."""

    def number(value: float | None, pattern: str) -> str:
        return "-" if value is None else format(value, pattern)

    zones = "  ".join(f"{zone} {value:.3f}" for zone, value in signals.motion_changed.items())
    return (
        f"  InfluxDB: {number(signals.stored_fps, '.1f')} frames/s stored"
        f" | brightness mean {number(signals.brightness_mean, '.1f')}"
        f" | motion changed {zones or '-'}"
        f" | lag {number(signals.lag_records, 'd')} records"
        f" | latency p50 {number(signals.latency_p50_s, '.2f')} s"
    )
