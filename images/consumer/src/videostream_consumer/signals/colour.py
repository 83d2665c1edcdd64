"""Colour: which colour a zone has and how much it varies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import cv2

from videostream_consumer.frame import Frame, Need
from videostream_pipeline.built_in_signals import NoParameters

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from videostream_consumer.signals.contract import Fields
    from videostream_consumer.zones import AnyZone

_CHANNELS: Final = ("blue", "green", "red")


@dataclass(frozen=True, slots=True, kw_only=True)
class Colour(NoParameters):
    """Mean and standard deviation of red, green and blue, 0 to 255.

    Measured on the reduced picture, as Brightness is.
    """

    need: ClassVar[Need] = Need.SMALL_COLOUR

    def measure(self, frame: Frame, zones: Sequence[AnyZone]) -> Mapping[str, Fields]:
        """Return `red_mean`, `red_stddev` and so on of each zone."""
        picture = frame.small_colour
        fields = {}
        for zone in zones:
            means, deviations = cv2.meanStdDev(picture, mask=zone.mask(picture.shape))
            fields[zone.name] = {
                f"{channel}_{statistic}": float(values[index, 0])
                for index, channel in enumerate(_CHANNELS)
                for statistic, values in (("mean", means), ("stddev", deviations))
            }
        return fields
