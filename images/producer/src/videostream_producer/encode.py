"""Pictures: a captured frame as JPEG and as the gray thumbnail that motion is measured on."""

import functools
from dataclasses import dataclass
from typing import Final, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from videostream_producer.jpeg import Jpeg, read_jpeg

Image = NDArray[np.uint8]

THUMBNAIL_QUALITY: Final = 85
_REDUCED: Final = {
    1: cv2.IMREAD_GRAYSCALE,
    2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
    4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
    8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
}


@dataclass(frozen=True, slots=True)
class Pictures:
    """One frame as it is sent: sizes are pixels of `jpeg`."""

    jpeg: bytes
    width: int
    height: int
    thumbnail: bytes | None
    is_passed_on: bool = False  # the JPEG is the source's own


def make_pictures(
    picture: Image | Jpeg,
    *,
    width: int | None,
    height: int | None,
    jpeg_quality: int,
    thumbnail_width: int | None,
) -> Pictures:
    """Scale and compress a frame (height x width x 3, BGR, or height x width, gray, or a JPEG).

    The thumbnail is made of the scaled frame before compression: it shows the same part of the
    scene as the JPEG, so zones fit both.  A JPEG that is already as asked for is passed on.
    Raises ValueError for a JPEG that does not decode.
    """
    if isinstance(picture, Jpeg):
        size = target_size(picture.width, picture.height, width=width, height=height)
        if size == (picture.width, picture.height) and is_as_asked(picture, jpeg_quality):
            return _passed_on(picture, thumbnail_width)
    image = decode(picture) if isinstance(picture, Jpeg) else picture
    source_height, source_width = image.shape[:2]
    size = target_size(source_width, source_height, width=width, height=height)
    scaled = _scale(image, *size)
    thumbnail = None
    if thumbnail_width is not None:
        gray = scaled if scaled.ndim == 2 else _array(cv2.cvtColor(scaled, cv2.COLOR_BGR2GRAY))  # noqa: PLR2004 (a gray picture has two axes)
        thumbnail = _thumbnail(gray, _thumbnail_size(*size, thumbnail_width))
    return Pictures(_jpeg(scaled, jpeg_quality), *size, thumbnail)


def is_as_asked(picture: Jpeg, jpeg_quality: int) -> bool:
    """Tell whether a JPEG is no finer than the quality that is asked for.

    A finer one is larger than people want it; to code a coarser one anew would only blur it.
    """
    return picture.is_plain and picture.step >= _step_of(jpeg_quality)


def decode(picture: Jpeg) -> Image:
    """Decode a JPEG to height x width x 3, BGR, upright; raises ValueError if it is damaged."""
    return _decoded(picture, cv2.IMREAD_COLOR)


def _passed_on(picture: Jpeg, thumbnail_width: int | None) -> Pictures:
    thumbnail = None
    if thumbnail_width is not None:
        # The decoder itself shrinks, by leaving out what a small picture does not need.  Twice the
        # thumbnail's width is left for averaging, so that it looks as if made of all pixels.
        ratio = max(r for r in _REDUCED if r == 1 or picture.width >= 2 * r * thumbnail_width)
        size = _thumbnail_size(picture.width, picture.height, thumbnail_width)
        thumbnail = _thumbnail(_decoded(picture, _REDUCED[ratio]), size)
    return Pictures(picture.data, picture.width, picture.height, thumbnail, is_passed_on=True)


def _decoded(picture: Jpeg, mode: int) -> Image:
    image = cv2.imdecode(np.frombuffer(picture.data, np.uint8), mode)
    if image is None:
        raise ValueError("the source sent a damaged JPEG")
    return cast("Image", image)


@functools.lru_cache(maxsize=4)
def _step_of(jpeg_quality: int) -> float:
    made = read_jpeg(_jpeg(np.zeros((8, 8, 3), np.uint8), jpeg_quality))
    return 0.0 if made is None else made.step


def target_size(
    source_width: int, source_height: int, *, width: int | None, height: int | None
) -> tuple[int, int]:
    """Give (width, height) in pixels; with one side given the other keeps the aspect."""
    match width, height:
        case None, None:
            return source_width, source_height
        case int(), None:
            return width, max(1, round(source_height * width / source_width))
        case None, int():
            return max(1, round(source_width * height / source_height)), height
        case _:
            return cast("int", width), cast("int", height)


def _thumbnail_size(width: int, height: int, thumbnail_width: int) -> tuple[int, int]:
    return target_size(width, height, width=min(thumbnail_width, width), height=None)


def _thumbnail(gray: Image, size: tuple[int, int]) -> bytes:
    return _jpeg(_scale(gray, *size), THUMBNAIL_QUALITY)


def _scale(image: Image, width: int, height: int) -> Image:
    height_px, width_px = image.shape[:2]
    if (width, height) == (width_px, height_px):
        return image
    # INTER_AREA averages what it drops: no moire, and sensor noise does not look like motion.
    shrinks = width * height < width_px * height_px
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return _array(cv2.resize(image, (width, height), interpolation=method))


def _jpeg(image: Image, quality: int) -> bytes:
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError(f"a picture of shape {image.shape} cannot be made a JPEG")
    return data.tobytes()


def _array(image: object) -> Image:
    return cast("Image", image)
