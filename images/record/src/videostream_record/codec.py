"""The frame record as key, value and headers of a Kafka message.

CloudEvents 1.0 in Kafka's binary mode: the value is the JPEG untouched, everything else stands in
headers, so a reader in any language needs one header look-up and no schema.
Normative text: docs/frame-record.md.
"""

import functools
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from videostream_record.record import FrameRecord, RecordInvalid, StreamName

CONTENT_TYPE = "image/jpeg"
SPEC_VERSION = "1.0"
EVENT_TYPE = "dev.videostream.frame.v1"

_TEXT_HEADERS = (
    "content-type",
    "ce_specversion",
    "ce_type",
    "ce_source",
    "ce_id",
    "ce_time",
    "ce_session",
    "ce_sequence",
    "ce_capturetimens",
    "ce_width",
    "ce_height",
)
_KNOWN = {*_TEXT_HEADERS, "vst-thumbnail", "vst-reference", "vst-reference-sequence"}
_SOURCE_PREFIX = "/namespaces/"
_SOURCE_MIDDLE = "/videostreams/"
_SOURCE_SHAPE = "/namespaces/<namespace>/videostreams/<name>"
_DECIMAL = re.compile(rb"0|[1-9][0-9]{0,18}")


def encode(record: FrameRecord) -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
    """Give the Kafka message of a record: (key, value, headers in the documented order)."""
    text = (
        CONTENT_TYPE,
        SPEC_VERSION,
        EVENT_TYPE,
        _source(record.stream),
        f"{record.session}-{record.sequence}",
        _rfc3339(record.capture_time_ns),
        record.session,
        str(record.sequence),
        str(record.capture_time_ns),
        str(record.width),
        str(record.height),
    )
    headers = [(name, said.encode()) for name, said in zip(_TEXT_HEADERS, text, strict=True)]
    if record.thumbnail is not None:
        headers.append(("vst-thumbnail", record.thumbnail))
    if record.reference is not None:
        headers.append(("vst-reference", record.reference))
    if record.reference_sequence is not None:
        headers.append(("vst-reference-sequence", str(record.reference_sequence).encode()))
    return str(record.stream).encode(), record.jpeg, headers


def decode(
    key: bytes | None, value: bytes | None, headers: Iterable[tuple[str, bytes | None]] | None
) -> FrameRecord:
    """Read a Kafka message as a frame record.

    `key=None` skips the comparison of key and `ce_source` (some tools drop keys).  Headers that
    the format does not know are ignored.  Raises RecordInvalid naming the first field at fault.
    """
    found = _by_name(headers or ())
    _expect(found, "ce_type", EVENT_TYPE)
    _expect(found, "ce_specversion", SPEC_VERSION)
    _expect(found, "content-type", CONTENT_TYPE)
    reference_sequence = found.get("vst-reference-sequence")
    record = FrameRecord(
        stream=_stream(_text(found, "ce_source")),
        session=_text(found, "ce_session"),
        sequence=_decimal(found, "ce_sequence"),
        capture_time_ns=_decimal(found, "ce_capturetimens"),
        width=_decimal(found, "ce_width"),
        height=_decimal(found, "ce_height"),
        jpeg=value if value is not None else b"",
        thumbnail=found.get("vst-thumbnail"),
        reference=found.get("vst-reference"),
        reference_sequence=(
            None if reference_sequence is None else _decimal(found, "vst-reference-sequence")
        ),
    )
    # What is said twice must be said alike; otherwise one reader trusts one half, one the other.
    _expect(found, "ce_id", f"{record.session}-{record.sequence}")
    _expect(found, "ce_time", _rfc3339(record.capture_time_ns))
    if key is not None and key != str(record.stream).encode():
        raise RecordInvalid("key", key, f"{record.stream} as in ce_source")
    return record


def _source(stream: StreamName) -> str:
    return f"{_SOURCE_PREFIX}{stream.namespace}{_SOURCE_MIDDLE}{stream.name}"


@functools.lru_cache(maxsize=64)  # a topic's records name one stream, or a few
def _stream(source: str) -> StreamName:
    namespace, separator, name = source.removeprefix(_SOURCE_PREFIX).partition(_SOURCE_MIDDLE)
    if not source.startswith(_SOURCE_PREFIX) or not separator:
        raise RecordInvalid("ce_source", source, _SOURCE_SHAPE)
    return StreamName(namespace, name)


def _rfc3339(time_ns: int) -> str:
    """Write Unix nanoseconds as UTC with six digits, cut (not rounded) to microseconds."""
    seconds, rest_ns = divmod(time_ns, 1_000_000_000)
    return f"{_utc_second(seconds)}.{rest_ns // 1000:06d}Z"


@functools.lru_cache(maxsize=64)  # many frames have the second in common
def _utc_second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat()


def _by_name(headers: Iterable[tuple[str, bytes | None]]) -> dict[str, bytes]:
    """Index the format's headers; one that occurs twice has no one meaning and is refused."""
    known = [(name, value) for name, value in headers if name in _KNOWN and value is not None]
    found = dict(known)
    if len(found) < len(known):
        names = [name for name, _ in known]
        doubled = next(name for name in names if names.count(name) > 1)
        raise RecordInvalid(doubled, found[doubled], "one header of this name")
    return found


def _text(found: Mapping[str, bytes], name: str) -> str:
    value = found.get(name)
    if value is None:
        raise RecordInvalid(name, None, "a header of this name")
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise RecordInvalid(name, value, "UTF-8 text") from None


def _decimal(found: Mapping[str, bytes], name: str) -> int:
    value = found.get(name)
    # int() alone would also take "+1", "1_0", " 1" and other alphabets' digits.
    if value is None or not _DECIMAL.fullmatch(value):
        raise RecordInvalid(
            name, _text(found, name), "a decimal number without sign or leading zeros"
        )
    return int(value)


def _expect(found: Mapping[str, bytes], name: str, expected: str) -> None:
    if found.get(name) != expected.encode():
        raise RecordInvalid(name, _text(found, name), expected)
