"""The contract of a signal, for those who write one (docs/signals.md).

A signal is a pure function of one record: the record carries the previous frame's thumbnail, so
nothing has to be remembered, any consumer can measure any frame, and measuring a frame again
gives the same point again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from videostream_pipeline.line_protocol import FieldValue

if TYPE_CHECKING:
    from videostream_consumer.frame import Frame, Need
    from videostream_consumer.zones import AnyZone

Fields = Mapping[str, FieldValue]


class Signal(Protocol):
    """One signal of a stream.

    Its type is a frozen dataclass whose fields, declared by the functions of
    videostream_pipeline.signal_parameters, are its parameters. `__post_init__` may refuse a
    combination of values, or what they name, by raising ValueError.
    """

    @property
    def need(self) -> Need:
        """The images that `measure` looks at."""

    def measure(self, frame: Frame, zones: Sequence[AnyZone]) -> Mapping[str, Fields]:
        """Return the fields of each zone by its name; a zone left out gets no point."""
