"""Brightness: how light a zone is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import cv2

from videostream_consumer.frame import Frame, Need
from videostream_pipeline.built_in_signals import NoParameters

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from videostream_consumer.signals.contract import Fields
    from videostream_consumer.zones import AnyZone


@dataclass(frozen=True, slots=True, kw_only=True)
class Brightness(NoParameters):
    """Mean, least, greatest and standard deviation of the gray values, 0 to 255.

    Measured on the reduced gray image: its pixels are means of up to 4 x 4 of the frame's, so the
    mean is the frame's, while min, max and stddev are those of the smoothed picture.
    """

    need: ClassVar[Need] = Need.GRAY

    def measure(self, frame: Frame, zones: Sequence[AnyZone]) -> Mapping[str, Fields]:
        """Return mean, min, max and stddev of each zone."""
        gray, fields = frame.gray, {}
        for zone in zones:
            mask = zone.mask(gray.shape)
            mean, deviation = cv2.meanStdDev(gray, mask=mask)
            least, greatest, _, _ = cv2.minMaxLoc(gray, mask=mask)
            fields[zone.name] = {
                "mean": float(mean[0, 0]),
                "min": float(least),
                "max": float(greatest),
                "stddev": float(deviation[0, 0]),
            }
        return fields
