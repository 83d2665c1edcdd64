"""JPEG pictures of frames, made once for all viewers of the MJPEG stream."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import gi
import numpy as np

gi.require_version("Gst", "1.0")
from gi.repository import Gst  # noqa: E402  # only after require_version

if TYPE_CHECKING:
    from .feed import Frame
    from .settings import Settings

_QUALITY = 90
_NEUTRAL_CHROMA = 128


class JpegEncoder:
    """Encodes frames as colour JPEG and remembers the last one. Safe to share by threads."""

    def __init__(self, settings: Settings) -> None:
        Gst.init(None)
        # JPEG luma has the full range 0..255: the scene's gray levels go in untouched.
        caps = (
            f"video/x-raw,format=I420,width={settings.width},height={settings.height},"
            f"framerate={settings.fps}/1,colorimetry=1:4:0:0"
        )
        self._pipeline: Any = Gst.parse_launch(
            f'appsrc name=frames caps="{caps}" format=time'
            f" ! jpegenc quality={_QUALITY} ! appsink name=pictures sync=false"
        )
        self._source = self._pipeline.get_by_name("frames")
        self._sink = self._pipeline.get_by_name("pictures")
        self._pipeline.set_state(Gst.State.PLAYING)
        self._lock = threading.Lock()
        self._sequence = -1
        self._picture = b""

    def encode(self, frame: Frame) -> bytes:
        """Return the frame as JPEG; raise RuntimeError when the encoder gives none within 2 s."""
        with self._lock:
            if frame.sequence != self._sequence:
                self._picture = self._encode(frame)
                self._sequence = frame.sequence
            return self._picture

    def _encode(self, frame: Frame) -> bytes:
        chroma = np.full(frame.image.size // 2, _NEUTRAL_CHROMA, dtype=np.uint8)
        data = frame.image.tobytes() + chroma.tobytes()
        self._source.emit("push-buffer", Gst.Buffer.new_wrapped(data))
        sample = self._sink.emit("try-pull-sample", 2 * Gst.SECOND)
        if sample is None:
            raise RuntimeError("the JPEG encoder gave no picture within 2 s")
        buffer = sample.get_buffer()
        return bytes(buffer.extract_dup(0, buffer.get_size()))
