"""Signal types that sleep in each frame, so that a consumer has a rate known beforehand."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from videostream_consumer.frame import Need
from videostream_pipeline.signal_parameters import integer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from videostream_consumer.frame import Frame
    from videostream_consumer.signals.contract import Fields
    from videostream_consumer.zones import AnyZone

_MOST_MS = 10_000


@dataclass(frozen=True, kw_only=True)
class Slow:
    """Sleeps some milliseconds in each frame: at most 1000 / that many frames/s a consumer."""

    milliseconds: int = integer(minimum=0, maximum=_MOST_MS)
    need: ClassVar[Need] = Need.THUMBNAIL

    def measure(self, frame: Frame, zones: Sequence[AnyZone]) -> Mapping[str, Fields]:  # noqa: ARG002
        """Sleep, then tell how long."""
        time.sleep(self.milliseconds / 1000)
        return {zone.name: {"slept_ms": self.milliseconds} for zone in zones}


@dataclass(frozen=True, kw_only=True)
class Slow50(Slow):
    """Sleeps 50 ms in each frame unless told otherwise: 20 frames/s."""

    milliseconds: int = integer(default=50, minimum=0, maximum=_MOST_MS)


@dataclass(frozen=True, kw_only=True)
class Slow150(Slow):
    """Sleeps 150 ms in each frame unless told otherwise: 6.7 frames/s."""

    milliseconds: int = integer(default=150, minimum=0, maximum=_MOST_MS)
