"""VideoStreams as they were last seen, each parsed once in each of its versions.

They are looked at thousands of times for each time that one changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from videostream_controller.api import GROUP, parse
from videostream_controller.store import Store

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from videostream_controller.api import FieldError, VideoStream
    from videostream_controller.store import Body

_STREAM_LABEL: Final = f"{GROUP}/stream"


def stream_of(deployment: Mapping[str, Any]) -> str | None:
    """Return the key of the stream that a Deployment belongs to."""
    metadata = deployment["metadata"]
    owners = [one for one in metadata.get("ownerReferences", []) if one.get("controller")]
    name = owners[0]["name"] if owners else metadata.get("labels", {}).get(_STREAM_LABEL)
    return f"{metadata['namespace']}/{name}" if name else None


class Streams(Store):
    """A store of VideoStreams that can also be had parsed."""

    def __init__(self) -> None:
        super().__init__()
        self._parsed: dict[str, tuple[Body, VideoStream | list[FieldError]]] = {}

    def parsed(self, key: str) -> VideoStream | list[FieldError] | None:
        """Return the newest version or what is wrong with it, None where there is no stream."""
        body = self.get(key)
        if body is None:
            self._parsed.pop(key, None)
            return None
        held, parsed = self._parsed.get(key, (None, None))
        if held is not body or parsed is None:
            parsed = parse(body)
            self._parsed[key] = (body, parsed)
        return parsed
