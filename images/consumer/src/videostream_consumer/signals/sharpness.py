"""Sharpness: how steep the edges of a zone are, so whether the lens is dirty or out of focus."""

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

_SOBEL_SUM: Final = 8.0  # a slope of 1 per pixel gives 8: weights 1, 2, 1 over 2 pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharpness(NoParameters):
    """Tenengrad: the mean squared slope of the gray levels, at full size.

    First derivatives, not the Laplacian's second ones: those amplify the noise of a dark picture
    so that it looks sharp at night.
    """

    need: ClassVar[Need] = Need.FULL_GRAY

    def measure(self, frame: Frame, zones: Sequence[AnyZone]) -> Mapping[str, Fields]:
        """Return `tenengrad` of each zone, in squared gray levels per pixel."""
        picture = frame.full_gray
        across, down = (
            cv2.Sobel(picture, cv2.CV_32F, x, y, scale=1 / _SOBEL_SUM) for x, y in ((1, 0), (0, 1))
        )
        squared = across * across + down * down
        return {
            zone.name: {"tenengrad": cv2.mean(squared, zone.mask(squared.shape))[0]}
            for zone in zones
        }
