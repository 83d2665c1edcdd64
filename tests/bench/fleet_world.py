"""A fleet of VideoStreams on a real API server and broker, and what can be seen of it from outside.

There is no kubelet, so pods never come up; a benchmark that wants pods to speak does it for them.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.support.apiserver import run_apiserver
from tests.support.controller import STREAM_API, Cluster, Controller, chart_rules
from tests.support.eventually import eventually
from tests.support.kafka import run_broker

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.support.kafka import Broker
    from tests.support.session import Session

Body = dict[str, Any]

HEAP: Final = "-Xmx2g -Xms1g"  # of the broker
_NAMESPACE: Final = "fleet"
_STATUS_TOPIC: Final = "videostream.status"
_TAG: Final = "bench_edit"
_LOOK_S: Final = 0.25
_SCRAPE_S: Final = 1.0  # to write thousands of series down costs the controller CPU
_PATIENCE_S: Final = 300


@dataclass(frozen=True, slots=True)
class Sweeps:
    """Measurements of all lags so far: how many, and the seconds that they took."""

    count: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Fleet:
    """Streams that exist, and a controller that can be started for them."""

    session: Session
    cluster: Cluster
    broker: Broker
    controller: Controller
    names: tuple[str, ...]
    status_topic: str = _STATUS_TOPIC

    def sweeps(self) -> Sweeps:
        """Read how many sweeps there have been and how long they took together."""
        name = "videostream_lag_sweep_seconds"
        text = self._metrics()
        return Sweeps(int(_value(text, f"{name}_count")), _value(text, f"{name}_sum"))

    def streams(self) -> list[Body]:
        """List all streams."""
        return self._list(f"{STREAM_API}/namespaces/{self.cluster.namespace}/videostreams")

    def await_all_reconciled(self) -> None:
        """Wait until each stream has its topic, both Deployments and a current status."""
        path = f"/apis/apps/v1/namespaces/{self.cluster.namespace}/deployments"
        wanted = 2 * len(self.names)
        self._await(lambda: self._count(path) == wanted, "all Deployments exist")
        self._await(lambda: all(map(_is_current, self.streams())), "every status is current")

    def await_all_measured(self) -> None:
        """Wait until the lag of each stream is known and no stream waits for a worker."""
        self._await(self._is_measured, "every lag is known", period_s=_SCRAPE_S)

    def await_all_seen(self) -> None:
        """Wait until a controller that was started has looked at each stream."""
        wanted = len(self.names)

        def seen() -> bool:
            text = self._metrics()
            done = _value(text, r'videostream_reconcile_total{result="ok"}')
            return done >= wanted and _value(text, "videostream_queue_depth") == 0

        self._await(seen, "every stream was looked at", period_s=_SCRAPE_S)

    def edit(self, names: Sequence[str], value: str) -> None:
        """Change these streams so that both their Deployments have to change."""
        patch = {"spec": {"influx": {"tags": {_TAG: value}}}}
        for name in names:
            self.cluster.patch(name, patch)

    def await_edited(self, names: Sequence[str], value: str) -> None:
        """Wait until an edit has reached both Deployments of each of these streams."""
        waiting = [f"{name}-{role}" for name in names for role in ("consumer", "producer")]

        def all_edited() -> bool:
            while waiting and self._has_tag(waiting[0], value):
                waiting.pop(0)
            return not waiting

        self._await(all_edited, "edits are in the Deployments")

    def _has_tag(self, deployment: str, value: str) -> bool:
        body = self.cluster.deployment(deployment) or {}
        return f'"{_TAG}":"{value}"' in str(body["spec"]["template"]["spec"]["containers"])

    def _is_measured(self) -> bool:
        text = self._metrics()
        known = text.count("\nvideostream_lag_records{")
        return known == len(self.names) and _value(text, "videostream_queue_depth") == 0

    def _metrics(self) -> str:
        with suppress(OSError):  # it has only just been started
            return self.controller.get("/metrics")[1]
        return ""

    def _list(self, path: str) -> list[Body]:
        items: list[Body] = self.session.request("GET", path)[1]["items"]
        return items

    def _count(self, path: str) -> int:
        """Count objects without reading them, so that to look costs the server nothing."""
        page = self.session.request("GET", f"{path}?limit=1")[1]
        return len(page["items"]) + int(page["metadata"].get("remainingItemCount", 0))

    def _await(self, probe: Any, what: str, *, period_s: float = _LOOK_S) -> None:
        eventually(probe, timeout_s=_PATIENCE_S, what=what, period_s=period_s)


@contextmanager
def run_fleet(streams: int, *, partitions: int) -> Iterator[Fleet]:
    """Run servers of its own with that many streams for a `with` block; the controller is off."""
    with (
        tempfile.TemporaryDirectory(prefix="videostream-fleet-") as temporary,
        run_broker("fleet", {"KAFKA_HEAP_OPTS": HEAP}) as broker,
        run_apiserver(Path(temporary)) as server,
        server.session() as session,
    ):
        _warm(broker)
        server.create_namespace(_NAMESPACE)
        client = server.client_for(chart_rules(), namespace=_NAMESPACE)
        # As the chart has it, not as tests that are in a hurry do.
        env = {"LAG_SWEEP_PERIOD_S": "5", "STATUS_TOPIC": _STATUS_TOPIC}
        bootstrap = broker.bootstrap_servers
        controller = Controller(client, _NAMESPACE, Path(temporary), bootstrap, env)
        cluster = Cluster(session, _NAMESPACE)
        names = tuple(f"cam-{number:04}" for number in range(streams))
        spec = {
            "source": {"url": "rtsp://camera.test/live"},
            "kafka": {"topic": {"partitions": partitions}},
        }
        for name in names:
            cluster.create(name, spec)
        try:
            yield Fleet(session, cluster, broker, controller, names)
        finally:
            controller.kill()


def _warm(broker: Broker) -> None:
    """Let the broker make its topic of offsets, which takes seconds once in a cluster's life."""
    broker.create_topic("warm", partitions=1)
    broker.commit("warm", "warm", {0: 0}, metadata="", protocol="classic")


def _is_current(stream: Body) -> bool:
    status = stream.get("status", {})
    observed = status.get("observedGeneration") == stream["metadata"]["generation"]
    return observed and bool(status.get("topic", {}).get("partitions"))


def _value(metrics: str, series: str) -> float:
    """Return the value of one series; 0 while there is none."""
    _, found, rest = f"\n{metrics}".partition(f"\n{series} ")
    return float(rest.partition("\n")[0]) if found else 0.0
