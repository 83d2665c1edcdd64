"""Signal types that sleep in each frame, so that a consumer has a rate known beforehand."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from videostream_consumer.frame import Need

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from videostream_consumer.frame import Frame
    from videostream_consumer.signals.contract import Fields
    from videostream_consumer.zones import AnyZone


@dataclass(frozen=True)
class Slow50:
    """Sleeps 50 ms in each frame: at most 20 frames/s for each consumer."""

    milliseconds: ClassVar[int] = 50
    need: ClassVar[Need] = Need.THUMBNAIL

    @classmethod
    def from_entry(cls, entry: Mapping[str, Any]) -> Self:  # noqa: ARG003 (it has no parameters)
        """Make the signal; it has no parameters."""
        return cls()

    def measure(self, frame: Frame, zones: Sequence[AnyZone]) -> Mapping[str, Fields]:  # noqa: ARG002
        """Sleep, then tell how long."""
        time.sleep(self.milliseconds / 1000)
        return {zone.name: {"slept_ms": self.milliseconds} for zone in zones}


@dataclass(frozen=True)
class Slow150(Slow50):
    """Sleeps 150 ms in each frame: at most 6.7 frames/s for each consumer."""

    milliseconds: ClassVar[int] = 150
