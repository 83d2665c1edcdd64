"""Outages of InfluxDB, Kafka and a consumer: a clear state, recovery, no point lost or doubled."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from cluster.kind import kubectl
from demo.deploy import RELEASE
from demo.influxql import InfluxPortForward
from tests.support.eventually import eventually
from tests.support.ledger import accepted_by_kafka, stored_in_influx
from tests.support.streams import Streams

pytestmark = pytest.mark.e2e

OUTAGE_S = 60
KAFKA_FROM_OUTSIDE = "localhost:9094"


def spec(*, suspended_producer: bool = False) -> dict[str, object]:
    return {
        "source": {"url": "rtsp://camera:8554/stream"},
        "frames": {"fps": 5},
        "producer": {"suspend": suspended_producer},
        # A backlog of the outage must be processed, not skipped as stale.
        "consumer": {
            "maxFrameAge": "1h",
            "replicas": 2,
            "scaling": {"mode": "Fixed"},
        },
    }


@contextmanager
def a_minute_without(workload: str, *, namespace: str) -> Iterator[None]:
    """Take a server away for OUTAGE_S, whatever the body finds meanwhile."""
    scale(workload, 0, namespace=namespace)
    back_at = time.monotonic() + OUTAGE_S
    try:
        yield
        time.sleep(max(0.0, back_at - time.monotonic()))
    finally:
        scale(workload, 1, namespace=namespace)


def scale(workload: str, replicas: int, *, namespace: str) -> None:
    kubectl("scale", workload, f"--replicas={replicas}", "--namespace", namespace)
    kubectl(
        *("rollout", "status", workload, "--namespace", namespace, "--timeout=180s"),
    )


def test_nothing_is_lost_or_doubled_across_outages(
    streams: Streams, influx: InfluxPortForward
) -> None:
    name = streams.apply("ledger", spec())
    streams.wait(name, "Ready", status="True")

    influx_down(streams, name)
    kill_one_consumer(streams, name)
    kafka_down(streams, name)

    streams.apply(name, spec(suspended_producer=True))
    topic = streams.status(name)["topic"]["name"]
    eventually(
        lambda: not producer_pods(streams, name), timeout_s=60, what="the producer has stopped"
    )
    accepted = accepted_by_kafka(bootstrap_servers=KAFKA_FROM_OUTSIDE, topic=topic)
    assert len(accepted) > 5 * OUTAGE_S
    assert max(accepted.values()) == 1, "idempotent delivery doubles nothing"

    def stored_all() -> bool:
        stored = stored_in_influx(influx, namespace=streams.namespace, stream=name)
        missing = set(accepted) - set(stored)
        assert not missing, f"{len(missing)} of {len(accepted)} missing: {sorted(missing)[:5]}"
        assert stored == accepted, "a record was stored twice, or one that Kafka never had"
        return True

    eventually(stored_all, timeout_s=120, what="InfluxDB holds what Kafka accepted", period_s=3)
    print(f"\n{len(accepted)} records accepted by Kafka, each stored once, across three outages")


def influx_down(streams: Streams, name: str) -> None:
    with a_minute_without(f"statefulset/{RELEASE}-influxdb", namespace=streams.namespace):
        said = streams.wait(name, "SinkReachable", status="False", timeout_s=OUTAGE_S)
        assert "InfluxDB" in said["message"]
    streams.wait(name, "SinkReachable", status="True")
    streams.wait(name, "Ready", status="True")


def kill_one_consumer(streams: Streams, name: str) -> None:
    pods = kubectl(
        *("get", "pods", "--namespace", streams.namespace, "--output", "name"),
        *("--selector", f"videostream.dev/stream={name},app.kubernetes.io/component=consumer"),
    ).split()
    assert len(pods) == 2
    kubectl("delete", pods[0], "--namespace", streams.namespace, "--grace-period=0", "--force")
    streams.wait(name, "ConsumerReady", status="False", timeout_s=30)
    streams.wait(name, "Ready", status="True")


def kafka_down(streams: Streams, name: str) -> None:
    with a_minute_without(f"statefulset/{RELEASE}-kafka", namespace=streams.namespace):
        said = streams.wait(
            name, "TopicReady", status="False", reason="Unreachable", timeout_s=OUTAGE_S
        )
        assert "Kafka" in said["message"]
    streams.wait(name, "Ready", status="True", timeout_s=180)


def producer_pods(streams: Streams, name: str) -> str:
    return kubectl(
        *("get", "pods", "--namespace", streams.namespace, "--output", "name"),
        *("--selector", f"videostream.dev/stream={name},app.kubernetes.io/component=producer"),
    )
