"""A VideoStream is applied; its signals in InfluxDB are those of the camera's published scene."""

import pytest

from cluster.kind import kubectl
from demo.deploy import RELEASE
from demo.helm import helm
from demo.influxql import InfluxPortForward
from images.camera import scene
from tests.support.dashboards import queries_without_rows
from tests.support.eventually import eventually
from tests.support.streams import Streams

pytestmark = pytest.mark.e2e

SCENE_PERIOD_S = 30
CAMERA_LATENCY_S = 0.5


def spec() -> dict[str, object]:
    return {"source": {"url": "rtsp://camera:8554/stream"}, "frames": {"fps": 5}}


@pytest.fixture
def running(streams: Streams, influx: InfluxPortForward) -> str:
    """Give a stream that has stored one whole period of the scene."""
    name = streams.apply("way", spec())
    streams.wait(name, "Ready", status="True")
    wanted = 5 * (SCENE_PERIOD_S + 5)

    def stored() -> bool:
        rows = influx.query(f"SELECT count(sequence) FROM frame WHERE stream = '{name}'")
        return bool(rows) and rows[0]["count"] >= wanted

    eventually(stored, timeout_s=180, what=f"{wanted} frames of {name} stored", period_s=2)
    return name


def test_stored_signals_match_the_scene_and_every_panel_has_rows(
    running: str, streams: Streams, influx: InfluxPortForward
) -> None:
    here = f"stream = '{running}' AND namespace = '{streams.namespace}' AND zone = 'frame'"

    brightness = influx.query(f"SELECT mean FROM brightness WHERE {here}")
    assert len(brightness) > 5 * SCENE_PERIOD_S
    for point in brightness:
        seen_at_s = point["time"] / 1e9
        # The camera's own latency shifts the curve: the truth lies within this window.
        truth = [scene.brightness(seen_at_s - delay / 10) for delay in range(11)]
        assert min(truth) - 4 <= point["mean"] <= max(truth) + 4, (point, truth)

    motion = influx.query(f"SELECT changed FROM motion WHERE {here}")
    moving, still = [], []
    for point in motion:
        seen_at_s = point["time"] / 1e9
        window = [scene.is_moving(seen_at_s - offset) for offset in (-0.3, 0, 0.5, 1.2)]
        if all(window):
            moving.append(point["changed"])
        elif not any(window):
            still.append(point["changed"])
    assert moving
    assert still
    assert max(still) < 0.001
    # Two samples may catch the same picture of the camera; nearly all must see it move.
    seen_moving = sum(changed > 0.005 for changed in moving)
    assert seen_moving >= 0.95 * len(moving), sorted(moving)[:10]

    without_rows = queries_without_rows(
        influx.query, namespace=streams.namespace, stream=running, window_s=2 * SCENE_PERIOD_S
    )
    assert without_rows == []


def test_kubectl_get_tells_the_state_of_a_stream(running: str, streams: Streams) -> None:
    def told() -> bool:
        printed = kubectl("get", "vst", running, "--namespace", streams.namespace)
        header, row = printed.splitlines()
        columns = dict(zip(header.split(), row.split(), strict=True))
        assert columns["READY"] == "True", columns
        assert columns["SOURCE"] == "Streaming", columns
        assert float(columns["FPS"]) > 4, columns
        assert columns["CONSUMERS"] == "1", columns
        return True

    # Numbers in the status move at most every 30 s.
    eventually(told, timeout_s=45, what="the columns of a stream that flows", period_s=2)


def test_helm_test_passes(release: str) -> None:
    assert "Phase:          Succeeded" in helm("test", RELEASE, "--namespace", release)


def test_deleting_a_stream_removes_pods_and_topic(streams: Streams) -> None:
    name = streams.apply("gone", spec())
    streams.wait(name, "Ready", status="True")
    streams.delete(name)

    def children() -> str:
        return kubectl(
            *("get", "deployments", "--namespace", streams.namespace, "--output", "name"),
            *("--selector", f"videostream.dev/stream={name}"),
        )

    eventually(lambda: not children(), timeout_s=60, what=f"Deployments of {name} gone")
