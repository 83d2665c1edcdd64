"""The bytes on the wire: files that a reader in any language can be tried against.

They were written once.  A change that makes these tests fail changes the format, and stored
records or other people's readers with it: see the versioning rule in docs/frame-record.md.
"""

from pathlib import Path

import pytest

from videostream_record import FrameRecord, StreamName, decode, encode

GOLDEN = Path(__file__).parent / "golden"
DOCUMENT = Path(__file__).parents[3] / "docs" / "frame-record.md"

Message = tuple[bytes, bytes, list[tuple[str, bytes]]]


def parse(text: str) -> Message:
    key = value = b""
    headers = []
    for line in text.strip().splitlines():
        match line.split():
            case ["key", digits]:
                key = bytes.fromhex(digits)
            case ["value", digits]:
                value = bytes.fromhex(digits)
            case ["header", name, digits]:
                headers.append((name, bytes.fromhex(digits)))
            case _:
                raise ValueError(line)
    return key, value, headers


def golden(name: str) -> Message:
    return parse((GOLDEN / f"{name}.hex").read_text())


@pytest.mark.parametrize("name", ["first", "next", "after_drop", "no_thumbnail"])
def test_every_golden_message_decodes_and_encodes_to_the_same_bytes(name: str) -> None:
    key, value, headers = golden(name)
    assert encode(decode(key, value, headers)) == (key, value, headers)


def test_golden_message_says_what_it_was_made_of() -> None:
    key, value, headers = golden("next")
    pictures = dict(headers)
    assert decode(key, value, headers) == FrameRecord(
        stream=StreamName("plant-7", "gate"),
        session="00c0ffee00c0ffee",
        sequence=41,
        capture_time_ns=1_795_527_423_323_456_789,
        width=16,
        height=8,
        jpeg=value,
        thumbnail=pictures["vst-thumbnail"],
        reference=pictures["vst-reference"],
        reference_sequence=40,
    )


def test_reference_is_the_thumbnail_of_the_frame_before() -> None:
    first, following = dict(golden("first")[2]), dict(golden("next")[2])
    assert following["vst-reference"] == first["vst-thumbnail"]
    assert "vst-reference" not in first


def test_reference_of_a_frame_that_was_dropped_has_no_number() -> None:
    headers = dict(golden("after_drop")[2])
    assert "vst-reference" in headers
    assert "vst-reference-sequence" not in headers


def test_document_shows_the_golden_message() -> None:
    text = DOCUMENT.read_text()
    example = text.split("```text golden/next.hex\n")[1].split("```")[0]
    assert parse(example) == golden("next")
