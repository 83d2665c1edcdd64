"""The parts of a `multipart/x-mixed-replace` stream, as cameras send motion JPEG. Pure.

Cameras differ: some give a part's length, some do not; some count the two dashes before a
boundary as part of its name.
"""

import re
from email.message import Message
from typing import Final

_LENGTH: Final = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)
_HEAD_END: Final = re.compile(rb"\r?\n\r?\n")


def boundary_of(content_type: str) -> bytes | None:
    """Give the boundary without its dashes; None if the type is no multipart or names none."""
    message = Message()
    message["Content-Type"] = content_type
    if message.get_content_maintype() != "multipart":
        return None
    name = message.get_boundary()
    return name.strip("-").encode("latin-1", errors="replace") or None if name else None


def take_part(buffer: bytearray, boundary: bytes) -> bytes | None:
    """Take the next part's body out of the buffer; None, and the buffer as it was: more is needed.

    What stands before the first boundary is passed over.
    """
    start = buffer.find(boundary)
    head_end = _HEAD_END.search(buffer, start + len(boundary)) if start >= 0 else None
    if head_end is None:
        return None
    begin = head_end.end()
    length = _LENGTH.search(buffer, start, begin)
    if length is not None:
        end = begin + int(length[1])
        if len(buffer) < end:
            return None
        body = bytes(buffer[begin:end])
    else:
        end = buffer.find(boundary, begin)
        if end < 0:
            return None
        body = bytes(buffer[begin:end]).rstrip(b"-\r\n")
    del buffer[:end]
    return body
