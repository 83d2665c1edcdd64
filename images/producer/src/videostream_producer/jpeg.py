"""What a JPEG says about itself, read from its segments without decoding a pixel. Pure.

Sources that send JPEGs are sampled and often passed on as they are; both need only this.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

# Start of frame: baseline, extended and progressive, with Huffman coding.
_SOF: Final = frozenset({0xC0, 0xC1, 0xC2})
_DHT, _SOI, _EOI, _SOS, _DQT, _APP1 = 0xC4, 0xD8, 0xD9, 0xDA, 0xDB, 0xE1
_START: Final = bytes([0xFF, _SOI])
_END: Final = bytes([0xFF, _EOI])
_TABLE_ENTRIES: Final = 64


@dataclass(frozen=True, slots=True)
class Jpeg:
    """A whole JPEG. `step` is the mean step of its first quantisation table: coarse is large.

    `is_plain`: it has its own Huffman tables and no EXIF, which may turn the picture.
    """

    data: bytes = field(repr=False)
    width: int
    height: int
    step: float
    is_plain: bool


def read_jpeg(data: bytes) -> Jpeg | None:
    """Read size and tables of a JPEG; None if it is none, or not whole."""
    end = data.rfind(_END)
    if not data.startswith(_START) or end < 0:
        return None
    try:
        segments = list(_segments(data))
        frames = [body for kind, body in segments if kind in _SOF]
        height, width = struct.unpack_from(">HH", frames[0], 1)
        step = _mean_step(next(body for kind, body in segments if kind == _DQT))
    except (IndexError, StopIteration, struct.error):
        return None
    if width == 0 or height == 0:
        return None
    kinds = {kind for kind, _ in segments}
    return Jpeg(data[: end + 2], width, height, step, _DHT in kinds and _APP1 not in kinds)


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Give the segments before the scan as marker and content; raises struct.error if cut off."""
    at = len(_START)
    while True:
        mark, kind, length = struct.unpack_from(">BBH", data, at)
        if mark != 0xFF:  # noqa: PLR2004 (every marker begins so)
            raise struct.error
        if kind == 0xFF:  # noqa: PLR2004 (a marker may be padded)
            at += 1
            continue
        if kind == _SOS:
            return
        yield kind, data[at + 4 : at + 2 + length]
        at += 2 + length


def _mean_step(tables: bytes) -> float:
    """Give the mean of the first table of a DQT segment (8 or 16 bits an entry)."""
    layout = ">64H" if tables[0] >> 4 else ">64B"
    steps: tuple[int, ...] = struct.unpack_from(layout, tables, 1)
    return sum(steps) / _TABLE_ENTRIES
