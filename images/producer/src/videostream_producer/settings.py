"""What the process is told: environment variables as one frozen value.

Parsing is pure and reports every fault at once, so that a wrong stream is mended in one round.
The spec arrives in the spelling of the VideoStream resource; errors name its fields.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, cast, get_args

from videostream_producer.fields import (
    FieldError,
    Fields,
    choice,
    duration,
    flag,
    json_object,
    positive,
    text,
    texts,
    video_url,
    whole,
)
from videostream_record import RecordInvalid, StreamName

Partitioning = Literal["Interleaved", "Keyed"]
Transport = Literal["TCP", "UDP"]
Decode = Literal["Auto", "All", "KeyFrames"]

SCHEMES: Final = ("rtsp", "rtsps", "http", "https", "file")
FPS_MAX: Final = 120
SIDE_MAX_PX: Final = 16_384
MESSAGE_BYTES_MIN: Final = 16_384
MESSAGE_BYTES_MAX: Final = 64 * 1024 * 1024
_LOG_LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR")


class SettingsInvalid(ValueError):
    """The environment does not describe a producer; `errors` lists every fault."""

    def __init__(self, errors: tuple[FieldError, ...]) -> None:
        self.errors = errors
        super().__init__("; ".join(map(str, errors)))


@dataclass(frozen=True, slots=True)
class CredentialsRef:
    """Names of the Secret and its keys, only to name them to people."""

    name: str
    username_key: str
    password_key: str


@dataclass(frozen=True, slots=True)
class CaRef:
    """Names of a Secret and its key, only to name them to people."""

    name: str
    key: str


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """Whose certificates are taken: those signed by `ca`, None: by a public authority."""

    ca: CaRef | None = None
    insecure_skip_verify: bool = False


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """Where video comes from and how patient to be with it."""

    url: str
    credentials: CredentialsRef | None
    tls: TlsSettings
    open_timeout_s: float
    read_timeout_s: float
    stall_timeout_s: float
    initial_backoff_s: float
    max_backoff_s: float
    loop: bool
    transport: Transport
    decode: Decode

    @property
    def is_file(self) -> bool:
        """A recording has an end and can wait; a live source has neither."""
        return self.url.startswith("file:")


@dataclass(frozen=True, slots=True)
class FrameSettings:
    """How frames are sampled and pictured. `reference_width` None: no thumbnails."""

    fps: float
    width: int | None
    height: int | None
    jpeg_quality: int
    drop: bool
    reference_width: int | None


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """Where frames go."""

    topic: str
    partitioning: Partitioning
    max_message_bytes: int


@dataclass(frozen=True, slots=True)
class Settings:
    """All that a producer process needs to know."""

    stream: StreamName
    uid: str
    pod: str
    log_level: str
    http_port: int
    source: SourceSettings
    frames: FrameSettings
    kafka: KafkaSettings
    influx_tags: Mapping[str, str]
    kafka_dir: Path
    influx_dir: Path
    credentials_dir: Path
    tls_dir: Path
    status_topic: str

    @property
    def blocks(self) -> bool:
        """Frames wait for Kafka instead of being dropped; those of a file always wait."""
        return self.source.is_file or not self.frames.drop


def parse_settings(environ: Mapping[str, str]) -> Settings:
    """Read the environment of a producer pod (docs/producer.md); raises SettingsInvalid."""
    errors: list[FieldError] = []
    env = Fields(environ, prefix="", errors=errors)
    # A spec that is no JSON is one fault, not one for each of its fields.
    spec_json = env.take("VIDEOSTREAM_SPEC", json_object)
    spec = Fields(spec_json or {}, prefix="spec.", errors=errors if spec_json else [])
    settings = Settings(
        stream=_stream(env),
        uid=env.take("VIDEOSTREAM_UID", text, ""),
        pod=env.take("POD_NAME", text),
        log_level=env.take("LOG_LEVEL", choice(*_LOG_LEVELS), "INFO"),
        http_port=env.take("HTTP_PORT", whole(0, 65_535), 8080),
        source=_source(spec),
        frames=_frames(spec),
        kafka=_kafka(spec),
        influx_tags=spec.take("influx.tags", texts, {}),
        kafka_dir=Path(env.take("KAFKA_CONNECTION_DIR", text, "/etc/videostream/kafka")),
        influx_dir=Path(env.take("INFLUX_CONNECTION_DIR", text, "/etc/videostream/influx")),
        credentials_dir=Path(env.take("CREDENTIALS_DIR", text, "/etc/videostream/credentials")),
        tls_dir=Path(env.take("TLS_DIR", text, "/etc/videostream/tls")),
        status_topic=env.take("STATUS_TOPIC", text, "videostream.status"),
    )
    if errors:
        raise SettingsInvalid(tuple(errors))
    return settings


def _stream(env: Fields) -> StreamName:
    namespace = env.take("VIDEOSTREAM_NAMESPACE", _label)
    name = env.take("VIDEOSTREAM_NAME", _label)
    return StreamName(namespace or "x", name or "x")


def _label(value: object) -> str:
    try:
        return StreamName("x", text(value)).name
    except RecordInvalid as error:
        raise ValueError(error.expected) from None


def _source(spec: Fields) -> SourceSettings:
    initial_s = spec.take("source.reconnect.initialBackoff", duration)
    max_s = spec.take("source.reconnect.maxBackoff", duration)
    if initial_s and max_s and max_s < initial_s:
        expected = f"not below source.reconnect.initialBackoff ({initial_s:g} s)"
        spec.errors.append(FieldError("spec.source.reconnect.maxBackoff", f"{max_s:g} s", expected))
    return SourceSettings(
        url=spec.take("source.url", video_url(SCHEMES)) or "",
        credentials=_credentials(spec),
        tls=_tls(spec),
        open_timeout_s=spec.take("source.openTimeout", duration),
        read_timeout_s=spec.take("source.readTimeout", duration),
        stall_timeout_s=spec.take("source.stallTimeout", duration),
        initial_backoff_s=initial_s,
        max_backoff_s=max_s,
        loop=spec.take("source.loop", flag, False),
        transport=cast(
            "Transport", spec.take("source.transport", choice(*get_args(Transport)), "TCP")
        ),
        decode=cast("Decode", spec.take("source.decode", choice(*get_args(Decode)), "Auto")),
    )


def _credentials(spec: Fields) -> CredentialsRef | None:
    if not spec.has("source.credentialsSecretRef"):
        return None
    return CredentialsRef(
        name=spec.take("source.credentialsSecretRef.name", text),
        username_key=spec.take("source.credentialsSecretRef.usernameKey", text, "username"),
        password_key=spec.take("source.credentialsSecretRef.passwordKey", text, "password"),
    )


def _tls(spec: Fields) -> TlsSettings:
    ca = None
    if spec.has("source.tls.caSecretRef"):
        ca = CaRef(
            name=spec.take("source.tls.caSecretRef.name", text),
            key=spec.take("source.tls.caSecretRef.key", text, "ca.crt"),
        )
    return TlsSettings(ca, spec.take("source.tls.insecureSkipVerify", flag, False))


def _frames(spec: Fields) -> FrameSettings:
    mode = spec.take("frames.reference.mode", choice("None", "Previous"))
    side = whole(1, SIDE_MAX_PX)
    return FrameSettings(
        fps=spec.take("frames.fps", positive(FPS_MAX)),
        width=spec.take("frames.width", side, None),
        height=spec.take("frames.height", side, None),
        jpeg_quality=spec.take("frames.jpegQuality", whole(1, 100)),
        drop=spec.take("frames.onBackpressure", choice("Drop", "Block")) == "Drop",
        reference_width=(
            None if mode == "None" else spec.take("frames.reference.width", whole(8, 1024))
        ),
    )


def _kafka(spec: Fields) -> KafkaSettings:
    message_bytes = whole(MESSAGE_BYTES_MIN, MESSAGE_BYTES_MAX)
    return KafkaSettings(
        topic=spec.take("kafka.topic.name", text),
        partitioning=cast(
            "Partitioning", spec.take("kafka.partitioning", choice("Interleaved", "Keyed"))
        ),
        max_message_bytes=spec.take("kafka.topic.maxMessageBytes", message_bytes),
    )
