"""Short coded clips whose pictures are known: H.264, H.265, with and without sound.

A white bar walks over gray, as in `fault_servers.jpeg`; a clip begins with a key frame, so that it
can be sent over and over.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, cast

import av
import numpy as np

Codec = Literal["h264", "hevc"]

_ENCODERS = {"h264": "libx264", "hevc": "libx265"}
_SOUND_HZ = 16_000
_QUIET = {
    "h264": {"tune": "zerolatency"},
    "hevc": {"tune": "zerolatency", "x265-params": "log-level=0"},
}


@dataclass(frozen=True, slots=True)
class Clip:
    """Coded pictures in order, each as its NAL units without start codes."""

    codec: Codec
    pictures: tuple[tuple[bytes, ...], ...]


def clip(
    codec: Codec = "h264",
    *,
    frames: int = 10,
    width: int = 160,
    height: int = 96,
    still: bool = False,
) -> Clip:
    """Encode a clip with one key frame, the first; `still`: all pictures are the same."""
    context = cast("av.VideoCodecContext", av.CodecContext.create(_ENCODERS[codec], "w"))
    context.width, context.height = width, height
    context.pix_fmt, context.framerate = "yuv420p", Fraction(25)
    context.gop_size, context.max_b_frames = frames, 0
    context.options = _QUIET[codec]
    packets: list[av.Packet[Any]] = []
    for index in range(frames):
        packets += context.encode(_picture(0 if still else index, width, height, at=index))
    packets += context.encode(None)
    return Clip(codec, tuple(nal_units(bytes(packet)) for packet in packets))


def write_stream(
    container: av.container.OutputContainer, codec: Codec, *, frames: int, sound: bool
) -> None:
    """Write 25 pictures a second, 160 x 96, a key frame each second, and sound if asked."""
    options = _QUIET[codec]
    video = cast("av.VideoStream", container.add_stream(_ENCODERS[codec], 25, options=options))
    video.width, video.height, video.pix_fmt, video.gop_size = 160, 96, "yuv420p", 25
    audio = container.add_stream("aac", _SOUND_HZ, layout="mono") if sound else None
    for index in range(frames):
        container.mux(video.encode(_picture(index, 160, 96, at=index)))
        if audio is not None:
            container.mux(audio.encode(_hum(index)))
    container.mux(video.encode(None))
    if audio is not None:
        container.mux(audio.encode(None))


def _hum(index: int) -> av.AudioFrame:
    samples = np.full((1, _SOUND_HZ // 25), 0.1, np.float32)
    frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
    frame.sample_rate, frame.pts = _SOUND_HZ, index * samples.shape[1]
    return frame


def _picture(index: int, width: int, height: int, *, at: int) -> av.VideoFrame:
    image = np.full((height, width, 3), 90, np.uint8)
    left = index * 8 % (width - 8)
    image[:, left : left + 8] = 250
    frame = av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format="yuv420p")
    frame.pts = at
    return frame


def nal_units(annex_b: bytes) -> tuple[bytes, ...]:
    """Split at the start codes 00 00 01 and 00 00 00 01."""
    parts = annex_b.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")
    return tuple(part for part in parts if part)
