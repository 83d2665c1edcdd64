"""Consumers as processes on a real broker and a real InfluxDB: nothing lost, nothing double."""

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.consumer_process import PARTITIONS, Stage
from tests.support.controller import NOBODY
from tests.support.eventually import eventually
from tests.support.influxdb import Influx
from tests.support.kafka import run_broker
from tests.support.records import moving_scene
from videostream_consumer.stages import STAGES
from videostream_record import FrameRecord

pytestmark = [pytest.mark.kafka, pytest.mark.influx]

_SETTLE_S = 3.0  # three commit periods: long enough for a wrong commit to show


def now(records: list[FrameRecord], *, age_s: float = 0.0) -> list[FrameRecord]:
    """The same records captured just now, a millisecond apart."""
    first_ns = time.time_ns() - int(age_s * 1e9)
    return [
        FrameRecord(
            **{name: getattr(item, name) for name in item.__slots__}
            | {"capture_time_ns": first_ns + n * 1_000_000}
        )
        for n, item in enumerate(records)
    ]


def test_an_influxdb_outage_loses_and_doubles_nothing(stage: Stage) -> None:
    with stage.consumer("pod") as pod:
        pod.wait_ready()
        stage.publish(moving_scene(60))
        stage.wait_for(60)
        stage.wait_committed(60)
        assignments = len(pod.events("assigned"))
        stage.influx.stop()
        try:
            stage.publish(moving_scene(240, start=60))
            eventually(
                lambda: (
                    pod.metric('videostream_consumer_write_failures_total{state="Unreachable"}') > 0
                ),
                timeout_s=30,
                what="the outage noticed",
            )
            time.sleep(_SETTLE_S)
            assert sum(stage.committed().values()) == 60
            assert pod.get("/readyz") == (200, "ok\n")
        finally:
            stage.influx.start()
        stage.wait_for(300)
        stage.wait_committed(300)
        assert pod.metric("videostream_consumer_points_rejected_total") == 0
        assert len(pod.events("assigned")) == assignments
        assert pod.terminate() == 0
    assert len(stage.points()["brightness"]) == 300
    states = [value["sink"]["state"] for _, value in stage.statuses() if value]
    assert "Unreachable" in states
    assert states[0] == states[-1] == "Reachable"


def test_a_refused_token_costs_time_but_no_point(stage: Stage) -> None:
    stage.publish(moving_scene(30))
    with stage.consumer("pod", token="revoked") as pod:
        eventually(
            lambda: any(
                value and value["sink"]["state"] == "Unauthorized" for _, value in stage.statuses()
            ),
            timeout_s=40,
            what="status Unauthorized",
        )
        assert stage.committed() == {}
        (stage.directory / "influx" / "token").write_text(stage.influx.new_token("write"))
        stage.wait_for(30)
        stage.wait_committed(30)
        assert "revoked" not in pod.log.read_text()


def test_poison_is_passed_and_stale_frames_are_skipped(stage: Stage) -> None:
    pictures = now(moving_scene(24))
    producer = stage.kafka.producer()
    for partition in range(PARTITIONS):
        producer.produce(stage.topic, b"not a frame", b"key", partition=partition)
        producer.produce(stage.topic, None, None, partition=partition)
    assert producer.flush(10) == 0
    stage.publish(now(moving_scene(12), age_s=3600))
    stage.publish(pictures)
    with stage.consumer("pod", max_frame_age="5m") as pod:
        stage.wait_for(24)
        stage.wait_committed(24 + 12 + 24)
        results = {
            result: pod.metric(f'videostream_consumer_records_total{{result="{result}"}}')
            for result in ("processed", "stale", "invalid")
        }
    assert results == {"processed": 24, "stale": 12, "invalid": 24}


def test_sigterm_hands_the_partitions_over_at_once(stage: Stage) -> None:
    with stage.consumer("leaves") as leaves, stage.consumer("stays") as stays:
        for pod in (leaves, stays):
            eventually(
                lambda pod=pod: pod.metric("videostream_consumer_assigned_partitions") == 6,  # type: ignore[misc]
                timeout_s=40,
                what="half of the partitions each",
            )
        started = time.monotonic()
        assert leaves.terminate() == 0
        left_after_s = time.monotonic() - started
        stage.publish(moving_scene(120))
        stage.wait_for(120)
        handed_over_s = time.monotonic() - started
    print(f"SIGTERM to exit {left_after_s:.2f} s, to all frames by the other {handed_over_s:.2f} s")
    assert left_after_s < 5
    keys = [key for key, value in stage.statuses() if value is None]
    assert keys == ["test/cam/consumer/leaves"]


def test_signals_that_cannot_be_measured_are_reported_and_nothing_is_taken(stage: Stage) -> None:
    stage.publish(moving_scene(12))
    with stage.consumer("pod", signals=[{"name": "faces", "type": "Faces"}]) as pod:
        reason = eventually(
            lambda: [
                value["signals"]["message"]
                for _, value in stage.statuses()
                if value and value["signals"]["state"] == "Invalid"
            ],
            timeout_s=40,
            what="status Invalid",
        )[0]
        assert "there is no type 'Faces' in this image: expected one of Brightness, " in reason
        assert pod.get("/readyz") == (503, f"{reason}\n")
        assert pod.get("/healthz")[0] == 200
        assert pod.terminate() == 0
    assert stage.committed() == {}
    assert stage.statuses()[-1] == ("test/cam/consumer/pod", None)


def nowhere(stage: Stage) -> Stage:
    """Return the stage as one sees it whose connection names a broker that is not there."""
    return replace(stage, kafka=replace(stage.kafka, bootstrap_servers=NOBODY))


def test_a_connection_that_is_mended_is_taken_up(stage: Stage) -> None:
    stage.publish(moving_scene(12))
    with nowhere(stage).consumer("pod") as pod:
        eventually(
            lambda: "cannot reach Kafka" in pod.get("/readyz")[1], timeout_s=40, what="not ready"
        )
        stage.kafka.write_connection(stage.directory / "kafka")
        stage.wait_for(12)


def test_invalid_signals_are_reported_over_a_connection_that_is_mended(stage: Stage) -> None:
    with nowhere(stage).consumer("pod", signals=[{"name": "faces", "type": "Faces"}]) as pod:
        eventually(lambda: "no type" in pod.get("/readyz")[1], timeout_s=40, what="not ready")
        stage.kafka.write_connection(stage.directory / "kafka")
        eventually(
            lambda: [value for _, value in stage.statuses() if value], timeout_s=40, what="a status"
        )


def test_commits_carry_the_capacity(stage: Stage) -> None:
    stage.publish(moving_scene(120))
    with stage.consumer("pod"):
        stage.wait_committed(120)
    for _, metadata in stage.kafka.committed(stage.group, stage.topic).values():
        said = json.loads(metadata)
        assert said["v"] == 1
        assert said["m"] == "pod"
        assert said["mu"] > 10
        assert 0 <= said["busy"] <= 1
        assert said["blk"] == 0
        assert abs(said["t"] - time.time()) < 60


def test_status_and_pipeline_points_tell_the_lag(stage: Stage) -> None:
    with stage.consumer("pod") as pod:
        pod.wait_ready()
        stage.publish(now(moving_scene(60)))

        def told() -> list[dict[str, Any]]:
            """All pipeline points, once they tell of all records: the first may come in between."""
            rows = stage.influx.query("SELECT * FROM pipeline WHERE processed > 0")
            return rows if sum(row["processed"] for row in rows) >= 60 else []

        rows = eventually(told, timeout_s=30, what="pipeline points of all records")
        assert sum(row["processed"] for row in rows) == 60
        assert sum(row["points_written"] for row in rows) == 60 + 60 + 59
        for row in rows:
            assert (row["skipped_invalid"], row["pod"]) == (0, "pod")
            assert 0 < row["latency_p50_s"] <= row["latency_p95_s"] < 10
            for name in STAGES:
                assert 0 < row[f"{name}_p50_s"] <= row[f"{name}_p95_s"] <= row["latency_p95_s"]
        series = "videostream_consumer_stage_seconds"
        times_s = {name: pod.metric(f'{series}_sum{{stage="{name}"}}') for name in STAGES}
        assert pod.metric(f'{series}_count{{stage="stored"}}') == 60
        whole_s = pod.metric("videostream_consumer_latency_seconds_sum")
        assert sum(times_s.values()) == pytest.approx(whole_s)
        eventually(
            lambda: (
                [v["lagRecords"] for _, v in stage.statuses() if v and "lagRecords" in v][-1:]
                == [0]
            ),
            timeout_s=30,
            what="lag 0 in the status",
        )


@pytest.mark.timeout(300)  # a broker with the topics of many tests takes its time
def test_a_broker_restart_is_survived(stage: Stage) -> None:
    with stage.consumer("pod") as pod:
        pod.wait_ready()
        stage.publish(moving_scene(24))
        stage.wait_for(24)
        stage.kafka.stop()
        eventually(lambda: pod.get("/readyz")[0] == 503, timeout_s=60, what="not ready")
        stage.kafka.start()
        back_at = datetime.now(UTC)
        stage.publish(moving_scene(24, start=24))
        stage.wait_for(48, timeout_s=90)
        stage.wait_committed(48)

        def knows_its_lag() -> bool:
            said = [status for _, status in stage.statuses() if status]
            assert said[-1].get("lagRecords") == 0, said[-1]
            return datetime.fromisoformat(said[-1]["time"]) > back_at

        eventually(knows_its_lag, timeout_s=60, what="lag 0 in a status after the restart")
        pod.wait_ready()
        assert len(pod.log.read_text().splitlines()) < 60, "an outage must not flood the log"
        assert pod.terminate() == 0


@pytest.mark.timeout(240)
def test_a_broker_without_the_new_group_protocol_is_served_by_the_classic_one(
    tmp_path: Path,
    bucket: Influx,
) -> None:
    protocols = {"KAFKA_GROUP_COORDINATOR_REBALANCE_PROTOCOLS": "classic"}
    with run_broker("kafka-classic", protocols) as broker:
        broker.create_topic("frames", partitions=PARTITIONS)
        stage = Stage(tmp_path, broker, bucket, "frames", "no-status-topic")
        stage.publish(moving_scene(24))
        with stage.consumer("pod") as pod:
            stage.wait_for(24)
            stage.wait_committed(24)
            assert pod.terminate() == 0
            assert "the broker refuses group.protocol=consumer" in pod.log.read_text()
