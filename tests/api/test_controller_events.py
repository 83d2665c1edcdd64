"""Events on a real API server: counted instead of repeated, and never too many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.controller import Cluster, chart_rules
from videostream_controller.api import Metadata
from videostream_controller.events import Recorder
from videostream_controller.kube import Kube

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.apiserver import ApiServer

pytestmark = pytest.mark.api


@pytest.fixture
async def kube(
    apiserver: ApiServer, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Kube]:
    client = apiserver.client_for(chart_rules(), namespace=namespace)
    monkeypatch.setenv("KUBECONFIG", str(client.kubeconfig))
    kube = await Kube.connect()
    yield kube
    await kube.close()


def about(namespace: str) -> Metadata:
    return Metadata(
        namespace=namespace,
        name="cam",
        uid="uid-1",
        generation=1,
        resource_version="1",
        deletion_timestamp=None,
        annotations={},
        finalizers=(),
    )


async def test_the_same_event_raises_a_count(
    apiserver: ApiServer, namespace: str, kube: Kube
) -> None:
    recorder = Recorder(kube)
    for _ in range(3):
        await recorder.record(about(namespace), "Warning", "Stalled", "no frame for 10 s")
    await recorder.record(about(namespace), "Warning", "Stalled", "another message")
    events = Cluster(apiserver, namespace).events("cam")
    assert sorted(event["count"] for event in events) == [1, 3]
    assert {event["type"] for event in events} == {"Warning"}
    assert {event["reportingComponent"] for event in events} == {"videostream-controller"}


async def test_a_reason_has_a_budget_that_fills_up_again(
    apiserver: ApiServer, namespace: str, kube: Kube
) -> None:
    now = 0.0
    recorder = Recorder(kube, clock=lambda: now)
    for number in range(30):
        await recorder.record(about(namespace), "Normal", "Test", f"message {number}")
    cluster = Cluster(apiserver, namespace)
    assert len(cluster.events("cam")) == 10
    await recorder.record(about(namespace), "Normal", "ScaleUp", "consumers 1 -> 2")
    assert len(cluster.events("cam")) == 11, "one reason does not crowd another one out"
    now = 60.0
    for number in range(30, 60):
        await recorder.record(about(namespace), "Normal", "Test", f"message {number}")
    assert len(cluster.events("cam")) == 13


async def test_a_lost_event_is_no_error(
    apiserver: ApiServer, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = apiserver.client_for([], namespace=namespace)
    monkeypatch.setenv("KUBECONFIG", str(client.kubeconfig))
    kube = await Kube.connect()
    try:
        await Recorder(kube).record(about(namespace), "Normal", "Test", "message")
    finally:
        await kube.close()
    assert Cluster(apiserver, namespace).events("cam") == []
