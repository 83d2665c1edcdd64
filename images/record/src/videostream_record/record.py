"""What a frame record says, and which values it may hold.

A `FrameRecord` that exists is valid: the constructor refuses every value that could not be written
down and read back.  Errors use the names on the wire, because that is what people see in a topic.
"""

import re
from dataclasses import dataclass

CAPTURE_TIME_MAX_NS = 2**63 - 1
SEQUENCE_MAX = 2**63 - 1
# A JPEG stores its width and height in 16 bits each.
SIDE_MAX_PX = 65_535

_JPEG_START = b"\xff\xd8\xff"
_JPEG_END = b"\xff\xd9"
_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SESSION = re.compile(r"[0-9a-f]{16}")
_SHOWN_LENGTH = 80


class RecordInvalid(ValueError):
    """A frame record breaks a rule of its format.

    `field` is the wire name (a header, `key` or `value`), `value` what was found there (shortened)
    and `expected` what would be right.
    """

    def __init__(self, field: str, value: object, expected: str) -> None:
        self.field = field
        self.value = _shown(value)
        self.expected = expected
        super().__init__(f"frame record: {field} is {self.value}, expected {expected}")


def _shown(value: object) -> str:
    """Describe a value in one short line: pictures by their length, never in full."""
    if value is None:
        return "absent"
    if isinstance(value, bytes) and len(value) > _SHOWN_LENGTH:
        return f"{len(value)} bytes beginning {value[:8].hex(' ')}"
    text = repr(value)
    return text if len(text) <= _SHOWN_LENGTH else text[:_SHOWN_LENGTH] + "..."


@dataclass(frozen=True, slots=True)
class StreamName:
    """The VideoStream a frame belongs to: two Kubernetes names."""

    namespace: str
    name: str

    def __post_init__(self) -> None:
        """Refuse names that Kubernetes would refuse; a slash in one would make keys ambiguous."""
        for part in (self.namespace, self.name):
            if not _DNS_LABEL.fullmatch(part):
                raise RecordInvalid("ce_source", part, "a DNS label: a-z, 0-9 and '-', at most 63")

    def __str__(self) -> str:
        """Give the form used in keys and logs: `namespace/name`."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class FrameRecord:
    """One frame with all that a consumer needs, so that no consumer must remember another frame.

    `capture_time_ns` is Unix time in nanoseconds, `width` and `height` are pixels of `jpeg`.
    `thumbnail` is a small gray JPEG of this frame; `reference` is the thumbnail of the frame that
    was captured before it, `reference_sequence` that frame's number if it was sent as well.
    """

    stream: StreamName
    session: str
    sequence: int
    capture_time_ns: int
    width: int
    height: int
    jpeg: bytes
    thumbnail: bytes | None = None
    reference: bytes | None = None
    reference_sequence: int | None = None

    def __post_init__(self) -> None:
        """Refuse what could not be written down; raises RecordInvalid."""
        if not _SESSION.fullmatch(self.session):
            raise RecordInvalid("ce_session", self.session, "16 lower-case hexadecimal digits")
        _check_range("ce_sequence", self.sequence, 0, SEQUENCE_MAX)
        _check_range("ce_capturetimens", self.capture_time_ns, 0, CAPTURE_TIME_MAX_NS)
        _check_range("ce_width", self.width, 1, SIDE_MAX_PX)
        _check_range("ce_height", self.height, 1, SIDE_MAX_PX)
        _check_jpeg("value", self.jpeg)
        if self.thumbnail is not None:
            _check_jpeg("vst-thumbnail", self.thumbnail)
        self._check_reference()

    def _check_reference(self) -> None:
        """Check the reference picture and its number, which may not stand alone."""
        if self.reference is not None:
            _check_jpeg("vst-reference", self.reference)
        if self.reference_sequence is None:
            return
        if self.reference is None:
            expected = "a JPEG, because vst-reference-sequence is present"
            raise RecordInvalid("vst-reference", None, expected)
        if not 0 <= self.reference_sequence < self.sequence:
            expected = f"0 or more and below ce_sequence ({self.sequence})"
            raise RecordInvalid("vst-reference-sequence", self.reference_sequence, expected)


def _check_range(field: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise RecordInvalid(field, value, f"{low} to {high}")


def _check_jpeg(field: str, value: bytes) -> None:
    # Only the two ends are looked at: that finds truncated and foreign data at no cost.
    if not (value.startswith(_JPEG_START) and value.endswith(_JPEG_END)):
        raise RecordInvalid(field, value, "a whole JPEG (begins ff d8 ff, ends ff d9)")
