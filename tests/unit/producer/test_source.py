"""What the video library is told, and what its codecs are called."""

from dataclasses import replace

import cv2
import pytest

from videostream_producer.source import Reading, capture_options, codec_name


def test_options_keep_tcp_and_bound_the_socket() -> None:
    reading = Reading(10, 5)
    options = capture_options(reading, remote=True).split("|")
    assert {"rtsp_transport;tcp", "timeout;10000000"} <= set(options)
    over_udp = capture_options(replace(reading, over_udp=True), remote=True)
    assert "rtsp_transport;udp" in over_udp.split("|")
    assert capture_options(reading, remote=False) == "protocol_whitelist;file"
    keys = capture_options(replace(reading, key_frames_only=True), remote=False)
    assert keys == "protocol_whitelist;file|avdiscard;nonkey"


@pytest.mark.parametrize(
    ("tag", "name"), [("avc1", "h264"), ("hvc1", "h265"), ("MJPG", "mjpeg"), ("abcd", "abcd")]
)
def test_codecs_have_their_usual_names(tag: str, name: str) -> None:
    assert codec_name(cv2.VideoWriter.fourcc(*tag)) == name
    assert codec_name(0) == "unknown"
