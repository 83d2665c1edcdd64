"""Reads points back from the cluster's InfluxDB over a port-forward, as Grafana would: InfluxQL."""

import base64
import json
import re
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from cluster.kind import CONTEXT, KUBECONFIG, kubectl
from cluster.tools import tool

Row = dict[str, Any]


class InfluxPortForward:
    """A port-forward to the InfluxDB of a release that is opened anew when its pod went away."""

    def __init__(self, *, release: str, namespace: str) -> None:
        self._service = f"service/{release}-influxdb"
        self._namespace = namespace
        self._token = _secret(f"{release}-influxdb-tokens", "grafana", namespace=namespace)
        self._database = _secret(f"{release}-influx-default", "bucket", namespace=namespace)
        self._process: subprocess.Popen[str] | None = None
        self._url = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close()

    def query(self, influxql: str, *, timeout_s: float = 15) -> list[Row]:
        """Run one InfluxQL statement and give a dict per row, its tags included.

        Raises OSError or RuntimeError when InfluxDB can't be reached.
        """
        was_open = self._is_open()
        try:
            return self._query(influxql, timeout_s=timeout_s)
        except urllib.error.HTTPError:
            raise
        except OSError:
            self._close()
            if not was_open:
                raise
        # That a forward leads to a pod of the past may show at its next use only.
        return self._query(influxql, timeout_s=timeout_s)

    def _query(self, influxql: str, *, timeout_s: float) -> list[Row]:
        self._ensure_open()
        parameters = {"db": self._database, "q": influxql, "epoch": "ns"}
        request = urllib.request.Request(
            f"{self._url}/query?{urllib.parse.urlencode(parameters)}",
            headers={"Authorization": f"Token {self._token}"},
        )
        with urllib.request.urlopen(request, timeout=timeout_s) as response:
            return rows(json.load(response))

    def _is_open(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _ensure_open(self) -> None:
        if self._is_open():
            return
        self._close()
        self._process = subprocess.Popen(
            [
                *(tool("kubectl"), "--kubeconfig", KUBECONFIG, "--context", CONTEXT),
                *("port-forward", "--namespace", self._namespace, self._service, ":8086"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        first_line = self._process.stdout.readline() if self._process.stdout else ""
        found = re.search(r"127\.0\.0\.1:(\d+)", first_line)
        if found is None:
            reason = self._process.stderr.read() if self._process.stderr else ""
            self._close()
            raise RuntimeError(f"port-forward to {self._service}: {reason.strip()}")
        self._url = f"http://127.0.0.1:{found[1]}"

    def _close(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        self._process.wait(timeout=10)
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()
        self._process = None


def _secret(name: str, key: str, *, namespace: str) -> str:
    path = f"jsonpath={{.data['{key}']}}"
    encoded = kubectl("get", "secret", name, "--namespace", namespace, "--output", path)
    return base64.b64decode(encoded).decode()


def rows(answer: Mapping[str, Any]) -> list[Row]:
    """Flatten the JSON of `/query` into a dict per row: columns and the series' tags."""
    result = answer["results"][0]
    if "error" in result:
        raise ValueError(result["error"])
    return [
        {**series.get("tags", {}), **dict(zip(series["columns"], values, strict=True))}
        for series in result.get("series", [])
        for values in series["values"]
    ]
