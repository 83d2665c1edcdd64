"""What is wrong with the parameters of a stream's signals, told before a pod starts. Pure.

The CRD's schema cannot know the parameters of a type, so a VideoStream with wrong ones is stored.
It is understood and can be deleted like any other, which is why `parse` does not refuse it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from videostream_controller.api.fields import FieldError
from videostream_pipeline.built_in_signals import BUILT_IN
from videostream_pipeline.signal_parameters import ParametersInvalid, check_values, read_signal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from videostream_controller.api.model import VideoStream


def check_signals(stream: VideoStream) -> list[FieldError]:
    """Return every parameter that its signal's type does not take.

    What a type that is not built in takes, only its image knows: its consumers check the rest.
    """
    return [
        error
        for index, entry in enumerate(stream.raw_spec["signals"])
        for error in _errors(f"spec.signals[{index}]", entry)
    ]


def _errors(path: str, entry: Mapping[str, Any]) -> list[FieldError]:
    kind = BUILT_IN.get(entry["type"])
    try:
        if kind is None:
            check_values(entry)
        else:
            read_signal(kind, entry)
    except ParametersInvalid as error:
        return [
            FieldError(f"{path}.{fault.field}", fault.shown, fault.expected)
            for fault in error.faults
        ]
    return []
