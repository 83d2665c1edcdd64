"""The kind cluster's configuration, and when its system pods count as ready."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cluster.kind import render_config, serves


def _patches(config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    patches = [json.loads(patch) for patch in config["kubeadmConfigPatches"]]
    return {patch["kind"]: patch for patch in patches}


@pytest.mark.parametrize("stand_in", [False, True])
@pytest.mark.parametrize("cgroup_v1", [False, True])
def test_one_node_with_its_ports_on_loopback_only(*, stand_in: bool, cgroup_v1: bool) -> None:
    config = render_config(stand_in=stand_in, cgroup_v1=cgroup_v1)
    (node,) = config["nodes"]
    assert node["extraPortMappings"] == [
        {"containerPort": 30300, "hostPort": 3000, "listenAddress": "127.0.0.1"},
        {"containerPort": 30094, "hostPort": 9094, "listenAddress": "127.0.0.1"},
    ]


def test_a_published_node_keeps_the_defaults_of_kind() -> None:
    config = render_config(stand_in=False, cgroup_v1=False)
    assert config["networking"] == {}
    assert config["kubeadmConfigPatches"] == []


def test_the_stand_in_brings_its_own_network_and_cgroup_driver() -> None:
    config = render_config(stand_in=True, cgroup_v1=False)
    assert config["networking"] == {"disableDefaultCNI": True, "kubeProxyMode": "nftables"}
    patches = _patches(config)
    assert patches["KubeletConfiguration"]["cgroupDriver"] == "cgroupfs"
    assert "failCgroupV1" not in patches["KubeletConfiguration"]
    assert patches["KubeProxyConfiguration"]["conntrack"] == {"maxPerCore": 0, "min": 0}


def test_a_host_with_cgroup_v1_is_allowed_with_either_node() -> None:
    published = _patches(render_config(stand_in=False, cgroup_v1=True))
    assert published["KubeletConfiguration"]["failCgroupV1"] is False
    assert "cgroupDriver" not in published["KubeletConfiguration"]
    stand_in = _patches(render_config(stand_in=True, cgroup_v1=True))
    assert stand_in["KubeletConfiguration"]["failCgroupV1"] is False


def _pod(*, ready: bool, state: dict[str, Any]) -> dict[str, Any]:
    return {"status": {"containerStatuses": [{"ready": ready, "state": state}]}}


_STARTED = "2026-03-01T10:00:05.123456789Z"


@pytest.mark.parametrize(
    ("pod", "expected"),
    [
        (_pod(ready=True, state={"running": {"startedAt": "2026-03-01T10:00:09Z"}}), True),
        (_pod(ready=False, state={"running": {"startedAt": "2026-03-01T10:00:09Z"}}), False),
        (_pod(ready=True, state={"running": {"startedAt": "2026-03-01T09:59:59Z"}}), False),
        (_pod(ready=False, state={"waiting": {"reason": "CrashLoopBackOff"}}), False),
        ({"status": {}}, False),
    ],
)
def test_a_pod_serves_when_it_became_ready_after_the_node_was_started(
    pod: dict[str, Any], *, expected: bool
) -> None:
    assert serves([pod], since=_STARTED) is expected


def test_one_ready_pod_of_several_is_enough() -> None:
    stale = _pod(ready=False, state={"waiting": {}})
    ready = _pod(ready=True, state={"running": {"startedAt": "2026-03-01T10:01:00Z"}})
    assert serves([stale, ready], since=_STARTED)
    assert not serves([], since=_STARTED)
