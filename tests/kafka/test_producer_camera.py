"""The whole capture side at once: an RTSP camera, the real process, Kafka and InfluxDB."""

import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.camera import USER, Camera, running_camera
from tests.support.eventually import eventually
from tests.support.influxdb import Influx
from tests.support.kafka import Broker, run_broker
from tests.support.producer_process import frames, last_status, producer, wait_for_state

pytestmark = [pytest.mark.kafka, pytest.mark.influx, pytest.mark.timeout(240)]

QUICK: dict[str, Any] = {
    "source__openTimeout": "5s",
    "source__readTimeout": "2s",
    "source__reconnect": {"initialBackoff": "200ms", "maxBackoff": "1s"},
}


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    with run_broker("kafka-producer-camera") as running:
        yield running


@pytest.fixture(scope="module")
def locked() -> Iterator[Camera]:
    """A camera of this module's own that asks for user name and password."""
    access = {"CAMERA_USERNAME": USER[0], "CAMERA_PASSWORD": USER[1]}
    with running_camera("camera-producer", **access) as camera:
        yield camera


@pytest.fixture(scope="module")
def opened() -> Iterator[Camera]:
    """A camera of this module's own that is open to all, also for faults."""
    with running_camera("camera-producer-open") as camera:
        yield camera


@pytest.fixture
def topics(broker: Broker) -> tuple[str, str]:
    unique = uuid.uuid4().hex[:8]
    names = f"videostream.plant-7.{unique}", f"videostream.status.{unique}"
    broker.create_topic(names[0], partitions=12, max_message_bytes="2097152")
    broker.create_topic(names[1], partitions=1)
    return names


def log_in(home: Path, password: str) -> dict[str, Any]:
    """Write the Secret's files as the kubelet would and give the spec that names it."""
    (home / "credentials").mkdir(exist_ok=True)
    (home / "credentials" / "username").write_text(USER[0])
    (home / "credentials" / "password").write_text(password)
    return {"source__credentialsSecretRef": {"name": "gate-login"}, **QUICK}


def test_a_corrected_password_is_used_at_the_next_attempt_and_never_shown(
    broker: Broker, locked: Camera, topics: tuple[str, str], tmp_path: Path
) -> None:
    spec = log_in(tmp_path, "not the password")
    with producer(broker, topics, locked.rtsp_url(), tmp_path, **spec) as process:
        refused = wait_for_state(broker, topics[1], "Backoff")
        assert refused.source.reason == "AuthenticationFailed", refused.source
        log_in(tmp_path, USER[1])
        streaming = wait_for_state(broker, topics[1], "Streaming")
        assert streaming.source.codec == "h264"
        assert (streaming.source.width, streaming.source.height) == (640, 360)
        assert process.stop() == 0
        log = process.log.read_text()
    final = last_status(broker, topics[1])
    assert final is not None
    assert (final.source.state, final.source.reason) == ("Connecting", "Stopped")
    assert USER[1] not in log
    assert "correct%20horse" not in log


def test_a_camera_that_stalls_is_named_and_comes_back(
    broker: Broker, opened: Camera, topics: tuple[str, str], tmp_path: Path
) -> None:
    with producer(broker, topics, opened.rtsp_url(), tmp_path, **QUICK) as process:
        wait_for_state(broker, topics[1], "Streaming")
        opened.fault("stall")
        lost = wait_for_state(broker, topics[1], "Backoff")
        opened.fault("none")
        assert lost.source.reason in {"Stalled", "OpenFailed", "Timeout"}, lost.source
        wait_for_state(broker, topics[1], "Streaming", 60)
        assert process.metric("source_reconnects") >= 1
        assert process.stop() == 0
    records = [record for _, record in frames(broker, topics[0])]
    assert [record.sequence for record in records] == list(range(len(records)))
    # The first frame of each connection has nothing to be compared with.
    assert sum(record.reference is None for record in records) >= 2


def test_pipeline_points_add_up_to_the_records_in_kafka(
    broker: Broker, locked: Camera, topics: tuple[str, str], tmp_path: Path, bucket: Influx
) -> None:
    bucket.write_connection(tmp_path / "influx")
    spec = log_in(tmp_path, USER[1])
    with producer(broker, topics, locked.rtsp_url(), tmp_path, **spec) as process:
        eventually(
            lambda: len(bucket.query("SELECT * FROM pipeline")) >= 2,
            timeout_s=60,
            what="two points",
        )
        assert process.stop() == 0
    records = frames(broker, topics[0])
    point = bucket.query("SELECT SUM(captured), SUM(published) FROM pipeline")[0]
    assert (point["sum"], point["sum_1"]) == (len(records), len(records))
    rows = bucket.query("SELECT * FROM pipeline")
    assert {row["stream"] for row in rows} == {"gate"}
    assert {row["role"] for row in rows} == {"producer"}
    assert rows[-1]["state"] == "Streaming"
    assert 8 < rows[-1]["source_fps"] < 12
    # The last point may cover a moment without a frame.
    means = [row["frame_bytes_mean"] for row in rows if row["captured"]]
    assert means
    assert min(means) > 1000


def test_frames_arrive_at_the_target_rate_with_the_time_they_were_seen(
    broker: Broker, locked: Camera, topics: tuple[str, str], tmp_path: Path
) -> None:
    spec = log_in(tmp_path, USER[1])
    with producer(broker, topics, locked.rtsp_url(), tmp_path, **spec) as process:
        eventually(
            lambda: process.child.poll() is None and process.metric("captured_frames_total") >= 50,
            timeout_s=60,
            what="50 frames",
        )
        ended_ns = time.time_ns()
        assert process.stop() == 0
    times_ns = [record.capture_time_ns for _, record in frames(broker, topics[0])]
    rate = (len(times_ns) - 6) / ((times_ns[-1] - times_ns[5]) / 1e9)
    assert rate == pytest.approx(5.0, abs=0.3)
    assert abs(ended_ns - times_ns[-1]) < 2e9
