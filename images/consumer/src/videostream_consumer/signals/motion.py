"""Motion: how much of a zone differs from the previous frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import cv2
import numpy as np

from videostream_consumer.frame import Frame, Image, Need
from videostream_pipeline.built_in_signals import MotionParameters

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from videostream_consumer.signals.contract import Fields
    from videostream_consumer.zones import AnyZone

_CHANGED: Final = 255
_PERMILLE: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion(MotionParameters):
    """The share of a zone's thumbnail pixels that differ by more than a threshold.

    Both thumbnails went through the same JPEG encoder, so its noise cancels where nothing moves.
    """

    need: ClassVar[Need] = Need.THUMBNAIL

    def measure(self, frame: Frame, zones: Sequence[AnyZone]) -> Mapping[str, Fields]:
        """Return `changed` of each zone; nothing without a reference of the same size."""
        pair = frame.thumbnails
        if pair is None:
            return {}
        changed = self._without_small_areas(changed_pixels(*pair, threshold=self.threshold))
        return {
            zone.name: {"changed": cv2.mean(changed, zone.mask(changed.shape))[0] / _CHANGED}
            for zone in zones
        }

    def _without_small_areas(self, changed: Image) -> Image:
        """Drop small areas of connected pixels, also diagonally, wherever zones are.

        So what stands on the border of a zone is judged by all of it.
        """
        fewest_px = changed.size * self.min_area_permille / _PERMILLE
        if fewest_px <= 1:
            return changed
        _, labels, stats, _ = cv2.connectedComponentsWithStats(changed, connectivity=8)
        large = np.where(stats[:, cv2.CC_STAT_AREA] >= fewest_px, _CHANGED, 0).astype(np.uint8)
        large[0] = 0  # the label of all that did not change
        return np.asarray(large[labels], np.uint8)


def changed_pixels(now: Image, before: Image, *, threshold: int) -> Image:
    """Return 255 where two gray pictures of one size differ by more than the threshold, else 0."""
    difference = cv2.absdiff(now, before)
    _, changed = cv2.threshold(difference, threshold, _CHANGED, cv2.THRESH_BINARY)
    return np.asarray(changed, np.uint8)
