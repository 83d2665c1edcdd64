"""The processes of a control plane, each with its files and its log below one directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster.tools import tool
from tests.support.servers import Process, free_ports

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def start_etcd(directory: Path, *, port: int, peer_port: int) -> Process:
    """Start etcd on its data below `directory`."""
    client_url = f"http://127.0.0.1:{port}"
    return Process(
        tool("etcd"),
        f"--data-dir={directory / 'etcd'}",
        f"--listen-client-urls={client_url}",
        f"--advertise-client-urls={client_url}",
        f"--listen-peer-urls=http://127.0.0.1:{peer_port}",
        "--unsafe-no-fsync",
        log=directory / "etcd.log",
    )


def start_apiserver(directory: Path, *, port: int, etcd_port: int) -> Process:
    """Start kube-apiserver; who it knows is in tokens.csv, its key in service-account.key."""
    return Process(
        tool("kube-apiserver"),
        f"--etcd-servers=http://127.0.0.1:{etcd_port}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={directory}",
        f"--token-auth-file={directory / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={directory / 'service-account.key'}",
        f"--service-account-signing-key-file={directory / 'service-account.key'}",
        # Without controllers no namespace gets a default ServiceAccount, which pods would need.
        "--disable-admission-plugins=ServiceAccount",
        "--service-cluster-ip-range=10.0.0.0/24",
        log=directory / "kube-apiserver.log",
    )


def start_controller_manager(
    directory: Path, controllers: Sequence[str], *, kubeconfig: Path, flags: Sequence[str] = ()
) -> Process:
    """Start these controllers of Kubernetes on all objects that are there and to come."""
    return Process(
        tool("kube-controller-manager"),
        f"--kubeconfig={kubeconfig}",
        f"--controllers={','.join(controllers)}",
        "--leader-elect=false",
        # The 20 requests a second of the default would take a minute for what other tests left.
        "--kube-api-qps=1000",
        "--kube-api-burst=1000",
        "--bind-address=127.0.0.1",
        f"--secure-port={free_ports(1)[0]}",
        f"--cert-dir={directory / 'controller-manager'}",
        *flags,
        log=directory / "kube-controller-manager.log",
    )
