"""The `pipeline` measurement: what a process did in the last interval (docs/points.md).

Producer and consumers write it alike, so that one dashboard shows both.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from videostream_pipeline.line_protocol import FieldValue, format_line, series_prefix

if TYPE_CHECKING:
    from collections.abc import Mapping

    from videostream_pipeline.status import Role

PERIOD_S: Final = 10.0
_MILLISECOND_NS: Final = 1_000_000


def pipeline_line(
    fields: Mapping[str, FieldValue],
    *,
    namespace: str,
    stream: str,
    role: Role,
    tags: Mapping[str, str],
    pod: str,
    now_ns: int,
) -> str:
    """Return the point of one interval that ends now."""
    own = {"namespace": namespace, "stream": stream, "role": role}
    prefix = series_prefix("pipeline", {**tags, **own})
    return format_line(prefix, {**fields, "pod": pod}, point_time_ns(now_ns, pod))


def point_time_ns(now_ns: int, pod: str) -> int:
    """Return now with what is below the millisecond replaced by a hash of the pod.

    The pod is a field, not a tag (each new pod would be a new series), so only the time keeps
    the points of pods apart.
    """
    return now_ns - now_ns % _MILLISECOND_NS + zlib.crc32(pod.encode()) % _MILLISECOND_NS
