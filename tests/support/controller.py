"""The controller as a process of its own, under the rights that the chart gives it."""

from __future__ import annotations

import functools
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.chart import RELEASE, find, render
from tests.support.containers import free_port
from tests.support.eventually import eventually, until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.support.apiserver import ApiServer, Client
    from tests.support.session import Session

STREAM_API = "/apis/videostream.dev/v1alpha1"
NOBODY = "127.0.0.1:1"  # no Kafka listens there
_READY_WITHIN_S = 40
_PAUSED = "videostream.dev/paused"

Body = dict[str, Any]


@functools.cache
def chart_rules() -> tuple[Mapping[str, Any], ...]:
    """Return the rules of the Role that the chart renders for the controller."""
    return tuple(find(render(), "Role", f"{RELEASE}-controller")["rules"])


@dataclass(slots=True)
class Controller:
    """`videostream-controller run` watching one namespace."""

    client: Client
    namespace: str
    directory: Path
    bootstrap_servers: str = NOBODY
    env: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    def start(self, *, wait: bool = True) -> None:
        """Start it; with `wait` until it is ready."""
        self._write_connection()
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "videostream_controller"],
                env=self._environment(),
                stdout=log,
                stderr=log,
            )
        if wait:
            eventually(
                self.is_ready, timeout_s=_READY_WITHIN_S, what="controller ready", period_s=0.1
            )

    def stop(self) -> float:
        """End it by SIGTERM; gives the seconds that took, and fails unless it exits with 0."""
        assert self._process is not None
        started = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(30)
        self._process = None
        assert code == 0, self.log()
        return time.monotonic() - started

    def kill(self) -> None:
        """End it by SIGKILL, if it runs."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def wait(self, timeout_s: float) -> int:
        """Wait for its own end; gives its exit code."""
        assert self._process is not None
        code = self._process.wait(timeout_s)
        self._process = None
        return code

    def is_ready(self) -> bool:
        """Ask /readyz."""
        if self._process is not None and self._process.poll() is not None:
            raise RuntimeError(f"the controller has ended:\n{self.log()}")
        with suppress(OSError, http.client.HTTPException):
            return self.get("/readyz")[0] == http.HTTPStatus.OK
        return False

    def get(self, path: str) -> tuple[int, str]:
        """Ask its HTTP server."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    @property
    def pid(self) -> int:
        """The id of its process, which runs."""
        assert self._process is not None
        return self._process.pid

    @property
    def log_file(self) -> Path:
        """Where its log goes."""
        return self.directory / "controller.log"

    def log(self) -> str:
        """Return its log so far."""
        return self.log_file.read_text()

    def _environment(self) -> dict[str, str]:
        secret = {"secret": {"name": "vs-kafka-default"}}
        connections = {"kafka": {"default": [secret]}, "influx": {"default": [secret]}}
        return {
            "PATH": os.environ["PATH"],
            "PYTHONUNBUFFERED": "1",
            "KUBECONFIG": str(self.client.kubeconfig),
            "POD_NAMESPACE": self.namespace,
            "WATCH_NAMESPACES": self.namespace,
            "PRODUCER_IMAGE": "producer:test",
            "CONSUMER_IMAGE": "consumer:test",
            "CONNECTIONS": json.dumps(connections),
            "KAFKA_CONNECTIONS_DIR": str(self.directory / "kafka"),
            "HTTP_PORT": str(self.port),
            "LAG_SWEEP_PERIOD_S": "1",
            "STATUS_TOPIC": f"status.{self.namespace}",
            **self.env,
        }

    def _write_connection(self) -> None:
        directory = self.directory / "kafka" / "default"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "bootstrap.servers").write_text(self.bootstrap_servers)


@dataclass(frozen=True, slots=True)
class Cluster:
    """The objects of one namespace, through plain requests: 20 times faster than kubectl."""

    server: ApiServer | Session
    namespace: str

    def create(self, name: str, spec: Body | None = None, **metadata: Any) -> Body:
        """Create a VideoStream; without a spec, the smallest one."""
        body = {
            "apiVersion": "videostream.dev/v1alpha1",
            "kind": "VideoStream",
            "metadata": {"name": name, **metadata},
            "spec": spec or {"source": {"url": "rtsp://camera.test/live"}},
        }
        return self._ok("POST", self._streams(), body)

    def create_with_topic(self, name: str, spec: Body) -> None:
        """Create a VideoStream whose topic is known already, as to a restarted controller."""
        self.create(name, spec, annotations={_PAUSED: "true"})
        topic = {"name": self.topic(name), "id": "x", "partitions": 12, "ownership": "Created"}
        self.patch_status(name, {"topic": topic})
        self.patch(name, {"metadata": {"annotations": {_PAUSED: None}}})

    def topic(self, name: str) -> str:
        """Return the name of a VideoStream's topic and consumer group, if it names no other."""
        return f"videostream.{self.namespace}.{name}"

    def patch(self, name: str, patch: Body) -> Body:
        """Merge-patch a VideoStream."""
        return self._ok("PATCH", self._streams(name), patch, merge=True)

    def patch_status(self, name: str, status: Body) -> Body:
        """Merge-patch a VideoStream's status."""
        path = self._streams(name) + "/status"
        return self._ok("PATCH", path, {"status": status}, merge=True)

    def delete(self, name: str) -> None:
        """Ask for the deletion of a VideoStream."""
        self._ok("DELETE", self._streams(name))

    def stream(self, name: str) -> Body | None:
        """Return a VideoStream, None if there is none."""
        return self._maybe(self._streams(name))

    def condition(self, name: str, kind: str) -> Body:
        """Return a condition of a VideoStream, empty if it is not there."""
        conditions = (self.stream(name) or {}).get("status", {}).get("conditions", [])
        return next((one for one in conditions if one["type"] == kind), {})

    def deployment(self, name: str) -> Body | None:
        """Return a Deployment, None if there is none."""
        return self._maybe(self._deployments(name))

    def patch_deployment(self, name: str, patch: Body) -> Body:
        """Strategic-merge-patch a Deployment, as `kubectl edit` and `kubectl patch` do."""
        return self._ok(
            "PATCH",
            self._deployments(name) + "?fieldManager=somebody",
            patch,
            content_type="application/strategic-merge-patch+json",
        )

    def patch_deployment_status(self, name: str, **status: Any) -> Body:
        """Do what a Deployment controller would: say how many pods there are."""
        generation = (self.deployment(name) or {})["metadata"]["generation"]
        patch = {"status": {"observedGeneration": generation, **status}}
        return self._ok("PATCH", self._deployments(name) + "/status", patch, merge=True)

    def stop_pods(self, name: str) -> None:
        """Wait until a stream's Deployments are scaled to 0, and let their pods be gone."""
        for child in (f"{name}-producer", f"{name}-consumer"):
            until(lambda child=child: self.replicas(child) == 0, f"{child} is scaled to 0")
            self.patch_deployment_status(child, replicas=0, readyReplicas=0)

    def replicas(self, deployment: str) -> int:
        """Return how many replicas a Deployment is to have."""
        return int((self.deployment(deployment) or {})["spec"]["replicas"])

    def delete_deployment(self, name: str) -> None:
        """Delete a Deployment."""
        self._ok("DELETE", self._deployments(name))

    def events(self, name: str) -> list[Body]:
        """Return the Events about a VideoStream."""
        path = f"/api/v1/namespaces/{self.namespace}/events"
        listed = self._ok("GET", path)["items"]
        return [event for event in listed if event["involvedObject"]["name"] == name]

    def versions(self, name: str) -> dict[str, str]:
        """Return the resource versions of a stream and of its Deployments."""
        found = {
            "stream": self.stream(name),
            "producer": self.deployment(f"{name}-producer"),
            "consumer": self.deployment(f"{name}-consumer"),
        }
        return {kind: body["metadata"]["resourceVersion"] for kind, body in found.items() if body}

    def _streams(self, name: str = "") -> str:
        path = f"{STREAM_API}/namespaces/{self.namespace}/videostreams"
        return f"{path}/{name}" if name else path

    def _deployments(self, name: str) -> str:
        return f"/apis/apps/v1/namespaces/{self.namespace}/deployments/{name}"

    def _maybe(self, path: str) -> Body | None:
        status, answer = self.server.request("GET", path)
        return answer if status == http.HTTPStatus.OK else None

    def _ok(
        self,
        method: str,
        path: str,
        body: Body | None = None,
        *,
        merge: bool = False,
        content_type: str = "application/json",
    ) -> Body:
        kind = "application/merge-patch+json" if merge else content_type
        status, answer = self.server.request(method, path, body, content_type=kind)
        assert status in range(200, 300), answer
        found: Body = answer
        return found


@pytest.fixture
def cluster(apiserver: ApiServer, namespace: str) -> Cluster:
    """Give the objects of the test's namespace."""
    return Cluster(apiserver, namespace)


@pytest.fixture
def bootstrap_servers() -> str:
    """Give the Kafka that the controller is told of; a folder with a real one overrides this."""
    return NOBODY


@pytest.fixture
def new_controller(
    apiserver: ApiServer, namespace: str, bootstrap_servers: str, tmp_path: Path
) -> Iterator[Controller]:
    """Give a controller that is not started yet, and end it with the test."""
    client = apiserver.client_for(chart_rules(), namespace=namespace)
    controller = Controller(client, namespace, tmp_path, bootstrap_servers)
    yield controller
    controller.kill()


@pytest.fixture
def controller(new_controller: Controller) -> Controller:
    """Give a controller that runs."""
    new_controller.start()
    return new_controller
