"""The producer process against a real broker: what arrives, what is said, what an outage does."""

import json
import socket
import subprocess
import sys
import threading
import urllib.request
import uuid
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.support.encoded import clip
from tests.support.eventually import eventually
from tests.support.fault_servers import Mjpeg, damaged, jpeg, mjpeg_server, write_video
from tests.support.http_pictures import serving, snapshots
from tests.support.kafka import Broker, run_broker
from tests.support.producer_process import (
    frames,
    last_status,
    producer,
    read_all,
    wait_for_reason,
    wait_for_state,
)
from tests.support.rtsp_source import Rtsp, rtsp_source
from tests.support.tls import behind_tls, write_authority
from tests.unit.producer.test_settings import environ
from tests.unit.record.test_partitioning import documented_murmur2

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]

PASSWORD = "p@ss/w#rd:99"
PARTITIONS = 12


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    """A broker of this module's own: its tests stop it."""
    with run_broker("kafka-producer") as running:
        yield running


@pytest.fixture
def topics(broker: Broker) -> tuple[str, str]:
    """Fresh topics for frames and for status records."""
    unique = uuid.uuid4().hex[:8]
    frames, status = f"videostream.plant-7.{unique}", f"videostream.status.{unique}"
    broker.create_topic(frames, partitions=PARTITIONS, max_message_bytes="2097152")
    broker.create_topic(status, partitions=1, cleanup_policy="compact,delete")
    return frames, status


def test_a_recording_arrives_whole_and_ends_completed(
    broker: Broker, topics: tuple[str, str], tmp_path: Path
) -> None:
    video = write_video(tmp_path / "a.avi", frames=60, fps=30)
    with producer(broker, topics, video.as_uri(), tmp_path, frames__fps=30) as process:
        status = wait_for_state(broker, topics[1], "Completed")
        assert "ok" in process.get("/readyz")
        assert "ok" in process.get("/healthz")
        assert process.stop() == 0

    found = frames(broker, topics[0])
    records = [record for _, record in found]
    assert [record.sequence for record in records] == list(range(60))
    assert [partition for partition, _ in found] == [n % PARTITIONS for n in range(60)]
    assert len({record.session for record in records}) == 1
    times = [record.capture_time_ns for record in records]
    assert times == sorted(set(times))
    assert (records[0].reference, records[0].reference_sequence) == (None, None)
    for before, record in pairwise(records):
        assert record.reference == before.thumbnail
        assert record.reference_sequence == before.sequence
    assert (status.source.reason, status.uid, status.pod) == (
        "EndOfStream",
        "11d0",
        "gate-producer-abc",
    )
    assert (status.source.codec, status.source.width, status.source.height) == ("mjpeg", 320, 180)
    # A finished recording stays Completed after the process has gone.
    final = last_status(broker, topics[1])
    assert final is not None
    assert final.source.state == "Completed"


def test_keyed_frames_share_the_partition_that_the_document_says(
    broker: Broker, topics: tuple[str, str], tmp_path: Path
) -> None:
    video = write_video(tmp_path / "a.avi", frames=15, fps=30)
    keyed = {"frames__fps": 30, "kafka__partitioning": "Keyed"}
    with producer(broker, topics, video.as_uri(), tmp_path, **keyed):
        wait_for_state(broker, topics[1], "Completed")
        found = eventually(
            lambda: [f for f in [frames(broker, topics[0])] if len(f) == 15],
            timeout_s=10,
            what="15 frames",
        )[0]
    expected = (documented_murmur2()(b"plant-7/gate") & 0x7FFFFFFF) % PARTITIONS
    assert {partition for partition, _ in found} == {expected}


def test_frames_that_are_too_large_are_dropped_counted_and_told(
    broker: Broker, topics: tuple[str, str], tmp_path: Path
) -> None:
    limit = {"kafka__topic__maxMessageBytes": 16_384, "frames__width": 3000}
    with (
        mjpeg_server(Mjpeg()) as server,
        producer(broker, topics, server.url, tmp_path, **limit) as process,
    ):
        wait_for_state(broker, topics[1], "Streaming")

        def told() -> bool:
            status = last_status(broker, topics[1])
            return status is not None and "maxMessageBytes" in status.source.message

        eventually(told, timeout_s=30, what="a status that says what to do")
        assert process.metric("dropped_frames_total", reason="too_large") > 0
        assert process.metric("captured_frames_total") > 0
    assert frames(broker, topics[0]) == []


def test_jpegs_as_asked_for_are_passed_on_untouched(
    broker: Broker, topics: tuple[str, str], tmp_path: Path
) -> None:
    sent: list[bytes] = []

    def picture(index: int) -> bytes:
        data = jpeg(index) if index % 7 else damaged(jpeg(index))
        sent.append(data)
        return data

    spec = {"frames__fps": 20, "frames__jpegQuality": 100}
    with (
        serving(snapshots(picture), "/snapshot.jpg") as site,
        producer(broker, topics, site.url, tmp_path, **spec) as process,
    ):
        eventually(
            lambda: process.metric("published_frames_total") >= 30, timeout_s=30, what="frames"
        )
        status = last_status(broker, topics[1])
        assert status is not None
        assert (status.source.codec, status.source.width, status.source.height) == ("jpeg", 160, 96)
        eventually(
            lambda: (
                process.metric("passed_on_frames_total") == process.metric("captured_frames_total")
            ),
            timeout_s=20,
            what="every frame is passed on",
            period_s=0.05,
        )
        assert process.metric("dropped_frames_total", reason="undecodable") >= 3
        assert process.metric("source_reconnects") == 0
        assert process.stop() == 0
    records = [record for _, record in frames(broker, topics[0])]
    assert {record.jpeg for record in records} <= set(sent)
    assert {(record.width, record.height) for record in records} == {(160, 96)}
    for before, record in pairwise(records):
        assert record.reference == before.thumbnail


def test_a_frozen_camera_is_told_and_its_frames_still_flow(
    broker: Broker, topics: tuple[str, str], tmp_path: Path
) -> None:
    stuck = threading.Event()

    def picture(index: int) -> bytes:
        return jpeg(0 if stuck.is_set() else index)

    limit = {"source__stallTimeout": "3s"}
    with (
        mjpeg_server(Mjpeg(picture=picture)) as server,
        producer(broker, topics, server.url, tmp_path, **limit) as process,
    ):
        wait_for_reason(broker, topics[1], "Streaming")
        stuck.set()
        frozen = wait_for_reason(broker, topics[1], "Frozen")
        assert (frozen.source.state, frozen.source.reconnects) == ("Streaming", 0)
        assert "for 3 s and more" in frozen.source.message
        before = process.metric("published_frames_total")
        eventually(
            lambda: process.metric("published_frames_total") > before, timeout_s=10, what="frames"
        )
        assert process.metric("unchanged_seconds") >= 3
        stuck.clear()
        wait_for_reason(broker, topics[1], "Streaming")
        assert process.metric("unchanged_seconds") == 0


def test_a_camera_that_sends_more_than_can_be_decoded_is_told(
    broker: Broker, topics: tuple[str, str], tmp_path: Path
) -> None:
    # Coded, a still picture of 4K is some hundred bytes: sent in no time and dear to decode.
    still = clip(frames=5, width=3840, height=2160, still=True)
    flood = Rtsp(clips=(still,), fps=1e6, frames=10**9)
    spec = {"frames__fps": 2, "frames__width": 320}
    with (
        rtsp_source(flood) as server,
        producer(broker, topics, server.url, tmp_path, **spec) as process,
    ):
        told = wait_for_reason(broker, topics[1], "TooFast", timeout_s=90)
        assert "sub-stream" in told.source.message
        assert (told.source.state, told.source.reconnects) == ("Streaming", 0)
        assert process.metric("capture_busy_ratio") > 0.9
        # What is read too late is not piled up as well.
        assert process.metric("source_frames_total") > process.metric("captured_frames_total")


def test_an_outage_drops_frames_counts_them_and_ends_by_itself(
    broker: Broker, topics: tuple[str, str], tmp_path: Path
) -> None:
    with (
        mjpeg_server(Mjpeg(fps=20)) as server,
        producer(broker, topics, server.url, tmp_path, frames__fps=20) as process,
    ):
        wait_for_state(broker, topics[1], "Streaming")
        broker.stop()
        try:

            def lost() -> float:
                full = process.metric("dropped_frames_total", reason="queue_full")
                return full * process.metric("delivery_failed_frames_total", reason="msg_timed_out")

            eventually(lost, timeout_s=60, what="frames that are dropped and time out")
            assert process.child.poll() is None
            assert "ok" in process.get("/healthz")
        finally:
            broker.start()
        before = process.metric("published_frames_total")
        eventually(
            lambda: process.metric("published_frames_total") > before + 20,
            timeout_s=60,
            what="frames flow again",
        )
        assert process.stop() == 0
        log = process.log.read_text()
    records = [record for _, record in frames(broker, topics[0])]
    sequences = [record.sequence for record in records]
    # Kafka may hold a frame twice after an outage (docs/frame-record.md), but it is the same frame.
    assert list(dict.fromkeys(sequences)) == sorted(set(sequences)), "none out of order"
    assert len({(record.sequence, record.jpeg) for record in records}) == len(set(sequences))
    # Dropped frames got no number; only those that Kafka never answered for leave gaps.
    dropped_before = [r for r in records if r.reference and r.reference_sequence is None]
    assert dropped_before, "a frame after a dropped one keeps its reference, without a number"
    assert len(log.splitlines()) < 60, "an outage does not flood the log"


def test_a_recording_waits_out_an_outage_and_loses_nothing(
    broker: Broker, topics: tuple[str, str], tmp_path: Path
) -> None:
    video = write_video(tmp_path / "a.avi", frames=120, fps=30)
    with producer(broker, topics, video.as_uri(), tmp_path, frames__fps=30) as process:
        eventually(
            lambda: (
                process.child.poll() is None
                and process.log.read_text().count("Streaming") > 0
                and process.metric("published_frames_total") > 10
            ),
            timeout_s=30,
            period_s=0.05,
            what="first frames",
        )
        broker.stop()
        broker.start()
        eventually(
            lambda: process.metric("published_frames_total") == 120,
            timeout_s=90,
            what="all frames",
        )
    records = [record for _, record in frames(broker, topics[0])]
    assert [record.sequence for record in records] == list(range(120))


def test_waits_for_a_topic_that_does_not_exist_yet(broker: Broker, tmp_path: Path) -> None:
    unique = uuid.uuid4().hex[:8]
    late = (f"videostream.plant-7.{unique}", f"videostream.status.{unique}")
    broker.create_topic(late[1], partitions=1)
    video = write_video(tmp_path / "a.avi", frames=5, fps=10)
    with producer(broker, late, video.as_uri(), tmp_path, frames__fps=10):

        def told() -> bool:
            status = last_status(broker, late[1])
            return status is not None and "does not exist" in status.source.message

        eventually(told, timeout_s=20, what="a status that names the topic")
        status = last_status(broker, late[1])
        assert status is not None
        assert (status.source.state, status.source.reason) == ("Connecting", "TopicMissing")
        broker.create_topic(late[0], partitions=3)
        wait_for_state(broker, late[1], "Completed")
    assert [partition for partition, _ in frames(broker, late[0])] == [0, 1, 2, 0, 1]


def test_a_rotated_connection_is_used_without_a_restart(
    broker: Broker, topics: tuple[str, str], tmp_path: Path
) -> None:
    with mjpeg_server(Mjpeg()) as server, producer(broker, topics, server.url, tmp_path) as process:
        wait_for_state(broker, topics[1], "Streaming")
        (tmp_path / "kafka" / "client.id").write_text("rotated")
        eventually(lambda: "using the new one" in process.log.read_text(), timeout_s=20, what="it")
        before = process.metric("published_frames_total")
        eventually(
            lambda: process.metric("published_frames_total") > before + 10,
            timeout_s=20,
            what="frames by the new client",
        )
        assert process.metric("delivery_failed_frames_total") == 0
        assert process.stop() == 0
    sequences = [record.sequence for _, record in frames(broker, topics[0])]
    assert sequences == list(range(len(sequences)))


def test_no_secret_leaves_the_process(
    broker: Broker, topics: tuple[str, str], tmp_path: Path
) -> None:
    ref: dict[str, Any] = {
        "source__credentialsSecretRef": {"name": "gate-login"},
        "source__tls": {"caSecretRef": {"name": "plant-ca"}},
    }
    quick = {"source__reconnect": {"initialBackoff": "100ms", "maxBackoff": "1s"}}
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "username").write_text("viewer")
    (tmp_path / "credentials" / "password").write_text("wrong-" + PASSWORD)
    (tmp_path / "tls").mkdir()
    write_authority(trustme.CA(), tmp_path / "tls")
    authority = trustme.CA()
    with (
        mjpeg_server(Mjpeg(frames=30, password=PASSWORD)) as camera,
        behind_tls(camera.url, authority) as server,
        producer(broker, topics, server.url, tmp_path, **ref, **quick) as process,
    ):
        wait_for_reason(broker, topics[1], "CertificateRejected")
        write_authority(authority, tmp_path / "tls")
        wait_for_reason(broker, topics[1], "AuthenticationFailed")
        (tmp_path / "credentials" / "password").write_text(PASSWORD)
        wait_for_state(broker, topics[1], "Streaming")
        metrics = process.get("/metrics")
        arguments = Path(f"/proc/{process.child.pid}/cmdline").read_text()
        assert process.stop() == 0
        log = process.log.read_text()
    said = b"".join(m.value() or b"" for m in read_all(broker, topics[1])).decode()
    assert all(isinstance(line, dict) for line in process.lines())
    for shown in (log, said, metrics, arguments):
        for secret in (PASSWORD, "p%40ss", "w%23rd", "viewer:"):
            assert secret not in shown


def test_wrong_settings_end_the_process_with_every_fault_named(tmp_path: Path) -> None:
    env = environ(source__url="rtsp://admin:hunter22@camera/x", frames__fps=0)
    command = [sys.executable, "-m", "videostream_producer"]
    done = subprocess.run(command, env=env, capture_output=True, check=False, cwd=tmp_path)
    fields = [json.loads(line)["field"] for line in done.stderr.splitlines()]
    assert done.returncode == 2
    assert fields == ["spec.source.url", "spec.frames.fps"]
    assert b"hunter22" not in done.stderr


def test_starts_without_kafka_and_is_not_ready(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        address = f"127.0.0.1:{nobody.getsockname()[1]}"
    unreachable = Broker("none", address)
    topics = ("frames", "status")
    with producer(unreachable, topics, "rtsp://127.0.0.1:1/x", tmp_path) as process:
        eventually(lambda: "Kafka" in process.log.read_text(), timeout_s=20, what="a log line")
        with pytest.raises(urllib.request.HTTPError) as caught:
            eventually(lambda: process.get("/readyz"), timeout_s=5, what="an answer")
        assert "Kafka gave no metadata" in caught.value.read().decode()
        caught.value.close()
        assert process.child.poll() is None
        assert process.stop() == 0
