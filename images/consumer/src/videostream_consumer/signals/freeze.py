"""Freeze: whether the camera sends the same picture again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import cv2

from videostream_consumer.frame import Frame, Need
from videostream_pipeline.built_in_signals import FreezeParameters

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from videostream_consumer.signals.contract import Fields
    from videostream_consumer.zones import AnyZone


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze(FreezeParameters):
    """Whether two thumbnails in a row are the same: a live sensor's noise makes them differ.

    `frozen` is 0 or 1, so that its mean over time is the share of frames.
    """

    need: ClassVar[Need] = Need.THUMBNAIL

    def measure(self, frame: Frame, zones: Sequence[AnyZone]) -> Mapping[str, Fields]:
        """Return `frozen` and `difference` (mean, gray levels); nothing without a reference."""
        pair = frame.thumbnails
        if pair is None:
            return {}
        difference = cv2.absdiff(*pair)
        fields = {}
        for zone in zones:
            mean = cv2.mean(difference, zone.mask(difference.shape))[0]
            fields[zone.name] = {"frozen": int(mean <= self.tolerance), "difference": mean}
        return fields
