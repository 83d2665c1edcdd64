"""Starts a consumer and ends it cleanly: `python -m videostream_consumer`."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING, Final, TypeVar

from confluent_kafka import KafkaException

from videostream_consumer.capacity import Capacity
from videostream_consumer.loop import Loop
from videostream_consumer.measure import Plan, plan_measurement
from videostream_consumer.reporting import StatusTopic
from videostream_consumer.settings import Settings, SettingsInvalid, read_settings
from videostream_consumer.signals.registry import SignalsInvalid, installed_types
from videostream_consumer.subscribe import Subscription, SubscriptionFailed
from videostream_consumer.vitals import Vitals
from videostream_pipeline.connection import (
    ConnectionInvalid,
    fingerprint,
    read_kafka_connection,
)
from videostream_pipeline.health import HealthServer
from videostream_pipeline.influx import InfluxWriter
from videostream_pipeline.logs import Redactor, configure_logging
from videostream_pipeline.status import SignalsStatus, SinkStatus

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_EXIT_FAILED: Final = 1
_EXIT_USAGE: Final = 2
_TELL_PERIOD_S: Final = 1.0
_CONNECTION_RETRY_S: Final = 2.0
_log = logging.getLogger("videostream_consumer")


def main() -> int:
    """Run until SIGTERM or SIGINT; return the exit code."""
    redactor = configure_logging("INFO")
    try:
        settings = read_settings(os.environ)
    except SettingsInvalid as error:
        _log.critical("the environment is not usable:\n%s", error)
        return _EXIT_USAGE
    logging.getLogger().setLevel(settings.log_level)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    _log.info("starting", extra={"stream": str(settings.stream), "group_id": settings.group_id})
    vitals = Vitals()
    with HealthServer(port=settings.http_port, healthy=vitals.healthy, ready=vitals.ready):
        code = _run(settings, vitals=vitals, redactor=redactor, stop=stop)
    _log.info("ended", extra={"exit_code": code})
    return code


def _run(settings: Settings, *, vitals: Vitals, redactor: Redactor, stop: threading.Event) -> int:
    """Do the work of the process and return its exit code."""
    try:
        plan = plan_measurement(settings, installed_types())
    except SignalsInvalid as error:
        _stand_by(settings, str(error), vitals=vitals, stop=stop)
        return 0
    try:
        _consume(settings, plan, vitals=vitals, redactor=redactor, stop=stop)
    except SubscriptionFailed as error:
        _log.critical("the Kafka client cannot go on: %s", error)
        return _EXIT_FAILED
    return 0


def _consume(
    settings: Settings,
    plan: Plan,
    *,
    vitals: Vitals,
    redactor: Redactor,
    stop: threading.Event,
) -> None:
    """Process records until the end, then hand the partitions over.

    Where Kafka refuses what the connection held when it was read, join anew with what it holds now.
    """
    capacity = Capacity(member=settings.pod, now=time.monotonic())

    def join() -> Loop:
        return Loop(
            settings,
            plan,
            status=StatusTopic(settings, read_kafka_connection(settings.kafka_directory)),
            subscription=Subscription(
                directory=settings.kafka_directory,
                topic=settings.topic,
                group_id=settings.group_id,
                pod=settings.pod,
                redactor=redactor,
                metadata=lambda: capacity.metadata(now=time.monotonic(), unix_time=time.time()),
            ),
            writer=writer,
            capacity=capacity,
            stop=stop,
        )

    with closing(InfluxWriter(settings.influx_directory)) as writer:
        while (loop := _persist(join, vitals=vitals, stop=stop)) is not None:
            vitals.loop = loop
            try:
                loop.run()
            finally:
                loop.close()
                vitals.loop = None


def _stand_by(settings: Settings, fault: str, *, vitals: Vitals, stop: threading.Event) -> None:
    """Say what is wrong with the signals until the end.

    No record is taken: a stream half measured would lose the other half for good, while records
    that wait in Kafka are measured once the VideoStream is mended.
    """
    _log.error("signals are invalid: %s", fault)
    vitals.reason = fault
    directory = settings.kafka_directory
    sink = SinkStatus("Reachable", "not used while the signals are invalid")
    signals = SignalsStatus("Invalid", fault)

    def connect() -> StatusTopic:
        return StatusTopic(settings, read_kafka_connection(directory))

    while (status := _persist(connect, vitals=vitals, stop=stop)) is not None:
        vitals.reason = fault
        read_from = fingerprint(directory)
        while fingerprint(directory) == read_from:
            status.tell(sink=sink, signals=signals, lag_records=None, now=time.monotonic())
            if stop.wait(_TELL_PERIOD_S):
                status.say_farewell()
                return


def _persist(make: Callable[[], T], *, vitals: Vitals, stop: threading.Event) -> T | None:
    """Make what needs the Kafka connection, as often as it takes; None when the end comes first.

    A Secret may come later than the pod, or be mended while the pod runs.
    """
    while not stop.is_set():
        try:
            return make()
        except (ConnectionInvalid, KafkaException) as error:
            vitals.reason = f"no usable Kafka connection: {error}"
            _log.warning("%s", vitals.reason)
        stop.wait(_CONNECTION_RETRY_S)
    return None


if __name__ == "__main__":
    sys.exit(main())
