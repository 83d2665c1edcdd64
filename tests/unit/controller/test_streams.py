"""Streams are parsed once in each version, and no former version is ever given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.bodies import body
from videostream_controller.api import VideoStream
from videostream_controller.streams import Streams

if TYPE_CHECKING:
    from fractions import Fraction

KEY = "video/cam"


def fps(streams: Streams) -> Fraction:
    stream = streams.parsed(KEY)
    assert isinstance(stream, VideoStream)
    return stream.frames.fps


def test_a_version_is_parsed_once() -> None:
    streams = Streams()
    streams.put(body(resourceVersion="1"))
    assert streams.parsed(KEY) is streams.parsed(KEY)


def test_the_newest_version_is_given() -> None:
    streams = Streams()
    streams.put(body({"frames": {"fps": 2}}, resourceVersion="1"))
    assert fps(streams) == 2
    streams.put(body({"frames": {"fps": 5}}, resourceVersion="2"))
    assert fps(streams) == 5


def test_a_stream_that_is_gone_is_gone_though_it_was_parsed() -> None:
    streams = Streams()
    streams.put(body(resourceVersion="1"))
    assert fps(streams) > 0
    streams.remove(body(resourceVersion="2"))
    assert streams.parsed(KEY) is None


def test_what_cannot_be_parsed_says_why() -> None:
    streams = Streams()
    streams.put(body({"frames": {"fps": "many"}}, resourceVersion="1"))
    errors = streams.parsed(KEY)
    assert isinstance(errors, list)
    assert "frames.fps" in str(errors[0])
