"""Decoding: how large, how seldom, and what is refused."""

import dataclasses

import cv2
import pytest

from tests.support.records import Image, flat, jpeg, record
from videostream_consumer.frame import NOTHING, Need, decode_frame
from videostream_record import RecordInvalid


@pytest.mark.parametrize(
    ("width", "height", "shape"),
    [
        (1280, 720, (180, 320)),
        (640, 480, (120, 160)),
        (638, 360, (180, 319)),
        (320, 180, (90, 160)),
        (319, 180, (180, 319)),
    ],
)
def test_gray_is_reduced_but_never_below_160_pixels(
    width: int, height: int, shape: tuple[int, int]
) -> None:
    frame = decode_frame(record(flat(90, width=width, height=height)), Need.GRAY)
    assert frame.gray.shape == shape
    assert abs(frame.gray.mean() - 90) < 1


def test_colour_has_the_full_size() -> None:
    frame = decode_frame(record(flat(90, width=640, height=480)), Need.COLOUR)
    assert frame.colour.shape == (480, 640, 3)


@pytest.mark.parametrize(("width", "reduction"), [(640, 4), (638, 2), (320, 2), (318, 1)])
def test_small_colour_is_reduced_as_gray_is(width: int, reduction: int) -> None:
    needs = Need.GRAY | Need.SMALL_COLOUR | Need.FULL_GRAY
    frame = decode_frame(record(flat(90, width=width, height=240)), needs)
    assert frame.small_colour.shape == (240 // reduction, width // reduction, 3)
    assert frame.small_colour.shape[:2] == frame.gray.shape
    assert frame.full_gray.shape == (240, width)


def test_thumbnails_are_a_pair_of_one_size_or_nothing() -> None:
    def thumbnails(now: Image | None, before: Image | None) -> tuple[Image, Image] | None:
        frame = decode_frame(record(flat(0), thumbnail=now, reference=before), Need.THUMBNAIL)
        return frame.thumbnails

    pair = thumbnails(flat(90), flat(80))
    assert pair is not None
    assert [int(image.mean()) for image in pair] == [90, 80]
    assert thumbnails(flat(90), None) is thumbnails(None, flat(90)) is None
    assert thumbnails(flat(90), flat(90, width=32)) is None


def test_only_what_is_needed_is_decoded() -> None:
    broken = dataclasses.replace(
        record(flat(90), thumbnail=flat(90)), jpeg=b"\xff\xd8\xff no picture \xff\xd9"
    )
    assert decode_frame(broken, Need.THUMBNAIL).thumbnail is not None
    decode_frame(broken, NOTHING)
    with pytest.raises(RecordInvalid, match=r"value is .* expected a JPEG that can be decoded"):
        decode_frame(broken, Need.GRAY)


def test_a_broken_thumbnail_is_named() -> None:
    broken = dataclasses.replace(record(flat(90)), thumbnail=b"\xff\xd8\xff\xff\xd9")
    with pytest.raises(RecordInvalid, match="vst-thumbnail"):
        decode_frame(broken, Need.THUMBNAIL)


def test_a_signal_that_looks_at_more_than_it_declared_is_told_so() -> None:
    frame = decode_frame(record(flat(90)), Need.THUMBNAIL)
    with pytest.raises(LookupError, match=r"GRAY without declaring Need\.GRAY"):
        _ = frame.gray
    with pytest.raises(LookupError, match=r"declaring Need\.COLOUR"):
        _ = frame.colour
    assert frame.thumbnail is None


def test_a_picture_that_claims_a_monstrous_size_is_refused_without_its_memory() -> None:
    """The size in the JPEG's header is raised to 65535 x 65535: 4 GB of gray if believed."""
    picture = jpeg(flat(90))
    start = picture.index(b"\xff\xc0")
    monster = picture[: start + 5] + b"\xff\xff\xff\xff" + picture[start + 9 :]
    hostile = dataclasses.replace(record(flat(90)), jpeg=monster)
    with pytest.raises(RecordInvalid, match="expected a JPEG that can be decoded"):
        decode_frame(hostile, Need.COLOUR)


def test_opencv_uses_one_thread() -> None:
    assert cv2.getNumThreads() == 1
