"""VideoStreams on the kind cluster: apply, wait for a condition, read status, clean up."""

import json
from typing import Any

from cluster.kind import kubectl
from tests.support.eventually import eventually

Condition = dict[str, Any]


class Streams:
    """The VideoStreams that one test applies, so that it can delete just these."""

    def __init__(self, *, namespace: str, suffix: str) -> None:
        self.namespace = namespace
        self._suffix = suffix
        self._names: list[str] = []

    def apply(self, name: str, spec: dict[str, Any]) -> str:
        """Apply a VideoStream and give its full name."""
        full_name = name if name in self._names else f"{name}-{self._suffix}"
        manifest = {
            "apiVersion": "videostream.dev/v1alpha1",
            "kind": "VideoStream",
            "metadata": {"name": full_name, "namespace": self.namespace},
            "spec": spec,
        }
        kubectl("apply", "--filename", "-", stdin=json.dumps(manifest))
        if full_name not in self._names:
            self._names.append(full_name)
        return full_name

    def status(self, name: str) -> dict[str, Any]:
        """Read the status of a VideoStream; empty before the controller wrote one."""
        printed = kubectl("get", "vst", name, "--namespace", self.namespace, "--output", "json")
        found: dict[str, Any] = json.loads(printed).get("status", {})
        return found

    def condition(self, name: str, kind: str) -> Condition:
        """Read one condition; empty while it is not there."""
        conditions = self.status(name).get("conditions", [])
        return next((entry for entry in conditions if entry["type"] == kind), {})

    def wait(
        self,
        name: str,
        kind: str,
        *,
        status: str,
        reason: str | None = None,
        timeout_s: float = 120,
    ) -> Condition:
        """Wait until a condition has this status (and reason) and give it."""

        def reached() -> Condition | None:
            found = self.condition(name, kind)
            assert found.get("status") == status, found
            assert reason is None or found.get("reason") == reason, found
            return found

        wanted = f"{name}: {kind}={status}" + (f"/{reason}" if reason else "")
        return eventually(reached, timeout_s=timeout_s, what=wanted, period_s=1) or {}

    def delete(self, name: str) -> None:
        """Delete a VideoStream and wait until it is gone."""
        kubectl(
            *("delete", "vst", name, "--namespace", self.namespace, "--ignore-not-found"),
            *("--timeout", "90s"),
        )

    def delete_all(self) -> None:
        """Delete every VideoStream of this test."""
        for name in self._names:
            self.delete(name)
        self._names.clear()
