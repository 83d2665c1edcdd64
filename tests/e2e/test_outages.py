"""Outages of InfluxDB, Kafka and a consumer: a clear state, recovery, no point lost or doubled."""

import pytest

from cluster.kind import kubectl
from demo.deploy import RELEASE
from demo.influxql import InfluxPortForward
from tests.support.eventually import eventually
from tests.support.ledger import accepted_by_kafka, is_complete, stored_in_influx
from tests.support.outage import KAFKA_FROM_OUTSIDE, OUTAGE_S, a_minute_without
from tests.support.pods import pods_of, wait_without_producer
from tests.support.streams import Streams

pytestmark = pytest.mark.e2e


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


def test_nothing_is_lost_or_doubled_across_outages(
    streams: Streams, influx: InfluxPortForward
) -> None:
    name = streams.apply("ledger", spec())
    streams.wait(name, "Ready", status="True")
    first_points(influx, streams, name)

    influx_down(streams, name)
    kill_one_consumer(streams, name)
    kafka_down(streams, name)

    streams.apply(name, spec(suspended_producer=True))
    topic = streams.status(name)["topic"]["name"]
    wait_without_producer(name, namespace=streams.namespace)
    accepted = accepted_by_kafka(bootstrap_servers=KAFKA_FROM_OUTSIDE, topic=topic)
    assert len(accepted) > 5 * OUTAGE_S

    eventually(
        lambda: is_complete(influx, accepted, namespace=streams.namespace, stream=name),
        timeout_s=120,
        what="InfluxDB holds what Kafka accepted",
        period_s=3,
    )
    print(f"\n{len(accepted)} records accepted by Kafka, each stored once, across three outages")


def first_points(influx: InfluxPortForward, streams: Streams, name: str) -> None:
    eventually(
        lambda: stored_in_influx(influx, namespace=streams.namespace, stream=name),
        timeout_s=60,
        what="the stream has points",
    )


def influx_down(streams: Streams, name: str) -> None:
    with a_minute_without(f"statefulset/{RELEASE}-influxdb", namespace=streams.namespace):
        said = streams.wait(name, "SinkReachable", status="False", timeout_s=OUTAGE_S)
        assert "InfluxDB" in said["message"]
    streams.wait(name, "SinkReachable", status="True")
    streams.wait(name, "Ready", status="True")


def kill_one_consumer(streams: Streams, name: str) -> None:
    pods = pods_of(name, "consumer", namespace=streams.namespace)
    assert len(pods) == 2
    kubectl(
        "delete", "pod", pods[0], "--namespace", streams.namespace, "--grace-period=0", "--force"
    )
    streams.wait(name, "ConsumerReady", status="False", timeout_s=30)
    streams.wait(name, "Ready", status="True")


def kafka_down(streams: Streams, name: str) -> None:
    with a_minute_without(f"statefulset/{RELEASE}-kafka", namespace=streams.namespace):
        said = streams.wait(
            name, "TopicReady", status="False", reason="Unreachable", timeout_s=OUTAGE_S
        )
        assert "Kafka" in said["message"]
    streams.wait(name, "Ready", status="True", timeout_s=180)
