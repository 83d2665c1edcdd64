"""Handing records to Kafka: bounded, idempotent, and every record's fate counted.

The sequence number is given here, at hand-over, so that numbers in the topic have gaps only where
Kafka lost something.  An outage of the brokers never raises: frames are dropped or wait.
"""

import logging
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from videostream_pipeline.connection import (
    ConnectionInvalid,
    Fingerprint,
    fingerprint,
    read_kafka_connection,
)
from videostream_pipeline.logs import Redactor
from videostream_producer.encode import Pictures
from videostream_producer.metrics import Metrics
from videostream_producer.settings import Settings
from videostream_record import FrameRecord, encode

QUEUE_RECORDS_LIVE: Final = 64
QUEUE_RECORDS_PATIENT: Final = 1000
QUEUE_KB: Final = 32_768
DELIVERY_TIMEOUT_LIVE_MS: Final = 10_000
# Room for what Kafka adds to a record: batch header, lengths, header names' lengths.
FRAMING_BYTES: Final = 512
BATCH_BYTES: Final = 1_000_000
RECONNECT_S: Final = 5.0
RENEW_FLUSH_S: Final = 5.0
SAY_PERIOD_S: Final = 5.0
_CRITICAL: Final = 2  # syslog's number
_SECRET_PROPERTIES: Final = ("password", "secret", "key.pem", "oauthbearer.config", "jaas")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Shot:
    """A pictured frame before it has a sequence number."""

    pictures: Pictures
    capture_time_ns: int
    connection: int
    reference: bytes | None
    reference_sequence: int | None


class Refusal(Enum):
    """Why a record was not handed over."""

    QUEUE_FULL = "queue_full"
    TOO_LARGE = "too_large"
    # Only after a rotation of the connection that cannot be used: frames wait or are dropped.
    NOT_CONNECTED = "not_connected"


class Publisher:
    """Owns the Kafka client of the process; used by the main loop alone.

    `session` and `next_sequence` make each record's identity: the number grows with each record
    that the client accepted, and only then.
    """

    def __init__(self, settings: Settings, *, metrics: Metrics, redactor: Redactor) -> None:
        self.session = secrets.token_hex(8)
        self.next_sequence = 0
        self.client: Producer | None = None
        self._settings = settings
        self._metrics = metrics
        self._redactor = redactor
        self._read_from: Fingerprint = ()
        self._retry_at_s = 0.0
        self._said_at_s = -SAY_PERIOD_S
        self._fatal = False
        self._status_pending = False

    def connect(self) -> None:
        """Make the client if there is none, and a new one when its directory changed."""
        now_s = time.monotonic()
        if now_s < self._retry_at_s:
            return
        self._retry_at_s = now_s + RECONNECT_S
        content = fingerprint(self._settings.kafka_dir)
        if self.client is not None and content == self._read_from and not self._fatal:
            return
        try:
            client = self._make_client()
        except (ConnectionInvalid, KafkaException) as error:
            self._say(f"the connection cannot be used: {error}")
            return
        if self.client is not None:
            _log.info("the connection to Kafka changed: using the new one")
            self.close(timeout_s=RENEW_FLUSH_S, reason="renewed")
        self.client, self._read_from, self._fatal = client, content, False

    def offer(self, shot: Shot, *, partitions: int) -> int | Refusal:
        """Hand a frame over; give its sequence number, or why it was not taken."""
        if self.client is None:
            return Refusal.NOT_CONNECTED
        record = self._record(shot)
        key, value, headers = encode(record)
        size = len(key) + len(value) + sum(len(name) + len(data) for name, data in headers)
        if size + FRAMING_BYTES > self._settings.kafka.max_message_bytes:
            return Refusal.TOO_LARGE
        placing: dict[str, Any] = {}
        if self._settings.kafka.partitioning == "Interleaved":
            placing["partition"] = record.sequence % partitions
        try:
            self.client.produce(
                self._settings.kafka.topic,
                value,
                key,
                headers=list(headers),
                timestamp=shot.capture_time_ns // 1_000_000,
                on_delivery=partial(self._frame_delivered, shot.capture_time_ns),
                **placing,
            )
        except BufferError:
            return Refusal.QUEUE_FULL
        except KafkaException as error:
            return self._not_produced(error)
        self.next_sequence += 1
        return record.sequence

    def send_status(self, key: bytes, value: bytes) -> bool:
        """Send a status record unless one is under way; return whether it was taken."""
        if self.client is None or self._status_pending:
            return False
        try:
            self.client.produce(
                self._settings.status_topic, value, key, on_delivery=self._status_delivered
            )
        except (BufferError, KafkaException):
            self._metrics.status_failed.inc()
            return False
        self._status_pending = True
        return True

    def poll(self, timeout_s: float = 0.0) -> None:
        """Let delivery callbacks run; must be called often."""
        if self.client is not None:
            self.client.poll(timeout_s)
            self._metrics.queue_records.set(len(self.client))

    def close(self, *, timeout_s: float, reason: str = "shutdown") -> None:
        """Wait for answers, give up what has none by then and count it."""
        if self.client is None:
            return
        left = self.client.flush(timeout_s)
        if left:
            _log.warning("%d records were not acknowledged in time", left, extra={"cause": reason})
            self.client.purge()
            self.client.poll(0)
        self.client = None
        self._status_pending = False

    def _record(self, shot: Shot) -> FrameRecord:
        pictures = shot.pictures
        return FrameRecord(
            stream=self._settings.stream,
            session=self.session,
            sequence=self.next_sequence,
            capture_time_ns=shot.capture_time_ns,
            width=pictures.width,
            height=pictures.height,
            jpeg=pictures.jpeg,
            thumbnail=pictures.thumbnail,
            reference=shot.reference,
            reference_sequence=shot.reference_sequence,
        )

    def _not_produced(self, error: KafkaException) -> Refusal:
        cause: KafkaError = error.args[0]
        if cause.code() == KafkaError.MSG_SIZE_TOO_LARGE:
            return Refusal.TOO_LARGE
        if cause.fatal():
            self._fatal = True
        self._say(f"a record was refused: {cause.str()}")
        return Refusal.NOT_CONNECTED

    def _frame_delivered(self, captured_ns: int, error: KafkaError | None, _: Message) -> None:
        if error is not None:
            self._metrics.delivery_failed.labels(error.name().lower().lstrip("_")).inc()
            return
        self._metrics.published.inc()
        waited_s = (time.time_ns() - captured_ns) / 1e9
        self._metrics.delivery_seconds.observe(max(0.0, waited_s))

    def _status_delivered(self, error: KafkaError | None, _: Message) -> None:
        self._status_pending = False
        if error is not None:
            self._metrics.status_failed.inc()

    def _make_client(self) -> Producer:
        properties = read_kafka_connection(self._settings.kafka_dir)
        for name, value in properties.items():
            if any(part in name for part in _SECRET_PROPERTIES):
                self._redactor.register(value)
        # What librdkafka would print goes through the process's log, redacted like all else; its
        # errors come by the callback already, so of its log only what is worse is kept.
        config = client_properties(self._settings, properties)
        config |= {"error_cb": self._failed, "log_level": _CRITICAL}
        return Producer(config, logger=logging.getLogger("kafka"))

    def _failed(self, error: KafkaError) -> None:
        self._fatal = self._fatal or error.fatal()
        # The sum of single failures, which are reported too; it also comes as "0/1 are down".
        if error.code() != KafkaError._ALL_BROKERS_DOWN:  # noqa: SLF001 (the library's own name)
            self._say(error.str())

    def _say(self, problem: str) -> None:
        """Log a problem; in an outage the client reports ten a second, of which few are told."""
        now_s = time.monotonic()
        if now_s - self._said_at_s < SAY_PERIOD_S:
            return
        self._said_at_s = now_s
        _log.warning("Kafka: %s", problem)


def client_properties(settings: Settings, connection: Mapping[str, str]) -> dict[str, Any]:
    """Give librdkafka's properties: what the connection says, then the limits that we rely on.

    Live: at most 64 frames and 32 MiB wait, 10 s long: older pictures are worth nothing.  Giving
    one up starts a new producer epoch, after which the broker no longer knows what it has of those
    still waiting: they may be stored twice.  Giving up all of them instead would lose more.
    Patient (recordings, Block): more may wait, for as long as it takes.
    """
    patient = settings.blocks
    message_bytes = settings.kafka.max_message_bytes
    return (
        {"client.id": f"videostream-producer/{settings.stream}"}
        | dict(connection)
        | {
            "acks": "all",
            "enable.idempotence": True,
            "linger.ms": 5,
            "compression.type": "none",  # a JPEG does not shrink
            "partitioner": "murmur2_random",  # as clients in other languages
            "allow.auto.create.topics": False,  # topics are the controller's
            "message.max.bytes": message_bytes,
            "batch.size": min(BATCH_BYTES, message_bytes),
            "queue.buffering.max.messages": QUEUE_RECORDS_PATIENT
            if patient
            else QUEUE_RECORDS_LIVE,
            "queue.buffering.max.kbytes": max(QUEUE_KB, 4 * message_bytes // 1024),
            "message.timeout.ms": 0 if patient else DELIVERY_TIMEOUT_LIVE_MS,
        }
    )
