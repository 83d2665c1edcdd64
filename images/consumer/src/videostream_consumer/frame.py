"""A frame as images, decoded once, and only those images that the signals declared to need.

Most of a consumer's time is JPEG decoding. A gray image comes out of the decoder already reduced
(it skips most of the inverse transform), a thumbnail is a hundred times smaller than its frame.
"""

from __future__ import annotations

import enum
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

import cv2
import numpy as np
import numpy.typing as npt

from videostream_record import FrameRecord, RecordInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping

cv2.setNumThreads(1)  # frames scale over pods; threads would only contend for a pod's CPU share

Image = npt.NDArray[np.uint8]
"""Shape (height, width) when gray, (height, width, 3) in BGR when colour."""

_REDUCE_BY_4_FROM_PX: Final = 640
_REDUCE_BY_2_FROM_PX: Final = 320


class Need(enum.Flag):
    """Which images a signal looks at."""

    THUMBNAIL = enum.auto()
    """The gray thumbnails of this frame and of the one before it."""
    GRAY = enum.auto()
    """The frame in gray, reduced so that it is 160 pixels wide or more."""
    FULL_GRAY = enum.auto()
    """The frame in gray at full size, for what is in its finest detail."""
    SMALL_COLOUR = enum.auto()
    """The frame in BGR, reduced as GRAY is."""
    COLOUR = enum.auto()
    """The frame in BGR at full size: the expensive one."""


NOTHING: Final = Need(0)


@dataclass(frozen=True, slots=True)
class Frame:
    """The decoded images of a record. An image that nobody declared to need is not there."""

    record: FrameRecord
    needs: Need
    _images: Mapping[str, Image]

    @property
    def thumbnail(self) -> Image | None:
        """This frame's thumbnail; None when the record came without one."""
        return self._find("thumbnail", Need.THUMBNAIL)

    @property
    def reference(self) -> Image | None:
        """The previous frame's thumbnail; None for the first frame after a (re)connect."""
        return self._find("reference", Need.THUMBNAIL)

    @property
    def thumbnails(self) -> tuple[Image, Image] | None:
        """This thumbnail and the previous frame's; None unless both are there in one size."""
        now, before = self.thumbnail, self.reference
        return None if now is None or before is None or now.shape != before.shape else (now, before)

    @property
    def gray(self) -> Image:
        """The frame in gray, reduced by 4 from 640 pixels of width on, by 2 from 320 on."""
        return self._image("gray", Need.GRAY)

    @property
    def full_gray(self) -> Image:
        """The frame in gray at full size."""
        return self._image("full_gray", Need.FULL_GRAY)

    @property
    def small_colour(self) -> Image:
        """The frame in BGR, reduced as `gray` is."""
        return self._image("small_colour", Need.SMALL_COLOUR)

    @property
    def colour(self) -> Image:
        """The frame at full size in BGR."""
        return self._image("colour", Need.COLOUR)

    def _image(self, name: str, need: Need) -> Image:
        image = self._find(name, need)
        assert image is not None  # noqa: S101 (decode_frame made what was declared)
        return image

    def _find(self, name: str, need: Need) -> Image | None:
        image = self._images.get(name)
        if image is None and need not in self.needs:
            raise LookupError(f"a signal looks at {need.name} without declaring Need.{need.name}")
        return image


def decode_frame(record: FrameRecord, needs: Need) -> Frame:
    """Decode the images that are needed. Raises RecordInvalid naming the one that is no JPEG."""
    images = {}
    for image, part, field, flag in _decodings(needs, record.width):
        jpeg = getattr(record, part)
        if jpeg is not None:
            images[image] = _decode(field, jpeg, flag)
    return Frame(record, needs, images)


@functools.lru_cache(maxsize=64)  # a stream has one set of needs, and its frames few widths
def _decodings(needs: Need, width: int) -> tuple[tuple[str, str, str, int], ...]:
    """Return what to decode: image, part of the record, its name on the wire, imread's flag."""
    gray_flag, colour_flag = _reduced_flags(width)
    of_picture = {
        Need.GRAY: ("gray", gray_flag),
        Need.FULL_GRAY: ("full_gray", cv2.IMREAD_GRAYSCALE),
        Need.SMALL_COLOUR: ("small_colour", colour_flag),
        Need.COLOUR: ("colour", cv2.IMREAD_COLOR_BGR),
    }
    found = [
        (image, "jpeg", "value", flag)
        for need, (image, flag) in of_picture.items()
        if need in needs
    ]
    if Need.THUMBNAIL in needs:
        pair = ("thumbnail", "reference")
        found += [(image, image, f"vst-{image}", cv2.IMREAD_GRAYSCALE) for image in pair]
    return tuple(found)


def _reduced_flags(width: int) -> tuple[int, int]:
    """Return how the decoder reduces a frame of this width: in gray, in colour."""
    if width >= _REDUCE_BY_4_FROM_PX:
        return cv2.IMREAD_REDUCED_GRAYSCALE_4, cv2.IMREAD_REDUCED_COLOR_4
    if width >= _REDUCE_BY_2_FROM_PX:
        return cv2.IMREAD_REDUCED_GRAYSCALE_2, cv2.IMREAD_REDUCED_COLOR_2
    return cv2.IMREAD_GRAYSCALE, cv2.IMREAD_COLOR_BGR


def _decode(field: str, jpeg: bytes, flag: int) -> Image:
    try:
        image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), flag)
    except cv2.error:  # the picture claims more pixels than OPENCV_IO_MAX_IMAGE_PIXELS
        image = None
    if image is None:
        raise RecordInvalid(field, jpeg, "a JPEG that can be decoded")
    return cast("Image", image)  # none of the flags lets another depth through
