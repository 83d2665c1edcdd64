"""Bootstrap of a fresh InfluxDB: the whole command, the tokens' rights, and doing it again."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import urllib.error
import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from cluster.images import ensure_image
from tests.support.containers import container, free_port
from tests.support.influxdb import Influx

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.apiserver import ApiServer, Client

pytestmark = [pytest.mark.api, pytest.mark.influx]

SECRET = "vs-influxdb-tokens"
RULES = (
    {
        "apiGroups": [""],
        "resources": ["secrets"],
        "resourceNames": [SECRET],
        "verbs": ["get", "patch"],
    },
)


@pytest.fixture(scope="module")
def fresh() -> Iterator[Influx]:
    """An InfluxDB that nobody has set up; its container starts while the first test runs."""
    port = free_port()
    image = ensure_image("influxdb")
    env = {"INFLUXD_REPORTING_DISABLED": "true"}
    with container("fresh", image, "influxd", env=env, host_port=port, port=8086) as name:
        token = uuid.uuid4().hex
        yield Influx(name, f"http://127.0.0.1:{port}", org="video", bucket="video", token=token)


@dataclass(frozen=True, slots=True)
class Job:
    """The chart's bootstrap Job, as a process."""

    server: ApiServer
    client: Client
    influx: Influx

    def run(self, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "videostream_controller", "bootstrap-influx"],
            env={
                "PATH": os.environ["PATH"],
                "KUBECONFIG": str(self.client.kubeconfig),
                "POD_NAMESPACE": self.client.namespace,
                "INFLUX_URL": self.influx.url,
                "INFLUX_ORG": self.influx.org,
                "INFLUX_BUCKET": self.influx.bucket,
                "INFLUX_RETENTION": "168h",
                "INFLUX_ADMIN_USER": "admin",
                "INFLUX_ADMIN_PASSWORD": "a-long-password",
                "INFLUX_ADMIN_TOKEN": self.influx.token,
                "TOKEN_SECRET": SECRET,
                **env,
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )

    def tokens(self) -> dict[str, str]:
        data = self.server.get("secret", SECRET, namespace=self.client.namespace).get("data", {})
        return {name: base64.b64decode(value).decode() for name, value in data.items()}

    def set_token(self, purpose: str, token: str) -> None:
        value = base64.b64encode(token.encode()).decode()
        path = f"/api/v1/namespaces/{self.client.namespace}/secrets/{SECRET}"
        patch = {"data": {purpose: value}}
        kind = "application/merge-patch+json"
        status, answer = self.server.request("PATCH", path, patch, content_type=kind)
        assert status == 200, answer


@pytest.fixture
def job(apiserver: ApiServer, namespace: str, fresh: Influx) -> Job:
    apiserver.apply({"apiVersion": "v1", "kind": "Secret"}, name=SECRET, namespace=namespace)
    return Job(apiserver, apiserver.client_for(RULES, namespace=namespace), fresh)


def may(influx: Influx, token: str, action: str) -> bool:
    """Tell whether a token may write to or read from the bucket."""
    who = replace(influx, token=token)
    try:
        if action == "write":
            path = f"/api/v2/write?org={influx.org}&bucket={influx.bucket}"
            who.call("POST", path, None)
        else:
            return bool(who.call("GET", f"/api/v2/buckets?name={influx.bucket}")["buckets"])
    except urllib.error.HTTPError as error:
        return error.code not in {401, 403, 404}
    return True


def test_it_sets_a_fresh_server_up_and_again_changes_nothing(job: Job) -> None:
    done = job.run()
    assert done.returncode == 0, done.stderr
    tokens = job.tokens()
    assert set(tokens) == {"consumer", "grafana"}
    for token in tokens.values():
        assert token not in done.stderr
    assert job.influx.token not in done.stderr
    (bucket,) = job.influx.call("GET", "/api/v2/buckets?name=video")["buckets"]
    assert bucket["retentionRules"][0]["everySeconds"] == 168 * 3600
    assert may(job.influx, tokens["consumer"], "write")
    assert not may(job.influx, tokens["consumer"], "read")
    assert may(job.influx, tokens["grafana"], "read")
    assert not may(job.influx, tokens["grafana"], "write")
    again = job.run()
    assert again.returncode == 0, again.stderr
    assert job.tokens() == tokens


def test_a_token_that_does_not_work_is_replaced_and_the_other_kept(job: Job) -> None:
    assert job.run().returncode == 0
    tokens = job.tokens()
    job.set_token("consumer", tokens["grafana"])  # a real token of the wrong right
    done = job.run()
    assert done.returncode == 0, done.stderr
    now = job.tokens()
    assert now["grafana"] == tokens["grafana"]
    assert now["consumer"] not in tokens.values()
    assert may(job.influx, now["consumer"], "write")


def test_a_changed_retention_reaches_the_bucket(job: Job) -> None:
    done = job.run(INFLUX_RETENTION="24h")
    assert done.returncode == 0, done.stderr
    (bucket,) = job.influx.call("GET", "/api/v2/buckets?name=video")["buckets"]
    assert bucket["retentionRules"][0]["everySeconds"] == 24 * 3600


def test_another_bucket_is_made_beside_the_first(job: Job) -> None:
    done = job.run(INFLUX_BUCKET="second")
    assert done.returncode == 0, done.stderr
    assert may(replace(job.influx, bucket="second"), job.tokens()["consumer"], "write")


def test_a_server_set_up_with_another_token_is_an_error_that_says_so(job: Job) -> None:
    assert job.run().returncode == 0
    done = job.run(INFLUX_ADMIN_TOKEN="wrong-token")
    assert done.returncode == 1
    assert "401" in done.stderr
    assert "wrong-token" not in done.stderr


def test_missing_settings_are_named_together(job: Job, tmp_path: Path) -> None:
    done = job.run(INFLUX_URL="", INFLUX_RETENTION="a week", KUBECONFIG=str(tmp_path / "none"))
    assert done.returncode == 1
    assert "INFLUX_URL is not set" in done.stderr
    assert "INFLUX_RETENTION" in done.stderr
