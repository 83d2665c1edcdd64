"""The law of self-contained records on a cluster, with a camera of 60 frames per second.

Twelve consumers share one stream while they are killed, deleted and replaced. Afterwards InfluxDB
holds for every record of the topic the points that one process measures in order: each once, none
missing, none else, compared as a whole.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from cluster.kind import kubectl
from tests.support.cameras import another_camera
from tests.support.eventually import eventually
from tests.support.ledger import records_in_kafka
from tests.support.outage import KAFKA_FROM_OUTSIDE
from tests.support.pods import kill_process, pods_of, wait_without_producer
from tests.support.point_sets import Points, measured, plan_of, stored

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demo.influxql import InfluxPortForward
    from tests.support.streams import Streams

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

FPS = 60
CONSUMERS = 12
FLOW_S = 10


@pytest.fixture
def hot_camera(release: str) -> Iterator[str]:
    """A camera of 60 frames per second."""
    with another_camera("camera-hot", namespace=release, env={"FPS": str(FPS)}) as url:
        yield url


def spec(url: str, *, captures: bool = True) -> dict[str, Any]:
    return {
        "source": {"url": url},
        "frames": {"fps": FPS},
        "producer": {"suspend": not captures},
        "zones": [{"name": "left", "points": [[0, 0], [500, 0], [500, 1000], [0, 1000]]}],
        "signals": [
            {"name": "light", "type": "Brightness"},
            {"name": "left-light", "type": "Brightness", "zones": ["left"]},
            {"name": "motion", "type": "Motion"},
            {"name": "colour", "type": "Colour"},
        ],
        # What waits while a consumer is away must be measured, not skipped as stale.
        "consumer": {
            "maxFrameAge": "1h",
            "replicas": CONSUMERS,
            "scaling": {"mode": "Fixed"},
            "pod": {"resources": {"requests": {"cpu": "20m", "memory": "64Mi"}}},
        },
    }


def test_twelve_consumers_with_kills_store_what_one_would(
    streams: Streams, influx: InfluxPortForward, hot_camera: str
) -> None:
    name = streams.apply("hot", spec(hot_camera))
    streams.wait(name, "Ready", status="True", timeout_s=300)
    ended = end_consumers_while_frames_flow(streams, name)

    streams.apply(name, spec(hot_camera, captures=False))
    wait_without_producer(name, namespace=streams.namespace)
    topic = streams.status(name)["topic"]["name"]
    held = records_in_kafka(bootstrap_servers=KAFKA_FROM_OUTSIDE, topic=topic)
    # Kafka may hold a frame twice (docs/frame-record.md); InfluxDB must not.
    records = list({(record.session, record.sequence): record for record in held}.values())
    assert len(records) > FPS * FLOW_S
    must_be = measured(records, plan_of(name, namespace=streams.namespace))
    assert {measurement: len(points) for measurement, points in must_be.items()} == {
        "frame": len(records),
        "brightness": 2 * len(records),
        "motion": sum(record.reference is not None for record in records),
        "colour": len(records),
    }

    def all_is_stored() -> bool:
        are = stored(influx, must_be, namespace=streams.namespace, stream=name)
        return differences(are, must_be) == {}

    eventually(all_is_stored, timeout_s=180, what="what Kafka holds is measured", period_s=3)
    workers = at_work(influx, streams, name)
    assert len(workers) >= CONSUMERS, "they shared the work"
    print(
        f"\n{len(records)} records of {FPS} fps by {len(workers)} consumers, "
        f"{ended} of which were ended: {sum(map(len, must_be.values()))} points, each once"
    )


def end_consumers_while_frames_flow(streams: Streams, name: str) -> int:
    """End consumers in three ways, and let frames flow before, between and after."""

    def pods() -> list[str]:
        found = pods_of(name, "consumer", namespace=streams.namespace)
        assert len(found) == CONSUMERS, found
        return found

    time.sleep(FLOW_S)
    killed = pods()[:3]
    for pod in killed:
        kill_process(pod)
    time.sleep(FLOW_S)
    deleted = eventually(pods, timeout_s=60, what="twelve consumers")[:4]
    delete = ("delete", "pods", "--namespace", streams.namespace, "--wait=false")
    kubectl(*delete, *deleted)
    time.sleep(FLOW_S)
    streams.wait(name, "ConsumerReady", status="True", timeout_s=180)
    forced = eventually(pods, timeout_s=60, what="twelve consumers")[-3:]
    kubectl(*delete, "--force", "--grace-period=0", *forced)
    streams.wait(name, "ConsumerReady", status="True", timeout_s=180)
    time.sleep(2 * FLOW_S)
    return len(killed) + len(deleted) + len(forced)


def differences(are: Points, must_be: Points) -> dict[str, str]:
    """Tell what differs, by measurement; AssertionError with the first examples."""
    for measurement, points in must_be.items():
        missing, other = set(points) - set(are[measurement]), set(are[measurement]) - set(points)
        assert not other, f"{measurement}: {len(other)} that must not be: {sorted(other)[:2]}"
        assert not missing, f"{measurement}: {len(missing)} missing: {sorted(missing)[:2]}"
        assert are[measurement] == points, f"{measurement}: some are there twice"
    return {}


def at_work(influx: InfluxPortForward, streams: Streams, name: str) -> set[str]:
    """Return the pods that said that they processed frames."""
    rows = influx.query(
        "SELECT pod, processed FROM pipeline WHERE role = 'consumer' AND processed > 0"
        f" AND stream = '{name}' AND namespace = '{streams.namespace}'"
    )
    return {row["pod"] for row in rows}
