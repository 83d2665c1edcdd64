"""Every header at fault is named, and what the format leaves open is let through."""

import pytest

from videostream_record import FrameRecord, RecordInvalid, StreamName, decode, encode

JPEG = b"\xff\xd8\xff\xe0 picture \xff\xd9"
RECORD = FrameRecord(
    stream=StreamName("plant-7", "gate"),
    session="0123456789abcdef",
    sequence=5,
    capture_time_ns=1_700_000_000_000_000_001,
    width=640,
    height=360,
    jpeg=JPEG,
    thumbnail=JPEG + b"thumbnail \xff\xd9",
    reference=JPEG + b"reference \xff\xd9",
    reference_sequence=4,
)

INVALID = [
    ("content-type", b"image/png"),
    ("content-type", None),
    ("ce_specversion", b"0.3"),
    ("ce_type", b"dev.videostream.frame.v2"),
    ("ce_type", None),
    ("ce_source", b"/namespaces/plant-7/gate"),
    ("ce_source", b"/namespaces/Plant/videostreams/gate"),
    ("ce_source", b"/namespaces/plant-7/videostreams/gate/x"),
    ("ce_source", None),
    ("ce_id", b"0123456789abcdef-6"),
    ("ce_time", b"2023-11-14T22:13:20Z"),
    ("ce_time", b"2023-11-14T22:13:20.000001Z"),
    ("ce_time", b"2023-11-14T23:13:20.000000+01:00"),
    ("ce_session", b"0123456789ABCDEF"),
    ("ce_session", b"0123"),
    ("ce_session", b"\xff\xfe"),
    ("ce_sequence", b"-1"),
    ("ce_sequence", b"05"),
    ("ce_sequence", b"5.0"),
    ("ce_sequence", b""),
    ("ce_sequence", b"\xd9\xa5"),
    ("ce_sequence", b"9223372036854775808"),
    ("ce_sequence", b"92233720368547758080"),
    ("ce_capturetimens", b"1_700"),
    ("ce_capturetimens", b" 1"),
    ("ce_width", b"0"),
    ("ce_width", b"65536"),
    ("ce_height", b"0"),
    ("ce_height", None),
    ("vst-thumbnail", b""),
    ("vst-thumbnail", b"\x89PNG"),
    ("vst-reference", b"\xff\xd8\xff truncated"),
    ("vst-reference-sequence", b"5"),
    ("vst-reference-sequence", b"-1"),
    ("vst-reference-sequence", b"four"),
]


def with_header(name: str, value: bytes | None) -> list[tuple[str, bytes | None]]:
    _, _, headers = encode(RECORD)
    assert name in dict(headers)
    return [(n, value if n == name else v) for n, v in headers]


@pytest.mark.parametrize(("name", "value"), INVALID)
def test_names_the_header_at_fault(name: str, value: bytes | None) -> None:
    key, jpeg, _ = encode(RECORD)
    with pytest.raises(RecordInvalid) as caught:
        decode(key, jpeg, with_header(name, value))
    assert caught.value.field == name
    assert name in str(caught.value)
    assert caught.value.expected


def test_reference_sequence_alone_names_the_missing_reference() -> None:
    key, jpeg, _ = encode(RECORD)
    with pytest.raises(RecordInvalid, match="vst-reference is absent"):
        decode(key, jpeg, with_header("vst-reference", None))


@pytest.mark.parametrize("value", [None, b"", b"\xff\xd8\xff cut off", b"GIF89a"])
def test_names_a_value_that_is_no_jpeg(value: bytes | None) -> None:
    key, _, headers = encode(RECORD)
    with pytest.raises(RecordInvalid) as caught:
        decode(key, value, headers)
    assert caught.value.field == "value"


def test_names_a_key_of_another_stream() -> None:
    _, jpeg, headers = encode(RECORD)
    with pytest.raises(RecordInvalid) as caught:
        decode(b"plant-7/door", jpeg, headers)
    assert caught.value.field == "key"


def test_a_message_without_headers_is_no_frame() -> None:
    with pytest.raises(RecordInvalid, match="ce_type is absent"):
        decode(b"k", JPEG, None)


def test_a_key_may_be_lost() -> None:
    _, jpeg, headers = encode(RECORD)
    assert decode(None, jpeg, headers) == RECORD


def test_unknown_headers_are_ignored_even_twice() -> None:
    key, jpeg, headers = encode(RECORD)
    more = [*headers, ("traceparent", b"\xff"), ("x", b"1"), ("x", b"2"), ("y", None)]
    assert decode(key, jpeg, more) == RECORD


def test_order_of_headers_does_not_matter() -> None:
    key, jpeg, headers = encode(RECORD)
    assert decode(key, jpeg, reversed(headers)) == RECORD


def test_a_header_of_the_format_may_occur_once_only() -> None:
    key, jpeg, headers = encode(RECORD)
    with pytest.raises(RecordInvalid) as caught:
        decode(key, jpeg, [*headers, ("ce_width", b"640")])
    assert (caught.value.field, caught.value.expected) == ("ce_width", "one header of this name")


def test_message_shows_a_picture_by_its_length_only() -> None:
    with pytest.raises(RecordInvalid) as caught:
        decode(None, b"\x00" * 5000, encode(RECORD)[2])
    assert "5000 bytes beginning 00 00" in str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("namespace", "name"), [("", "gate"), ("a/b", "gate"), ("a", "-x"), ("a", "x" * 64)]
)
def test_a_stream_has_kubernetes_names(namespace: str, name: str) -> None:
    with pytest.raises(RecordInvalid, match="DNS label"):
        StreamName(namespace, name)
