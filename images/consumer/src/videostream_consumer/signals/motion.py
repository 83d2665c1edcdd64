"""Motion: how much of a zone differs from the previous frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

import cv2

from videostream_consumer.frame import Frame, Need

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from videostream_consumer.signals.contract import Fields
    from videostream_consumer.zones import AnyZone

_DEFAULT_THRESHOLD: Final = 30
_BRIGHTEST: Final = 255


@dataclass(frozen=True, slots=True)
class Motion:
    """The share of a zone's thumbnail pixels that differ by more than a threshold of 0 to 255.

    Both thumbnails went through the same JPEG encoder, so its noise cancels where nothing moves.
    """

    threshold: int
    need: ClassVar[Need] = Need.THUMBNAIL

    @classmethod
    def from_entry(cls, entry: Mapping[str, Any]) -> Self:
        """Make the signal from `motion.threshold`; raises ValueError when it is out of range."""
        threshold = (entry.get("motion") or {}).get("threshold", _DEFAULT_THRESHOLD)
        if not isinstance(threshold, int) or not 0 <= threshold <= _BRIGHTEST:
            raise ValueError(f"motion.threshold is {threshold!r}: expected a whole number 0 to 255")
        return cls(threshold)

    def measure(self, frame: Frame, zones: Sequence[AnyZone]) -> Mapping[str, Fields]:
        """Return `changed` of each zone; nothing without a reference of the same size."""
        now, before = frame.thumbnail, frame.reference
        if now is None or before is None or now.shape != before.shape:
            return {}
        difference = cv2.absdiff(now, before)
        _, differs = cv2.threshold(difference, self.threshold, _BRIGHTEST, cv2.THRESH_BINARY)
        return {
            zone.name: {"changed": cv2.mean(differs, zone.mask(differs.shape))[0] / _BRIGHTEST}
            for zone in zones
        }
