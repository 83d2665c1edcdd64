"""One attempt to open the stream's source, with the clearest reason when it fails."""

import time
from dataclasses import replace
from functools import partial
from http.client import HTTPException
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

from videostream_pipeline.logs import Redactor
from videostream_producer.authority import read_trust
from videostream_producer.credentials import Credentials, read_credentials, with_credentials
from videostream_producer.http_link import HttpLink
from videostream_producer.http_source import JpegSource, snapshot_reader, stream_reader
from videostream_producer.multipart import boundary_of
from videostream_producer.probe import (
    Reply,
    check_certificate,
    diagnose,
    network_failure,
    refusal,
)
from videostream_producer.settings import SourceSettings
from videostream_producer.source import FrameSource, Reading, SourceFailed, open_ffmpeg
from videostream_producer.tls import Trust

PROBE_TIMEOUT_MAX_S: Final = 5.0
_OK: Final = 200
_BAD_REQUEST: Final = 400


class Opener(Protocol):
    """Opens the source once."""

    def __call__(self, *, key_frames_only: bool) -> FrameSource:
        """Give the open source; raises SourceFailed."""


def source_opener(
    settings: SourceSettings,
    *,
    fps: float,
    credentials_dir: Path,
    tls_dir: Path,
    redactor: Redactor,
) -> Opener:
    """Give the function that opens the source once.

    `fps` is the rate at which a source of single pictures is asked for them.
    """

    def open_recording(*, key_frames_only: bool) -> FrameSource:
        path = Path(unquote(urlsplit(settings.url).path))
        return _open_file(path, _reading(settings, Trust(), key_frames_only=key_frames_only))

    def open_remote(*, key_frames_only: bool) -> FrameSource:
        credentials = None
        if settings.credentials is not None:
            credentials = read_credentials(credentials_dir, settings.credentials)
            redactor.register(credentials.password)
        trust = read_trust(tls_dir, settings.tls)
        reading = _reading(settings, trust, key_frames_only=key_frames_only)
        if settings.url.startswith("http"):
            return _open_http(settings, credentials, reading, fps=fps)
        return _open_rtsp(settings, credentials, reading)

    return open_recording if settings.is_file else open_remote


def read_timeout_s(settings: SourceSettings) -> float:
    """Give the wait for one frame: no longer than what counts as a stall."""
    return min(settings.read_timeout_s, settings.stall_timeout_s)


def _reading(settings: SourceSettings, trust: Trust, *, key_frames_only: bool) -> Reading:
    return Reading(
        settings.open_timeout_s,
        read_timeout_s(settings),
        comes_in_bursts=settings.is_file,
        over_udp=settings.transport == "UDP",
        key_frames_only=key_frames_only,
        trust=trust,
    )


def _open_rtsp(
    settings: SourceSettings, credentials: Credentials | None, reading: Reading
) -> FrameSource:
    if settings.url.startswith("rtsps:") and reading.trust.verifies:
        # FFmpeg compares the certificate with a name, but not with an address.
        check_certificate(settings.url, reading.trust, timeout_s=settings.open_timeout_s)
    return _open_ffmpeg(settings, credentials, reading)


def _open_http(
    settings: SourceSettings, credentials: Credentials | None, reading: Reading, *, fps: float
) -> FrameSource:
    """Ask once and go by the answer's content type: JPEGs are read here, all else by FFmpeg."""
    url, timeout_s = settings.url, settings.open_timeout_s
    open_by_s = time.monotonic() + timeout_s
    link = HttpLink(url, credentials, reading.trust)
    try:
        response = link.get(open_by_s)
    except (OSError, HTTPException) as error:
        link.close()
        raise network_failure(url, error, timeout_s=timeout_s) from None
    status, kind = response.status, response.headers.get("Content-Type", "")
    if status >= _BAD_REQUEST:
        link.close()
        raise refusal(url, Reply(status), had_credentials=credentials is not None)
    # A dead camera is noticed as soon as that of a stream, whatever the rate.
    period_s = min(1 / fps, reading.read_timeout_s / 2)
    boundary = boundary_of(kind)
    open_jpegs = partial(
        JpegSource,
        link=link,
        open_by_s=open_by_s,
        read_timeout_s=reading.read_timeout_s,
    )
    if status == _OK and boundary is not None:
        return open_jpegs("mjpeg", stream_reader(link, response, boundary))
    if status == _OK and kind.lower().startswith(("image/jpeg", "image/jpg")):
        return open_jpegs("jpeg", snapshot_reader(link, response, period_s=period_s))
    link.close()
    reading = replace(reading, comes_in_bursts="mpegurl" in kind.lower())
    return _open_ffmpeg(settings, credentials, reading)


def _open_ffmpeg(
    settings: SourceSettings, credentials: Credentials | None, reading: Reading
) -> FrameSource:
    location = with_credentials(settings.url, credentials) if credentials else settings.url
    started_s = time.monotonic()
    try:
        return open_ffmpeg(location, reading)
    except SourceFailed:
        waited_s = time.monotonic() - started_s
    timeout_s = min(settings.open_timeout_s, PROBE_TIMEOUT_MAX_S)
    failure = diagnose(settings.url, credentials, reading.trust, timeout_s=timeout_s)
    if failure.reason == "OpenFailed" and waited_s >= settings.open_timeout_s:
        message = (
            f"no picture within openTimeout ({settings.open_timeout_s:g} s): {failure.message}"
        )
        raise SourceFailed("OpenFailed", message)
    raise failure


def _open_file(path: Path, reading: Reading) -> FrameSource:
    if not path.exists():
        message = f"{path} does not exist: check spec.source.url and what spec.source.volume holds"
        raise SourceFailed("FileNotFound", message)
    if not path.is_file():
        raise SourceFailed("FileNotFound", f"{path} is no file: name a video file in it")
    try:
        return open_ffmpeg(str(path), reading)
    except SourceFailed:
        message = f"{path} is no video that FFmpeg can read: check that it was copied in full"
        raise SourceFailed("NotAVideo", message) from None
