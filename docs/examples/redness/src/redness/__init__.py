"""How red a zone is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2

from videostream_consumer.frame import Frame, Need
from videostream_consumer.signals.contract import Fields
from videostream_consumer.zones import AnyZone
from videostream_pipeline.signal_parameters import decimal


@dataclass(frozen=True, kw_only=True)
class Redness:
    """Share of red in the colour of a zone, 0 to 1, and whether that is an alarm."""

    alarm_from: float = decimal(default=0.5, minimum=0, maximum=1)
    need = Need.SMALL_COLOUR

    def measure(self, frame: Frame, zones: Sequence[AnyZone]) -> Mapping[str, Fields]:
        """Give the fields of each zone; a zone left out gets no point."""
        picture, fields = frame.small_colour, {}
        for zone in zones:
            blue, green, red, _ = cv2.mean(picture, zone.mask(picture.shape))
            share = red / max(blue + green + red, 1.0)
            fields[zone.name] = {"red": share, "alarm": int(share >= self.alarm_from)}
        return fields
