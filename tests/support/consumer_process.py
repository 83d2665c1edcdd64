"""Real consumer processes on a real topic and bucket, as the controller would start them."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from tests.support.consumer_environment import consumer_environment, consumer_spec
from tests.support.containers import free_port
from tests.support.eventually import eventually
from tests.support.influxdb import Influx
from tests.support.kafka import Broker
from videostream_record import FrameRecord, encode

PARTITIONS = 12


class ConsumerProcess:
    """A running `python -m videostream_consumer` with its log; killed at the end of `with`."""

    def __init__(self, environ: dict[str, str], log: Path) -> None:
        self.port = int(environ["HTTP_PORT"])
        self.log = log
        with log.open("wb") as output:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "videostream_consumer"],
                env={"PATH": os.environ["PATH"], **environ},
                stdout=output,
                stderr=output,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
        if error is not None:
            print(f"--- {self.log.name}\n{self.log.read_text()[-4000:]}")

    @property
    def pid(self) -> int:
        """Its number among the processes of this machine."""
        return self._child.pid

    def get(self, path: str) -> tuple[int, str]:
        """Ask its HTTP server; (0, "") while there is none."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except (urllib.error.URLError, OSError):
            return 0, ""

    def metric(self, sample: str) -> float:
        """Return a sample of /metrics by its name and labels; nan when it is not there."""
        for line in self.get("/metrics")[1].splitlines():
            name, _, value = line.rpartition(" ")
            if name == sample:
                return float(value)
        return float("nan")

    def events(self, message: str) -> list[dict[str, Any]]:
        """Return the log lines with this message."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line[:1] == "{"]
        return [line for line in lines if line["message"] == message]

    def wait_ready(self) -> Self:
        """Wait until /readyz says so."""
        eventually(
            lambda: self.get("/readyz") == (200, "ok\n"), timeout_s=40, what="ready", period_s=0.05
        )
        return self

    def kill(self) -> None:
        """End it as a node failure would."""
        self._child.kill()
        self._child.wait()

    def terminate(self, timeout_s: float = 25.0) -> int:
        """End it as the kubelet would; return the exit code."""
        self._child.send_signal(signal.SIGTERM)
        return self._child.wait(timeout_s)


@dataclass(frozen=True, slots=True)
class Stage:
    """A topic, a bucket and what a consumer needs to connect them."""

    directory: Path
    kafka: Broker
    influx: Influx
    topic: str
    status_topic: str
    group: str = field(default_factory=lambda: f"group-{uuid.uuid4().hex[:8]}")
    stream: str = "test/cam"

    def consumer(self, pod: str, *, token: str | None = None, **spec: Any) -> ConsumerProcess:
        """Start a consumer. `spec` goes into VIDEOSTREAM_SPEC; frames have no age limit."""
        given = {"max_frame_age": "0s", **spec}
        environ = consumer_environment(
            consumer_spec(topic=self.topic, group=self.group, **given),
            stream=self.stream,
            pod=pod,
            http_port=free_port(),
            kafka_directory=self.kafka.write_connection(self.directory / "kafka"),
            influx_directory=self.influx.write_connection(self.directory / "influx", token=token),
        )
        environ["STATUS_TOPIC"] = self.status_topic
        return ConsumerProcess(environ, self.directory / f"{pod}.log")

    def publish(self, records: Iterable[FrameRecord]) -> None:
        """Publish records as the producer does: partition = sequence mod partitions."""
        producer = self.kafka.producer()
        for item in records:
            key, value, headers = encode(item)
            partition = item.sequence % PARTITIONS
            producer.produce(self.topic, value, key, partition=partition, headers=[*headers])
            producer.poll(0)
        assert producer.flush(30) == 0

    def points(self) -> dict[str, list[str]]:
        """Return all points of the stream by measurement, as sorted text."""
        found = {}
        for measurement in ("frame", "brightness", "motion"):
            rows = self.influx.query(f"SELECT * FROM {measurement}")
            found[measurement] = sorted(json.dumps(row, sort_keys=True) for row in rows)
        return found

    def sequences(self) -> list[int]:
        """Return the sequence numbers in the ledger, sorted."""
        return sorted(row["sequence"] for row in self.influx.query("SELECT sequence FROM frame"))

    def wait_for(self, count: int, *, timeout_s: float = 60.0) -> None:
        """Wait until the ledger has this many frames, all of them different."""
        expected = list(range(count))
        eventually(
            lambda: self.sequences() == expected,
            timeout_s=timeout_s,
            what=f"{count} frames in InfluxDB",
            period_s=0.2,
        )

    def committed(self) -> dict[int, int]:
        """Return the group's committed offsets by partition."""
        return {p: o for p, (o, _) in self.kafka.committed(self.group, self.topic).items()}

    def wait_committed(self, count: int) -> None:
        """Wait until the group has committed this many records in all."""
        probe: Callable[[], bool] = lambda: sum(self.committed().values()) == count  # noqa: E731
        eventually(probe, timeout_s=20, what=f"{count} records committed", period_s=0.2)

    def statuses(self) -> list[tuple[str, dict[str, Any] | None]]:
        """Return all status records so far, as key and parsed value."""
        reader = Consumer({**self.kafka.client, "group.id": uuid.uuid4().hex})
        found: list[tuple[str, dict[str, Any] | None]] = []
        try:
            place = TopicPartition(self.status_topic, 0)
            _, end = reader.get_watermark_offsets(place, timeout=10)
            reader.assign([TopicPartition(self.status_topic, 0, OFFSET_BEGINNING)])
            while len(found) < end:
                for message in reader.consume(100, timeout=1):
                    if message.error() is not None:
                        continue
                    value = message.value()
                    parsed = None if value is None else json.loads(value)
                    found.append(((message.key() or b"").decode(), parsed))
        finally:
            reader.close()
        return found
