"""Tamper: whether somebody covered, blinded or turned the camera."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import cv2

from videostream_consumer.frame import Frame, Need
from videostream_consumer.signals.motion import changed_pixels
from videostream_pipeline.built_in_signals import TamperParameters

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from videostream_consumer.signals.contract import Fields
    from videostream_consumer.zones import AnyZone

_CHANGED: Final = 255
_PERMILLE: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tamper(TamperParameters):
    """Whether the thumbnail is black, shows nothing, or is suddenly another picture; each 0 or 1.

    Numbers, not booleans, so that their mean over time is the share of frames.
    """

    need: ClassVar[Need] = Need.THUMBNAIL

    def measure(self, frame: Frame, zones: Sequence[AnyZone]) -> Mapping[str, Fields]:
        """Return `blackout`, `covered` and, with a reference, `sudden` of each zone."""
        picture, pair = frame.thumbnail, frame.thumbnails
        if picture is None:
            return {}
        changed = changed_pixels(*pair, threshold=self.threshold) if pair is not None else None
        fields = {}
        for zone in zones:
            mask = zone.mask(picture.shape)
            mean, deviation = cv2.meanStdDev(picture, mask=mask)
            found = {
                "blackout": int(mean[0, 0] <= self.blackout_mean),
                "covered": int(deviation[0, 0] <= self.covered_stddev),
            }
            if changed is not None:
                share = cv2.mean(changed, mask)[0] / _CHANGED
                found["sudden"] = int(share * _PERMILLE >= self.sudden_permille)
            fields[zone.name] = found
        return fields
