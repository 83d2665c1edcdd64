"""Contrast: how far the gray levels of a zone are apart and how much they tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import cv2
import numpy as np

from videostream_consumer.frame import Frame, Need
from videostream_pipeline.built_in_signals import NoParameters

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from videostream_consumer.signals.contract import Fields
    from videostream_consumer.zones import AnyZone

_LEVELS: Final = 256
_TAIL: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast(NoParameters):
    """Spread and entropy of the gray levels of the reduced picture.

    The spread leaves out the darkest and the lightest 5 %, which a lamp or a date in the picture
    would decide.
    """

    need: ClassVar[Need] = Need.GRAY

    def measure(self, frame: Frame, zones: Sequence[AnyZone]) -> Mapping[str, Fields]:
        """Return `spread` (0 to 255 gray levels) and `entropy` (0 to 8 bits) of each zone."""
        picture = frame.gray
        fields = {}
        for zone in zones:
            mask = zone.mask(picture.shape)
            counts = cv2.calcHist([picture], [0], mask, [_LEVELS], [0, _LEVELS]).ravel()
            shares = counts.astype(np.float64) / counts.sum()
            low, high = np.searchsorted(np.cumsum(shares), (_TAIL, 1 - _TAIL))
            there = shares[shares > 0]
            fields[zone.name] = {
                "spread": float(high - low),
                "entropy": abs(float(np.sum(there * np.log2(there)))),
            }
        return fields
