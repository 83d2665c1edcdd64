"""Settings are checked at the start, with messages that say what would be right."""

import pytest

from images.camera.settings import Credentials, SettingInvalidError, read_settings


def test_defaults() -> None:
    settings = read_settings({})
    assert (settings.width, settings.height, settings.fps) == (640, 360, 10)
    assert (settings.rtsp_port, settings.http_port) == (8554, 8080)
    assert settings.credentials is None


@pytest.mark.parametrize(
    ("name", "value", "right"),
    [
        ("WIDTH", "641", "from 64 to 3840 in steps of 8"),
        ("HEIGHT", "-360", "from 48 to 2160 in steps of 2"),
        ("FPS", "0", "from 1 to 60"),
        ("FPS", "ten", "from 1 to 60"),
        ("BITRATE_KBIT", "1.5", "from 50 to 20000"),
        ("RTSP_PORT", "65536", "from 1 to 65535"),
    ],
)
def test_bad_number_names_field_value_and_what_is_right(name: str, value: str, right: str) -> None:
    with pytest.raises(SettingInvalidError) as caught:
        read_settings({name: value})
    assert name in str(caught.value)
    assert repr(value) in str(caught.value)
    assert right in str(caught.value)


def test_credentials_come_in_pairs_and_stay_secret() -> None:
    settings = read_settings({"CAMERA_USERNAME": "viewer", "CAMERA_PASSWORD": "hidden"})
    assert settings.credentials == Credentials("viewer", "hidden")
    assert "hidden" not in repr(settings)
    for half in ({"CAMERA_USERNAME": "viewer"}, {"CAMERA_PASSWORD": "hidden"}):
        with pytest.raises(SettingInvalidError, match="must both be set") as caught:
            read_settings(half)
        assert "hidden" not in str(caught.value)
