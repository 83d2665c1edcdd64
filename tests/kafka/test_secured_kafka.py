"""A Kafka with TLS, users and ACLs: the rights of the presets are enough, and secrets rotate."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.consumer_process import Stage
from tests.support.eventually import eventually, until
from tests.support.fault_servers import Mjpeg, mjpeg_server, write_video
from tests.support.producer_process import STREAM, last_status, producer
from tests.support.secured_kafka import run_secured
from tests.support.status_records import Pods
from videostream_controller.connection_test import kafka_works
from videostream_pipeline.status import SourceStatus

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.controller import Cluster, Controller
    from tests.support.influxdb import Influx
    from tests.support.kafka import Broker
    from tests.support.secured_kafka import SecuredKafka

pytestmark = [
    pytest.mark.api,
    pytest.mark.kafka,
    pytest.mark.influx,
    pytest.mark.timeout(300),
]

SPEC: dict[str, Any] = {"source": {"url": "rtsp://camera.test/live"}}
FRAMES = 60
OLD, NEW = "s3cret-1", "s3cret-2"
VALID_S = 60.0  # of a certificate; long enough for all to come in with it


@pytest.fixture(scope="module", params=["SASL_SSL", "SSL"])
def secured(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SecuredKafka]:
    with run_secured(request.param, tmp_path_factory.mktemp("admin")) as running:
        yield running


@pytest.fixture
def bootstrap_servers(secured: SecuredKafka) -> str:
    return secured.admin.bootstrap_servers


class Place:
    """A controller that runs, and the pods of its stream `cam`, which the test starts."""

    def __init__(
        self, secured: SecuredKafka, controller: Controller, cluster: Cluster, bucket: Influx
    ) -> None:
        self.secured, self.controller, self.cluster = secured, controller, cluster
        self.directory = controller.directory
        self.topic = cluster.topic("cam")
        self.status_topic = f"videostream.status.{cluster.namespace}"
        self._bucket = bucket

    @property
    def topics(self) -> tuple[str, str]:
        return self.topic, self.status_topic

    def let_in(self, user: Broker) -> None:
        """Write the connection as the kubelet does when the Secret is made or has changed."""
        for name in ("kafka/default", "consumer/kafka", "producer/kafka"):
            user.write_connection(self.directory / name)

    def begin(self) -> None:
        self.controller.env = {"STATUS_TOPIC": self.status_topic}
        self.controller.start()
        self.cluster.create("cam", SPEC)
        until(lambda: self.is_so("TopicReady"), "the topic is ready")

    def stage(self, user: Broker) -> Stage:
        home = self.directory / "consumer"
        return Stage(
            home,
            user,
            self._bucket,
            self.topic,
            self.status_topic,
            group=self.topic,
            stream=STREAM,
        )

    def is_so(self, kind: str) -> bool:
        condition = self.cluster.condition("cam", kind)
        assert condition.get("status") == "True", condition
        return True

    def delete(self) -> None:
        """Delete the stream, whose pods stop at once, and wait until the object is gone."""
        self.cluster.delete("cam")
        self.cluster.stop_pods("cam")
        until(lambda: self.cluster.stream("cam") is None, "the object goes")

    def logs(self) -> str:
        return "".join(path.read_text() for path in self.directory.rglob("*.log"))


@pytest.fixture
def place(
    secured: SecuredKafka, new_controller: Controller, cluster: Cluster, bucket: Influx
) -> Place:
    return Place(secured, new_controller, cluster, bucket)


def test_the_rights_of_the_preset_are_enough(
    place: Place, secured: SecuredKafka, tmp_path: Path
) -> None:
    user = secured.user(password=OLD)
    place.let_in(user)
    assert kafka_works(tmp_path / "kafka" / "default") is None
    place.begin()
    stage = place.stage(user)
    video = write_video(tmp_path / "a.avi", frames=FRAMES, fps=30)
    with (
        stage.consumer("cam-consumer-1"),
        producer(user, place.topics, video.as_uri(), tmp_path / "producer", frames__fps=30),
    ):
        stage.wait_for(FRAMES)
        until(lambda: last_status(secured.admin, place.status_topic), "pods tell their status")
    pods = Pods(place.cluster, secured.admin, place.status_topic)
    pods.produces(SourceStatus("Streaming", "Streaming"))
    until(lambda: place.is_so("SourceConnected"), "the controller hears of pods")
    until(lambda: place.is_so("LagKnown"), "the lag is known")
    place.cluster.patch("cam", {"spec": {"kafka": {"topic": {"partitions": 14}}}})
    until(lambda: place.cluster.stream("cam")["status"]["topic"]["partitions"] == 14, "it grows")  # type: ignore[index]
    until(lambda: place.is_so("TopicReady"), "the topic is ready")
    place.delete()
    admin = secured.admin.admin()
    assert place.topic not in admin.list_topics(timeout=10).topics
    groups = admin.list_consumer_groups().result(10).valid
    assert place.topic not in {group.group_id for group in groups}
    assert OLD not in place.logs()


def test_a_rotated_secret_is_taken_up_by_what_runs(
    place: Place, secured: SecuredKafka, tmp_path: Path
) -> None:
    user = secured.user(password=OLD, valid_s=VALID_S)
    ends_at = time.monotonic() + VALID_S
    place.let_in(user)
    place.begin()
    stage = place.stage(user)
    with (
        mjpeg_server(Mjpeg()) as camera,
        stage.consumer("cam-consumer-1"),
        producer(user, place.topics, camera.url, tmp_path / "producer"),
    ):
        until(lambda: len(stage.sequences()) > 10, "frames flow")
        place.let_in(secured.user(password=NEW))
        if secured.kind == "SSL":
            time.sleep(max(0.0, ends_at - time.monotonic()))
        # Whoever is connected stays so; now all have to come in again.
        secured.admin.stop()
        secured.admin.start()
        before = len(stage.sequences())
        until(lambda: len(stage.sequences()) > before + 50, "frames flow again", timeout_s=90)
        told = len(stage.statuses())
        eventually(
            lambda: any("consumer" in key for key, _ in stage.statuses()[told:]),
            timeout_s=60,
            what="the consumer tells its status",
        )
        until(lambda: place.is_so("LagKnown"), "the lag is known", timeout_s=60)
    logs = place.logs()
    assert OLD not in logs
    assert NEW not in logs
