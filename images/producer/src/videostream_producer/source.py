"""Video sources: the seam for back ends, and OpenCV's FFmpeg back end behind it.

Traps that this module exists for: time-outs work only if given at open; a handle that failed once
never recovers; FFmpeg's options are one environment variable of the whole process; what FFmpeg
prints contains the URL with its password.
"""

import os
from dataclasses import dataclass, field
from typing import Final, Protocol, cast

import cv2

from videostream_producer.encode import Image
from videostream_producer.jpeg import Jpeg
from videostream_producer.tls import Trust, ffmpeg_tls_options

_CODECS: Final = {
    "avc1": "h264",
    "h264": "h264",
    "x264": "h264",
    "hev1": "h265",
    "hvc1": "h265",
    "hevc": "h265",
    "mjpg": "mjpeg",
    "jpeg": "mjpeg",
    "fmp4": "mpeg4",
    "mp4v": "mpeg4",
    "vp80": "vp8",
    "vp90": "vp9",
    "av01": "av1",
}
_FOURCC_LENGTH: Final = 4


class SourceFailed(Exception):
    """A source could not be opened or gave no picture; `reason` is one word of docs/producer.md."""

    def __init__(self, reason: str, message: str) -> None:
        self.reason = reason
        self.message = message
        super().__init__(f"{reason}: {message}")


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What a source says about itself; `fps` is its nominal rate, 0 if it names none."""

    codec: str
    width: int
    height: int
    fps: float


class FrameSource(Protocol):
    """An open video source, used by one thread. After one `False` it is dead: close it."""

    @property
    def info(self) -> SourceInfo:
        """Codec, size and nominal rate."""

    @property
    def comes_in_bursts(self) -> bool:
        """Whether seconds of video can be read at once, so that its time stamps set the pace."""

    def grab(self) -> bool:
        """Move on to the next frame; False at the end, at a time-out and after an error."""

    def is_key_frame(self) -> bool:
        """Tell whether the current frame can be decoded without any other."""

    def retrieve(self) -> Image | Jpeg | None:
        """Give the current frame (height x width x 3, BGR, or coded); None: it does not decode."""

    def position_ms(self) -> float:
        """Give the current frame's time within the source, in milliseconds."""

    def close(self) -> None:
        """Let go of the source."""


def silence_native_logs() -> None:
    """Keep FFmpeg and OpenCV from writing URLs, passwords included, to standard error.

    Must run before the first source is opened: FFmpeg's level is read once.
    """
    os.environ["OPENCV_FFMPEG_LOGLEVEL"] = "-8"
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


@dataclass(frozen=True, slots=True)
class Reading:
    """How FFmpeg is to read a source; times in s.

    `comes_in_bursts`: seconds of video can be read at once. `key_frames_only`: the others, which
    build on them, are not decoded, and do not count as frames.
    """

    open_timeout_s: float
    read_timeout_s: float
    comes_in_bursts: bool = False
    over_udp: bool = False
    key_frames_only: bool = False
    trust: Trust = field(default_factory=Trust)


def open_ffmpeg(location: str, reading: Reading) -> "FfmpegSource":
    """Open a URL or an absolute path; raises SourceFailed without naming the location.

    Why a remote source did not open OpenCV does not say: see `probe`.
    """
    # One source per process: the options are read from the environment at each open.
    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = capture_options(reading, remote="://" in location)
    parameters = [
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
        round(reading.open_timeout_s * 1000),
        cv2.CAP_PROP_READ_TIMEOUT_MSEC,
        round(reading.read_timeout_s * 1000),
        # More threads hold back one frame each, and cost a quarter more in all.
        cv2.CAP_PROP_N_THREADS,
        1,
    ]
    capture = cv2.VideoCapture(location, cv2.CAP_FFMPEG, parameters)
    if not capture.isOpened():
        capture.release()
        raise SourceFailed("OpenFailed", "FFmpeg could not open the source")
    return FfmpegSource(capture, comes_in_bursts=reading.comes_in_bursts)


def capture_options(reading: Reading, *, remote: bool) -> str:
    """Give FFmpeg's options as OpenCV wants them: `key;value|key;value`."""
    # OpenCV's own name: FFmpeg's skip_frame would not reach the decoder.
    chosen = "|avdiscard;nonkey" if reading.key_frames_only else ""
    if not remote:
        # A play list in disguise must not make the producer fetch other things.
        return f"protocol_whitelist;file{chosen}"
    # Setting anything drops OpenCV's own preference for TCP, so TCP must be in the list.  Without
    # fpsprobesize FFmpeg watches a camera for seconds only to guess its rate.  No fflags;nobuffer:
    # it throws away what was read at the opening, the first key frame with it, and a camera whose
    # key frames are further apart than the read time-out would never give a picture.
    transport = "udp" if reading.over_udp else "tcp"
    timeout_us = round(max(reading.open_timeout_s, reading.read_timeout_s) * 1_000_000)
    tls = "|".join(ffmpeg_tls_options(reading.trust))
    return (
        f"rtsp_transport;{transport}|flags;low_delay|max_delay;500000|fpsprobesize;0"
        f"|timeout;{timeout_us}|{tls}{chosen}"
    )


class FfmpegSource:
    """A source opened by OpenCV's FFmpeg back end."""

    def __init__(self, capture: cv2.VideoCapture, *, comes_in_bursts: bool) -> None:
        self._capture = capture
        self.comes_in_bursts = comes_in_bursts
        self._info = SourceInfo(
            codec=codec_name(int(capture.get(cv2.CAP_PROP_FOURCC))),
            width=int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)),
            height=int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)),
            fps=max(0.0, capture.get(cv2.CAP_PROP_FPS)),
        )

    @property
    def info(self) -> SourceInfo:
        """Codec, size and nominal rate."""
        return self._info

    def grab(self) -> bool:
        """Decode the next frame; the conversion to BGR waits for `retrieve`."""
        return self._capture.grab()

    def is_key_frame(self) -> bool:
        """Tell whether the current frame is a key frame."""
        return bool(self._capture.get(cv2.CAP_PROP_LRF_HAS_KEY_FRAME))

    def retrieve(self) -> Image | None:
        """Give the current frame (height x width x 3, BGR), None if it does not decode."""
        done, image = self._capture.retrieve()
        return cast("Image", image) if done else None

    def position_ms(self) -> float:
        """Give the current frame's time stamp relative to the start, in milliseconds."""
        return self._capture.get(cv2.CAP_PROP_POS_MSEC)

    def close(self) -> None:
        """Release the native handle."""
        self._capture.release()


def codec_name(fourcc: int) -> str:
    """Give a codec's usual name for the four characters of a container."""
    tag = fourcc.to_bytes(_FOURCC_LENGTH, "little", signed=fourcc < 0)
    text = tag.decode("ascii", errors="replace").strip("\0 ").lower()
    return _CODECS.get(text, text if text.isalnum() else "unknown")
