"""`helm test`: one record through every Kafka, one point into every InfluxDB, as pods do it."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Final

from videostream_controller import kafka
from videostream_controller.kafka import KafkaClient, KafkaRefused, KafkaUnavailable
from videostream_controller.topic import WantedTopic
from videostream_pipeline.connection import ConnectionInvalid
from videostream_pipeline.influx import Accepted, InfluxWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_log = logging.getLogger(__name__)
_ATTEMPTS: Final = 10
_PAUSE_S: Final = 3.0


def main(env: Mapping[str, str]) -> int:
    """Test every connection; gives 0 when all work, 1 otherwise."""
    kafka_dir = Path(env.get("KAFKA_CONNECTIONS_DIR", "/etc/videostream/kafka"))
    influx_dir = Path(env.get("INFLUX_CONNECTIONS_DIR", "/etc/videostream/influx"))
    tested = [
        *((f"Kafka {one.name}", one, kafka_works) for one in _folders(kafka_dir)),
        *((f"InfluxDB {one.name}", one, influx_works) for one in _folders(influx_dir)),
    ]
    if not tested:
        _log.error("no connections in %s and %s", kafka_dir, influx_dir)
        return 1
    failures = [name for name, directory, test in tested if not _passes(name, directory, test)]
    return 1 if failures else 0


def kafka_works(directory: Path) -> str | None:
    """Send a record through a topic of its own and read it back; None when that works."""
    return asyncio.run(_round_trip(directory))


def influx_works(directory: Path) -> str | None:
    """Write one point with the consumers' token; None when that works."""
    writer = InfluxWriter(directory)
    try:
        result = writer.write([f"connection_test ok=true {time.time_ns()}"])
    except ConnectionInvalid as error:
        return str(error)
    finally:
        writer.close()
    return None if isinstance(result, Accepted) else str(result)


def _folders(directory: Path) -> list[Path]:
    return sorted(one for one in directory.iterdir() if one.is_dir()) if directory.is_dir() else []


def _passes(name: str, directory: Path, test: Callable[[Path], str | None]) -> bool:
    for attempt in range(1, _ATTEMPTS + 1):
        reason = test(directory)
        if reason is None:
            _log.info("%s works", name)
            return True
        _log.warning("%s: attempt %d of %d: %s", name, attempt, _ATTEMPTS, reason)
        if attempt < _ATTEMPTS:
            time.sleep(_PAUSE_S)
    return False


async def _round_trip(directory: Path) -> str | None:
    client = KafkaClient(directory)
    name = f"videostream.connection-test.{uuid.uuid4().hex[:8]}"
    topic = WantedTopic(name, partitions=1, replication_factor=None, config={})
    try:
        await kafka.create_topic(client, topic)
        try:
            return await asyncio.to_thread(kafka.echo, client.properties(), name)
        finally:
            await kafka.delete_topic(client, name)
    except (KafkaUnavailable, KafkaRefused) as error:
        return str(error)
