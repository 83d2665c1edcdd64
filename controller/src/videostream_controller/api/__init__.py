"""What a VideoStream object says, as typed data: the one reader of the custom resource.

The CRD refuses bad objects at `kubectl apply`; `parse` turns what was let in into dataclasses whose
durations are seconds and whose defaults are filled, so that no other module looks into a raw body.
"""

from videostream_controller.api.fields import FieldError
from videostream_controller.api.model import (
    API_VERSION,
    FINALIZER,
    GROUP,
    KIND,
    PAUSED_ANNOTATION,
    PLURAL,
    SKIP_CLEANUP_ANNOTATION,
    VERSION,
    ConfigMapVolume,
    Consumer,
    Credentials,
    Frames,
    Influx,
    Kafka,
    Metadata,
    PersistentVolumeClaimVolume,
    Pod,
    Point,
    Producer,
    Reconnect,
    Reference,
    Scaling,
    Signal,
    Source,
    Topic,
    VideoStream,
    Volume,
    Zone,
)
from videostream_controller.api.parse import parse
from videostream_controller.api.signals import check_signals

__all__ = [
    "API_VERSION",
    "FINALIZER",
    "GROUP",
    "KIND",
    "PAUSED_ANNOTATION",
    "PLURAL",
    "SKIP_CLEANUP_ANNOTATION",
    "VERSION",
    "ConfigMapVolume",
    "Consumer",
    "Credentials",
    "FieldError",
    "Frames",
    "Influx",
    "Kafka",
    "Metadata",
    "PersistentVolumeClaimVolume",
    "Pod",
    "Point",
    "Producer",
    "Reconnect",
    "Reference",
    "Scaling",
    "Signal",
    "Source",
    "Topic",
    "VideoStream",
    "Volume",
    "Zone",
    "check_signals",
    "parse",
]
