"""The Deployments of stream `cam` in memory, as the API server would keep them."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from videostream_controller.applied import remember
from videostream_controller.observed import Applied, Child, Observed
from videostream_controller.plan import (
    Action,
    Apply,
    ForceRecreate,
    Plan,
    Scale,
)

_NAMES = {"producer": "cam-producer", "consumer": "cam-consumer"}


class Deployments:
    """What server-side apply and the scale subresource do to Deployments, in a dict."""

    def __init__(self, observed: Observed) -> None:
        self.live = {
            _NAMES["producer"]: deepcopy(observed.producer.live),
            _NAMES["consumer"]: deepcopy(observed.consumer.live),
        }
        self.applied: dict[str, Applied] = {}
        self._version = 100

    def carry_out(self, planned: Plan) -> None:
        """Do what a plan says."""
        for action in planned.actions:
            self._do(action)

    def observed(self, before: Observed) -> Observed:
        """Return what is seen now; all but the Deployments is as before."""
        children = {
            role: Child(self.live[name], self.applied.get(name)) for role, name in _NAMES.items()
        }
        return Observed(
            before.topic, children["producer"], children["consumer"], before.reports, before.lag
        )

    def _do(self, action: Action) -> None:
        live = dict(self.live[action.name] or {"metadata": {}, "spec": {}, "status": {}})
        spec, metadata = dict(live["spec"]), dict(live["metadata"])
        owners = [dict(entry) for entry in metadata.get("managedFields", [])]
        match action:
            case Scale(replicas=replicas):
                spec["replicas"] = replicas
                owners = [_owner("videostream-scaler")]
            case ForceRecreate():
                spec["strategy"] = {"type": "Recreate"}
            case Apply(manifest=manifest):
                spec |= manifest["spec"]
                metadata |= manifest["metadata"]
                ours = "replicas" in manifest["spec"]
                others = [one for one in owners if one["manager"] != "videostream-controller"]
                if not ours and not others:
                    spec["replicas"] = 1  # nobody owns it any more: the default
                owners = [*others, *([_owner("videostream-controller")] if ours else [])]
        self._version += 1
        version = {"resourceVersion": str(self._version), "generation": self._version}
        metadata |= version | {"managedFields": owners}
        metadata.setdefault("name", action.name)
        self.live[action.name] = {**live, "metadata": metadata, "spec": spec}
        if isinstance(action, Apply):
            self.applied[action.name] = remember(action.manifest, self.live[action.name] or {})


def _owner(manager: str) -> dict[str, Any]:
    fields: dict[str, Any] = {"f:spec": {"f:replicas": {}}}
    return {"manager": manager, "operation": "Apply", "fieldsV1": fields}
