"""The `Legacy` input: messages of the 2018 format, read as the frame records they would be today.

That format was raw RGBA pixels, base64, in JSON, with neither key nor headers. What it lacks comes
from where Kafka keeps the message, so the same message gives the same points, whoever reads it and
how often. What that means for users: docs/legacy-input.md.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Final, Protocol

import cv2
import numpy as np
from confluent_kafka import TIMESTAMP_NOT_AVAILABLE

from videostream_consumer.batch import Received, read_frame
from videostream_record import FrameRecord, RecordInvalid, StreamName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from videostream_consumer.frame import Image

_RGBA_BYTES: Final = 4
_JPEG_QUALITY: Final = 95
_NS_PER_MS: Final = 1_000_000
_NS_PER_OFFSET: Final = 1000
_SIDE_MAX_PX: Final = 65_535  # of a JPEG
_SHAPE: Final = 'JSON of the 2018 format: {"pix": base64 of RGBA, "rows": .., "cols": ..}'


class Stored(Received, Protocol):
    """A message with its place in Kafka."""

    def partition(self) -> int | None:
        """Return the number of its partition."""

    def offset(self) -> int | None:
        """Return its offset in the partition."""

    def timestamp(self) -> tuple[int, int]:
        """Return the kind of its timestamp and the milliseconds since 1970."""


def read_legacy(message: Stored, oldest_ns: int, *, stream: StreamName) -> FrameRecord | None:
    """Return the message as a frame record of the stream; None if captured before `oldest_ns`.

    Frame records in the same topic are read as such, so a stream can change its producer without
    a gap. Raises RecordInvalid naming the first field at fault.
    """
    if any(name == "ce_type" for name, _ in message.headers() or ()):
        return read_frame(message, oldest_ns)
    partition, offset = message.partition(), message.offset()
    assert partition is not None  # noqa: S101 (only messages without an error come here)
    assert offset is not None  # noqa: S101 (as above)
    time_ns = capture_time_ns(message.timestamp(), partition=partition, offset=offset)
    if time_ns < oldest_ns:
        return None
    pixels = _pixels(message.value())
    _, jpeg = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return FrameRecord(
        stream=stream,
        session=f"{partition:016x}",
        sequence=offset,
        capture_time_ns=time_ns,
        width=pixels.shape[1],
        height=pixels.shape[0],
        jpeg=jpeg.tobytes(),
    )


def capture_time_ns(timestamp: tuple[int, int], *, partition: int, offset: int) -> int:
    """Return the time that identifies a message's points: its timestamp, and its place below that.

    Two messages of one millisecond would be one point. So offset and partition, modulo 1000 each,
    stand where micro- and nanoseconds would.
    """
    kind, milliseconds = timestamp
    if kind == TIMESTAMP_NOT_AVAILABLE or milliseconds < 0:
        raise RecordInvalid("timestamp", None, "the time that a client of Kafka 0.11 or later sets")
    return milliseconds * _NS_PER_MS + offset % 1000 * _NS_PER_OFFSET + partition % 1000


def _pixels(value: bytes | None) -> Image:
    """Return the picture in BGR, shape (rows, cols, 3)."""
    try:
        said = json.loads(value or b"")
    except (ValueError, RecursionError):
        raise RecordInvalid("value", value, _SHAPE) from None
    if not isinstance(said, dict):
        raise RecordInvalid("value", value, _SHAPE)
    rows, cols = _side(said, "rows"), _side(said, "cols")
    try:
        pix = base64.b64decode(said.get("pix", ""), validate=True)
    except (ValueError, TypeError):
        raise RecordInvalid("pix", type(said["pix"]).__name__, "a text of base64") from None
    # `channels` is not looked at: it counts those of the camera's picture, 3, while `pix` has 4.
    expected_bytes = rows * cols * _RGBA_BYTES
    if len(pix) != expected_bytes:
        expected = f"{expected_bytes} bytes: rows {rows} x cols {cols} x 4 (RGBA)"
        raise RecordInvalid("pix", f"{len(pix)} bytes", expected)
    rgba = np.frombuffer(pix, np.uint8).reshape(rows, cols, _RGBA_BYTES)
    return np.asarray(cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGR), np.uint8)


def _side(said: Mapping[str, Any], name: str) -> int:
    side = said.get(name)
    # A JPEG's side is bounded; cv2 would name neither the field nor the bound.
    if type(side) is not int or not 1 <= side <= _SIDE_MAX_PX:
        raise RecordInvalid(name, side, f"pixels, 1 to {_SIDE_MAX_PX}")
    return side
