"""The VideoStream object as frozen data, with the names that are derived from it.

Field names are the CRD's in snake case; durations are seconds. `raw_spec` keeps the CR's own
spelling for the pods, which get parts of it verbatim.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

GROUP = "videostream.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
KIND = "VideoStream"
PLURAL = "videostreams"

FINALIZER = f"{GROUP}/kafka-topic"
SKIP_CLEANUP_ANNOTATION = f"{GROUP}/skip-cleanup"
PAUSED_ANNOTATION = f"{GROUP}/paused"

OnBackpressure = Literal["Drop", "Block"]
ReferenceMode = Literal["None", "Previous"]
Partitioning = Literal["Interleaved", "Keyed"]
DeletionPolicy = Literal["Delete", "Retain"]
StartFrom = Literal["Latest", "Earliest"]
Input = Literal["Frame", "Legacy"]
ScalingMode = Literal["Lag", "Fixed", "External"]


@dataclass(frozen=True, slots=True)
class Metadata:
    """The part of the object's metadata that decisions need."""

    namespace: str
    name: str
    uid: str
    generation: int
    resource_version: str
    deletion_timestamp: str | None
    annotations: Mapping[str, str]
    finalizers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Credentials:
    """The Secret, of the stream's own namespace, that holds the source's user and password."""

    secret_name: str
    username_key: str
    password_key: str


@dataclass(frozen=True, slots=True)
class CertificateAuthority:
    """The Secret, of the stream's own namespace, with who signs the source's certificate."""

    secret_name: str
    key: str


@dataclass(frozen=True, slots=True)
class PersistentVolumeClaimVolume:
    """The files are in this claim."""

    claim_name: str


@dataclass(frozen=True, slots=True)
class ConfigMapVolume:
    """The files, together below 1 MiB, are in this ConfigMap."""

    name: str


Volume = PersistentVolumeClaimVolume | ConfigMapVolume


@dataclass(frozen=True, slots=True)
class Reconnect:
    """Bounds of the exponential back-off between attempts to open the source."""

    initial_backoff_s: float
    max_backoff_s: float


@dataclass(frozen=True, slots=True)
class Source:
    """Where the video comes from."""

    url: str
    credentials: Credentials | None
    certificate_authority: CertificateAuthority | None
    open_timeout_s: float
    read_timeout_s: float
    stall_timeout_s: float
    reconnect: Reconnect
    loop: bool
    volume: Volume | None

    @property
    def is_file(self) -> bool:
        """Whether the video has an end (a file) or none (a camera)."""
        return self.url.startswith("file:")


@dataclass(frozen=True, slots=True)
class Reference:
    """The thumbnail of the previous frame that each record carries."""

    mode: ReferenceMode
    width: int


@dataclass(frozen=True, slots=True)
class Frames:
    """How the video becomes JPEG frames. `fps` is exact: "0.333" is 333/1000."""

    fps: Fraction
    width: int | None
    height: int | None
    jpeg_quality: int
    on_backpressure: OnBackpressure
    reference: Reference


@dataclass(frozen=True, slots=True)
class Topic:
    """The Kafka topic as the user wants it; `name` None means the derived one."""

    name: str | None
    partitions: int
    replication_factor: int | None
    retention_s: float
    max_message_bytes: int
    managed: bool


@dataclass(frozen=True, slots=True)
class Kafka:
    """On which Kafka, and how frames lie in it."""

    connection: str
    topic: Topic
    partitioning: Partitioning
    deletion_policy: DeletionPolicy


@dataclass(frozen=True, slots=True)
class Pod:
    """What the user may set of a producer's or consumer's pod; Kubernetes' own spelling inside."""

    image: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: tuple[Mapping[str, Any], ...] = ()
    affinity: Mapping[str, Any] | None = None
    resources: Mapping[str, Any] | None = None
    service_account_name: str | None = None
    priority_class_name: str | None = None


@dataclass(frozen=True, slots=True)
class Producer:
    """The one pod that captures."""

    suspend: bool
    pod: Pod


@dataclass(frozen=True, slots=True)
class Scaling:
    """Who decides the number of consumers, between which bounds, and by which aims.

    `min_replicas` may be 0: none for an idle stream. `per_replica_fps` is what the user says of one
    consumer, None for nothing.
    """

    mode: ScalingMode
    min_replicas: int
    max_replicas: int
    target_lag_s: float
    drain_time_s: float
    idle_after_s: float
    scale_down_window_s: float
    per_replica_fps: float | None


@dataclass(frozen=True, slots=True)
class Consumer:
    """The pods that compute signals. `replicas` is None exactly in mode Lag."""

    group_id: str | None
    start_from: StartFrom
    input: Input
    max_frame_age_s: float
    models: Volume | None
    replicas: int | None
    scaling: Scaling
    pod: Pod


@dataclass(frozen=True, slots=True)
class Point:
    """A corner of a zone in permille of the frame, origin top left."""

    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Zone:
    """A named polygon of the frame."""

    name: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Signal:
    """What is computed of each frame; no zones means the whole frame."""

    name: str
    type: str
    zones: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Influx:
    """To which InfluxDB the points go, and with which tags beside our own."""

    connection: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class VideoStream:
    """One camera and all that is wanted of it."""

    metadata: Metadata
    suspend: bool
    source: Source
    frames: Frames
    kafka: Kafka
    producer: Producer
    consumer: Consumer
    zones: tuple[Zone, ...]
    signals: tuple[Signal, ...]
    influx: Influx
    raw_spec: Mapping[str, Any]  # the whole spec, defaults filled, in the CR's spelling
    raw_status: Mapping[str, Any]

    @property
    def key(self) -> str:
        """`<namespace>/<name>`, the stream's identity in queues, logs and Kafka keys."""
        return f"{self.metadata.namespace}/{self.metadata.name}"

    @property
    def topic_name(self) -> str:
        """The Kafka topic of the stream's frames."""
        return self.kafka.topic.name or self._derived_name

    @property
    def group_id(self) -> str:
        """The Kafka consumer group of the stream's consumers."""
        return self.consumer.group_id or self._derived_name

    @property
    def producer_name(self) -> str:
        """The name of the producer's Deployment."""
        return f"{self.metadata.name}-producer"

    @property
    def consumer_name(self) -> str:
        """The name of the consumers' Deployment."""
        return f"{self.metadata.name}-consumer"

    @property
    def is_deleting(self) -> bool:
        """Whether the user has deleted the object and finalizers hold it."""
        return self.metadata.deletion_timestamp is not None

    @property
    def is_paused(self) -> bool:
        """Whether the user asked the controller to leave the stream alone."""
        return self.metadata.annotations.get(PAUSED_ANNOTATION) == "true"

    @property
    def skips_cleanup(self) -> bool:
        """Whether the user gave up the topic, so that deletion need not wait for Kafka."""
        return self.metadata.annotations.get(SKIP_CLEANUP_ANNOTATION) == "true"

    @property
    def _derived_name(self) -> str:
        return f"videostream.{self.metadata.namespace}.{self.metadata.name}"
