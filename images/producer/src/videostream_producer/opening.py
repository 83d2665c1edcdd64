"""One attempt to open the stream's source, with the clearest reason when it fails."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from videostream_pipeline.logs import Redactor
from videostream_producer.credentials import Credentials, read_credentials, with_credentials
from videostream_producer.probe import diagnose
from videostream_producer.settings import SourceSettings
from videostream_producer.source import FrameSource, SourceFailed, open_ffmpeg

PROBE_TIMEOUT_MAX_S: Final = 5.0

Opener = Callable[[], FrameSource]


def source_opener(settings: SourceSettings, *, credentials_dir: Path, redactor: Redactor) -> Opener:
    """Give the function that opens the source once; it raises SourceFailed."""
    if settings.is_file:
        return lambda: _open_file(Path(unquote(urlsplit(settings.url).path)), settings)

    def open_remote() -> FrameSource:
        credentials = None
        if settings.credentials is not None:
            credentials = read_credentials(credentials_dir, settings.credentials)
            redactor.register(credentials.password)
        return _open_remote(settings, credentials)

    return open_remote


def read_timeout_s(settings: SourceSettings) -> float:
    """Give the wait for one frame: no longer than what counts as a stall."""
    return min(settings.read_timeout_s, settings.stall_timeout_s)


def _open_remote(settings: SourceSettings, credentials: Credentials | None) -> FrameSource:
    location = with_credentials(settings.url, credentials) if credentials else settings.url
    started_s = time.monotonic()
    try:
        return open_ffmpeg(
            location,
            open_timeout_s=settings.open_timeout_s,
            read_timeout_s=read_timeout_s(settings),
        )
    except SourceFailed:
        waited_s = time.monotonic() - started_s
    failure = diagnose(
        settings.url, credentials, timeout_s=min(settings.open_timeout_s, PROBE_TIMEOUT_MAX_S)
    )
    if failure.reason == "OpenFailed" and waited_s >= settings.open_timeout_s:
        message = (
            f"no picture within openTimeout ({settings.open_timeout_s:g} s): {failure.message}"
        )
        raise SourceFailed("OpenFailed", message)
    raise failure


def _open_file(path: Path, settings: SourceSettings) -> FrameSource:
    if not path.exists():
        message = f"{path} does not exist: check spec.source.url and what spec.source.volume holds"
        raise SourceFailed("FileNotFound", message)
    if not path.is_file():
        raise SourceFailed("FileNotFound", f"{path} is no file: name a video file in it")
    try:
        return open_ffmpeg(
            str(path),
            open_timeout_s=settings.open_timeout_s,
            read_timeout_s=read_timeout_s(settings),
        )
    except SourceFailed:
        message = f"{path} is no video that FFmpeg can read: check that it was copied in full"
        raise SourceFailed("NotAVideo", message) from None
