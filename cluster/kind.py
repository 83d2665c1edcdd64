"""The project's kind cluster: made, found again, loaded with images, removed.

It has a kubeconfig of its own, so that the clusters of whoever runs this stay untouched.
"""

from __future__ import annotations

import json
import subprocess
import time
from typing import TYPE_CHECKING, Any

from cluster import cache, engine
from cluster.docker import client, docker
from cluster.images import ensure_image, is_stand_in
from cluster.progress import StepFailedError, run_logged, say, step
from cluster.tools import tool

if TYPE_CHECKING:
    from pathlib import Path

NAME = "videostream"
CONTEXT = f"kind-{NAME}"
NODE = f"{NAME}-control-plane"
KUBECONFIG = cache.cache_dir() / "kind" / "kubeconfig"
GRAFANA_NODE_PORT = 30300
KAFKA_NODE_PORT = 30094
# NodePorts inside the node and where they appear on the host.
_HOST_PORTS = {GRAFANA_NODE_PORT: 3000, KAFKA_NODE_PORT: 9094}
_READY_TIMEOUT_S = 180.0
_POLL_S = 0.5


def render_config(*, stand_in: bool, cgroup_v1: bool) -> dict[str, Any]:
    """Return kind's cluster configuration.

    A published node image gets kind's own defaults. The stand-in has neither kind's network
    plugin nor systemd cgroups, and its kube-proxy works with nftables.
    """
    kubelet: dict[str, Any] = {"apiVersion": "kubelet.config.k8s.io/v1beta1"}
    kubelet["kind"] = "KubeletConfiguration"
    proxy: dict[str, Any] = {"apiVersion": "kubeproxy.config.k8s.io/v1alpha1"}
    proxy["kind"] = "KubeProxyConfiguration"
    networking: dict[str, Any] = {}
    if stand_in:
        networking = {"disableDefaultCNI": True, "kubeProxyMode": "nftables"}
        kubelet["cgroupDriver"] = "cgroupfs"
        # Zero leaves the host's limits alone, which a nested node may not be allowed to set.
        proxy["conntrack"] = {"maxPerCore": 0, "min": 0}
    if cgroup_v1:
        kubelet["failCgroupV1"] = False
    patches = [patch for patch in (kubelet, proxy) if len(patch) > len(("apiVersion", "kind"))]
    ports = [
        {"containerPort": node, "hostPort": host, "listenAddress": "127.0.0.1"}
        for node, host in _HOST_PORTS.items()
    ]
    node = {"role": "control-plane", "extraPortMappings": ports}
    return {
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "networking": networking,
        "nodes": [node],
        "kubeadmConfigPatches": [json.dumps(patch) for patch in patches],
    }


def up() -> Path:
    """Make sure that the cluster runs, and return the path of its kubeconfig.

    The first call on a machine may build a node image, which takes minutes. Raises
    StepFailedError when the cluster does not become ready.
    """
    with cache.lock("kind"):
        if not exists():
            _create()
        elif not _is_running():
            with step("starting the node again"):
                docker("start", NODE)
        _write_kubeconfig()
        _wait_until_ready()
    return KUBECONFIG


def exists() -> bool:
    """Tell whether the cluster's node exists, running or not."""
    return bool(docker("ps", "--all", "--quiet", "--filter", f"name=^{NODE}$"))


def state() -> str:
    """Return a word for the cluster: ``absent``, ``stopped``, ``ready``, or what it waits for."""
    if not exists():
        return "absent"
    return (_problem() or "ready") if _is_running() else "stopped"


def _is_running() -> bool:
    return docker("inspect", "--format", "{{.State.Running}}", NODE) == "true"


def _create() -> None:
    image = ensure_image("node")
    kind = tool("kind")
    config = render_config(
        stand_in=is_stand_in("node"),
        cgroup_v1=docker("info", "--format", "{{.CgroupVersion}}") == "1",
    )
    file = KUBECONFIG.with_name("cluster.json")
    file.parent.mkdir(parents=True, exist_ok=True)
    # kind reads YAML, of which JSON is a part.
    file.write_text(json.dumps(config, indent=2))
    with step(f"creating the cluster {NAME}"):
        run_logged(
            [
                *(kind, "create", "cluster", "--name", NAME, "--image", image),
                *("--config", file, "--kubeconfig", KUBECONFIG, "--wait", "0s"),
            ],
            log=cache.fresh_log("kind-create"),
        )


def _write_kubeconfig() -> None:
    # The host port of the API server changes when the node is started again.
    text = subprocess.run(
        [tool("kind"), "get", "kubeconfig", "--name", NAME],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    fresh = KUBECONFIG.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    fresh.rename(KUBECONFIG)


def kubectl(*args: str | Path, stdin: str | None = None) -> str:
    """Run kubectl on the cluster and return what it printed; RuntimeError holds its message."""
    argv = [tool("kubectl"), "--kubeconfig", KUBECONFIG, "--context", CONTEXT, *args]
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"kubectl {' '.join(map(str, args))}: {done.stderr.strip()}")
    return done.stdout.strip()


def _wait_until_ready() -> None:
    deadline_s = time.monotonic() + _READY_TIMEOUT_S
    if not (problem := _problem()):
        return
    with step("waiting until the cluster is ready"):
        while problem:
            if time.monotonic() > deadline_s:
                raise StepFailedError(
                    f"the cluster is not ready after {_READY_TIMEOUT_S:.0f} s: {problem}"
                )
            time.sleep(_POLL_S)
            problem = _problem()


def _problem() -> str:
    """Return why the cluster can't be used yet, empty when it can: node, DNS and storage."""
    started = docker("inspect", "--format", "{{.State.StartedAt}}", NODE)
    try:
        ready = '{.items[*].status.conditions[?(@.type=="Ready")].status}'
        if kubectl("get", "nodes", "-o", f"jsonpath={ready}") != "True":
            return "the node is not Ready"
        dns = kubectl("get", "pods", "-n", "kube-system", "-l", "k8s-app=kube-dns", "-o", "json")
        storage = kubectl("get", "pods", "-n", "local-path-storage", "-o", "json")
        kubectl("get", "serviceaccount", "default")
    except RuntimeError as error:
        return str(error)
    if not serves(json.loads(dns)["items"], since=started):
        return "CoreDNS is not ready"
    return "" if serves(json.loads(storage)["items"], since=started) else "storage is not ready"


def serves(pods: list[dict[str, Any]], *, since: str) -> bool:
    """Tell whether one of the pods is ready, with containers that were started after ``since``.

    After a restart of the node its pods still show for seconds the state they were stopped in.
    Times are UTC in ISO 8601, of which the part up to the second compares as text.
    """
    seconds = len("2026-01-01T00:00:00")
    return any(
        container["ready"]
        and container["state"].get("running", {}).get("startedAt", "")[:seconds] > since[:seconds]
        for pod in pods
        for container in pod["status"].get("containerStatuses", [])
    )


def load(*references: str) -> None:
    """Load images of the engine into the node; kind skips those whose id the node holds."""
    log = cache.fresh_log("kind-load")
    for reference in references:
        # One by one: given several, kind would transfer all of them as soon as one is new.
        with step(f"loading {reference}"):
            run_logged(
                [tool("kind"), "load", "docker-image", "--name", NAME, reference],
                log=log,
            )


def down(*, everything: bool = False) -> None:
    """Remove the cluster, and stop the engine if it is ours.

    The engine's images and the cache stay, so that the next start takes seconds; with
    ``everything`` our engine's data goes too.
    """
    if not engine.answers():
        say("no Docker engine answers: there is no cluster to remove")
    elif exists():
        with step(f"removing the cluster {NAME}"):
            docker("rm", "--force", "--volumes", NODE)
    KUBECONFIG.unlink(missing_ok=True)
    if not engine.stop():
        return
    client.cache_clear()  # the next docker command must look for an engine again
    if everything:
        engine.remove_data()
        say("removed the engine's images")
    else:
        say("the engine's images are kept for the next start; `down --all` removes them")
