"""A real InfluxDB for a test session, set up over its API as the product does it."""

import json
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from cluster.docker import docker
from cluster.images import ensure_image
from tests.support.containers import container, free_port, wait_until

_PORT = 8086
_ORG = "videostream"
_TIMEOUT_S = 10.0
_START_TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class Influx:
    """InfluxDB in a container; its data survives `stop` and `start`."""

    container: str
    url: str
    org: str
    bucket: str
    token: str

    def stop(self) -> None:
        """Stop the server."""
        docker("stop", "--timeout", "5", self.container)

    def start(self) -> None:
        """Start it again on the same port and data."""
        docker("start", self.container)
        self.wait()

    def wait(self) -> None:
        """Wait until the server answers."""
        wait_until(self._answers, name=self.container, timeout_s=_START_TIMEOUT_S)

    def query(self, influxql: str) -> list[dict[str, Any]]:
        """Return the rows of an InfluxQL query, times in ns, tags of GROUP BY as columns."""
        asked = urllib.parse.urlencode({"db": self.bucket, "q": influxql, "epoch": "ns"})
        [result] = self.call("GET", f"/query?{asked}")["results"]
        if "error" in result:
            raise AssertionError(f"{influxql}: {result['error']}")
        return [
            {**series.get("tags", {}), **dict(zip(series["columns"], row, strict=True))}
            for series in result.get("series", [])
            for row in series["values"]
        ]

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Call the HTTP API with the token of this object and return the JSON of its answer."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Token {self.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:
            return json.loads(answer.read() or "null")

    def new_bucket(self, *, retention_s: int = 0) -> "Influx":
        """Make an empty bucket and return the same server with it."""
        name = f"bucket-{uuid.uuid4().hex[:8]}"
        rules = [{"type": "expire", "everySeconds": retention_s}] if retention_s else []
        self.call(
            "POST",
            "/api/v2/buckets",
            {"orgID": self._org_id(), "name": name, "retentionRules": rules},
        )
        return replace(self, bucket=name)

    def new_token(self, action: str) -> str:
        """Make a token that may only `read` or `write` the bucket."""
        bucket = self.call("GET", f"/api/v2/buckets?name={self.bucket}")["buckets"][0]
        resource = {"type": "buckets", "id": bucket["id"], "orgID": bucket["orgID"]}
        permissions = [{"action": action, "resource": resource}]
        made = self.call(
            "POST",
            "/api/v2/authorizations",
            {"orgID": bucket["orgID"], "description": "test", "permissions": permissions},
        )
        return str(made["token"])

    def write_connection(self, directory: Path, *, token: str | None = None) -> Path:
        """Write the connection directory that a pod would see, and return it."""
        directory.mkdir(exist_ok=True)
        for name in ("url", "org", "bucket"):
            (directory / name).write_text(getattr(self, name))
        (directory / "token").write_text(self.token if token is None else token)
        return directory

    def _org_id(self) -> str:
        return str(self.call("GET", f"/api/v2/orgs?org={self.org}")["orgs"][0]["id"])

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=1) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


@contextmanager
def run_influxdb() -> Iterator[Influx]:
    """Run a server with an organisation and an admin token for a `with` block."""
    host_port = free_port()
    url = f"http://127.0.0.1:{host_port}"
    with container(
        "influxdb",
        ensure_image("influxdb"),
        "influxd",
        env={"INFLUXD_REPORTING_DISABLED": "true", "INFLUXD_SESSION_LENGTH": "1440"},
        host_port=host_port,
        port=_PORT,
    ) as name:
        server = Influx(name, url, org=_ORG, bucket="default", token=uuid.uuid4().hex)
        server.wait()
        setup = {"username": "admin", "password": uuid.uuid4().hex, "token": server.token}
        server.call("POST", "/api/v2/setup", {**setup, "org": _ORG, "bucket": server.bucket})
        yield server


@pytest.fixture(scope="session")
def influxdb() -> Iterator[Influx]:
    """A running server; `new_bucket` for each test."""
    with run_influxdb() as server:
        yield server


@pytest.fixture
def bucket(influxdb: Influx) -> Influx:
    """The server with a bucket of its own for one test."""
    return influxdb.new_bucket()
