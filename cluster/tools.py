"""The command-line programs that the project's tests and its cluster use, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster import gotools
from cluster.gotools import GoProgram
from cluster.versions import versions

if TYPE_CHECKING:
    from pathlib import Path

_KUBERNETES = (
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kube-proxy",
    "kubelet",
    "kubeadm",
    "kubectl",
)
_COREDNS_PLUGINS = (
    "cache",
    "errors",
    "forward",
    "health",
    "kubernetes",
    "loadbalance",
    "loop",
    "metrics",
    "ready",
    "reload",
)


def _kubernetes(name: str, version: str) -> GoProgram:
    _, minor, patch = version.split(".")
    stamp = "k8s.io/component-base/version"
    flags = {"gitVersion": version, "gitMajor": version[1], "gitMinor": minor}
    return GoProgram(
        name=name,
        module="k8s.io/kubernetes",
        version=version,
        package=f"k8s.io/kubernetes/cmd/{name}",
        # Without the stamp kubeadm reads its own version as v0.0.0 and refuses to work.
        ldflags=" ".join(f"-X {stamp}.{key}={value}" for key, value in flags.items()),
        staging_version=f"v0.{minor}.{patch}",
    )


def _coredns_main() -> str:
    # CoreDNS with all plugins takes minutes to compile; kubeadm's Corefile needs these ten.
    plugins = "\n".join(
        f'\t_ "github.com/coredns/coredns/plugin/{name}"' for name in _COREDNS_PLUGINS
    )
    return (
        'package main\n\nimport (\n\t"github.com/coredns/coredns/coremain"\n'
        f"{plugins}\n)\n\nfunc main() {{ coremain.Run() }}\n"
    )


def programs() -> dict[str, GoProgram]:
    """Return the recipe of every program, by name."""
    go = versions()["go"]
    found = [_kubernetes(name, go["kubernetes"]) for name in _KUBERNETES]
    found += [
        GoProgram(
            name="etcd",
            module="go.etcd.io/etcd/server/v3",
            version=go["etcd"],
            package="go.etcd.io/etcd/server/v3",
        ),
        GoProgram(
            name="coredns",
            module="github.com/coredns/coredns",
            version=go["coredns"],
            main=_coredns_main(),
        ),
        GoProgram(
            name="crictl",
            module="sigs.k8s.io/cri-tools",
            version=go["crictl"],
            package="sigs.k8s.io/cri-tools/cmd/crictl",
        ),
        GoProgram(
            name="kind",
            module="sigs.k8s.io/kind",
            version=go["kind"],
            package="sigs.k8s.io/kind",
        ),
        GoProgram(
            name="helm",
            module="helm.sh/helm/v4",
            version=go["helm"],
            package="helm.sh/helm/v4/cmd/helm",
            ldflags=f"-X helm.sh/helm/v4/internal/version.version={go['helm']}",
        ),
        GoProgram(
            name="local-path-provisioner",
            module="github.com/rancher/local-path-provisioner",
            version=go["local-path-provisioner"],
            package="github.com/rancher/local-path-provisioner",
        ),
    ]
    return {program.name: program for program in found}


def tool(name: str) -> Path:
    """Return the path of a program, built from its Go module when the cache lacks it.

    Raises ValueError for an unknown name and StepFailedError when the build fails.
    """
    known = programs()
    if name not in known:
        raise ValueError(f"unknown tool {name!r}; known are: {', '.join(sorted(known))}")
    return gotools.build(known[name])
