"""JPEGs as sources send them: what they say of themselves, parts of a stream, passing them on."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fault_servers import damaged
from videostream_producer.encode import decode, is_as_asked, make_pictures
from videostream_producer.jpeg import Jpeg, read_jpeg
from videostream_producer.multipart import boundary_of, take_part


def scene(width: int = 640, height: int = 360) -> np.ndarray:
    """A picture with detail: waves of gray under fixed noise."""
    rows, columns = np.mgrid[0:height, 0:width]
    waves = 120 + 60 * np.sin(columns / 9) + 40 * np.cos(rows / 7)
    noise = np.random.default_rng(7).normal(0, 6, (height, width))
    gray = np.clip(waves + noise, 0, 255).astype(np.uint8)
    return np.dstack([gray, gray, 255 - gray])


def coded(quality: int, *flags: int, width: int = 640, height: int = 360) -> bytes:
    image = scene(width, height)
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality, *flags])[1].tobytes()


def read(data: bytes) -> Jpeg:
    found = read_jpeg(data)
    assert found is not None
    return found


@pytest.mark.parametrize("flags", [(), (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)])
def test_reads_size_and_quality_without_decoding(flags: tuple[int, ...]) -> None:
    found = read(coded(80, *flags))
    assert (found.width, found.height, found.is_plain) == (640, 360, True)
    steps = [read(coded(quality)).step for quality in (10, 50, 80, 95, 100)]
    assert steps == sorted(steps, reverse=True)
    assert steps[-1] == 1


def test_what_follows_the_end_is_cut_off_and_a_padded_marker_is_read() -> None:
    data = coded(80)
    assert read(data + b"\r\n\0\0").data == data
    assert read(data[:2] + b"\xff\xff" + data[2:]).width == 640


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\xd8", b"\xff\xd8\xff\xd9", b"no picture", b"\xff\xd8\xff" * 40 + b"\xff\xd9"],
)
def test_what_is_no_jpeg_is_none(data: bytes) -> None:
    assert read_jpeg(data) is None


def test_half_a_jpeg_is_none() -> None:
    assert read_jpeg(coded(80)[:-2]) is None


@given(st.binary(max_size=300))
def test_no_bytes_upset_the_reader(data: bytes) -> None:
    read_jpeg(data)
    read_jpeg(b"\xff\xd8" + data + b"\xff\xd9")


@pytest.mark.parametrize(
    ("quality", "asked", "is_passed_on"),
    [
        (80, 80, True),
        (60, 80, True),
        (95, 80, False),
    ],
)
def test_a_jpeg_no_finer_than_asked_is_passed_on(
    quality: int, asked: int, *, is_passed_on: bool
) -> None:
    source = read(coded(quality))
    pictures = make_pictures(
        source, width=None, height=None, jpeg_quality=asked, thumbnail_width=128
    )
    assert pictures.is_passed_on is is_passed_on
    assert (pictures.jpeg == source.data) is is_passed_on
    assert (pictures.width, pictures.height) == (640, 360)


@pytest.mark.parametrize(("width", "height"), [(640, 360), (1280, 720), (1283, 717), (100, 60)])
def test_the_thumbnail_of_a_passed_on_jpeg_is_that_of_its_picture(width: int, height: int) -> None:
    source = read(coded(80, width=width, height=height))
    settings = {"width": None, "height": None, "jpeg_quality": 80, "thumbnail_width": 128}
    passed = make_pictures(source, **settings)  # type: ignore[arg-type]
    made = make_pictures(decode(source), **settings)  # type: ignore[arg-type]
    assert passed.is_passed_on
    assert passed.thumbnail is not None
    assert made.thumbnail is not None
    small, reference = (
        np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED), float)
        for data in (passed.thumbnail, made.thumbnail)
    )
    assert small.shape == reference.shape
    assert np.abs(small - reference).mean() < 3


def test_another_size_is_made_anew() -> None:
    pictures = make_pictures(
        read(coded(80)), width=320, height=None, jpeg_quality=80, thumbnail_width=None
    )
    assert not pictures.is_passed_on
    assert (read(pictures.jpeg).width, read(pictures.jpeg).height) == (320, 180)


def test_exif_and_missing_tables_are_not_passed_on() -> None:
    data = coded(50)
    exif = b"\xff\xe1\x00\x08Exif\0\0"
    assert not is_as_asked(read(data[:2] + exif + data[2:]), 80)
    bare = data.replace(b"\xff\xc4", b"\xff\xef")  # a reader passes over what it does not know
    assert not is_as_asked(read(bare), 80)


def test_a_damaged_jpeg_is_refused() -> None:
    source = read(damaged(coded(80)))
    with pytest.raises(ValueError, match="damaged"):
        make_pictures(source, width=None, height=None, jpeg_quality=100, thumbnail_width=64)
    with pytest.raises(ValueError, match="damaged"):
        decode(source)


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/x-mixed-replace;boundary=frame", b"frame"),
        ('multipart/x-mixed-replace; boundary="--myboundary"', b"myboundary"),
        ("Multipart/X-Mixed-Replace; Boundary=ab--c", b"ab--c"),
        ("multipart/x-mixed-replace", None),
        ("image/jpeg", None),
        ("", None),
    ],
)
def test_finds_the_boundary(content_type: str, boundary: bytes | None) -> None:
    assert boundary_of(content_type) == boundary


@given(
    parts=st.lists(st.binary(max_size=60).filter(lambda b: b"--edge" not in b), max_size=5),
    chunk=st.integers(1, 50),
    with_length=st.booleans(),
)
def test_parts_come_out_whole_however_they_are_cut(
    parts: list[bytes], chunk: int, *, with_length: bool
) -> None:
    parts = [b"\xff\xd8" + part.replace(b"edge", b"EDGE") + b"\xff\xd9" for part in parts]
    stream = (
        b"".join(
            b"--edge\r\nContent-Type: image/jpeg\r\n"
            + (b"Content-Length: %d\r\n" % len(part) if with_length else b"")
            + b"\r\n"
            + part
            + b"\r\n"
            for part in parts
        )
        + b"--edge--\r\n"
    )
    buffer, found = bytearray(), []
    for at in range(0, len(stream), chunk):
        buffer += stream[at : at + chunk]
        while (part := take_part(buffer, b"edge")) is not None:
            found.append(part)
    assert found == parts
