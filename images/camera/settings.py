"""The camera's settings, read from the environment and checked before anything starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class SettingInvalidError(ValueError):
    """A setting has a value that the camera can't use; the message says what would be right."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """User name and password that viewers must show."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the camera sends and where it listens."""

    width: int
    height: int
    fps: int
    bitrate_kbit: int
    rtsp_port: int
    http_port: int
    credentials: Credentials | None


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Return the settings that the environment asks for; raise SettingInvalidError.

    Without CAMERA_USERNAME and CAMERA_PASSWORD (unset or empty) the streams are open to all.
    """
    return Settings(
        # Planes of 8-pixel-wide pictures need no padding in GStreamer's layout of I420.
        width=_integer(environment, "WIDTH", default=640, span=range(64, 3841, 8)),
        height=_integer(environment, "HEIGHT", default=360, span=range(48, 2161, 2)),
        fps=_integer(environment, "FPS", default=10, span=range(1, 61)),
        bitrate_kbit=_integer(environment, "BITRATE_KBIT", default=1000, span=range(50, 20001)),
        rtsp_port=_integer(environment, "RTSP_PORT", default=8554, span=range(1, 65536)),
        http_port=_integer(environment, "HTTP_PORT", default=8080, span=range(1, 65536)),
        credentials=_credentials(environment),
    )


def _integer(environment: Mapping[str, str], name: str, *, default: int, span: range) -> int:
    text = environment.get(name) or str(default)
    if text.isascii() and text.isdigit() and int(text) in span:
        return int(text)
    step = f" in steps of {span.step}" if span.step > 1 else ""
    raise SettingInvalidError(
        f"{name}={text!r} must be a whole number from {span.start} to {span[-1]}{step}"
    )


def _credentials(environment: Mapping[str, str]) -> Credentials | None:
    username = environment.get("CAMERA_USERNAME", "")
    password = environment.get("CAMERA_PASSWORD", "")
    if not username and not password:
        return None
    if not username or not password or ":" in username:
        raise SettingInvalidError(
            "CAMERA_USERNAME and CAMERA_PASSWORD must both be set, and the name holds no colon"
        )
    return Credentials(username, password)
