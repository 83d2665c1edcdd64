"""The test server itself: who may do what, outages, and the optional controllers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.apiserver import ApiServer
from tests.support.eventually import eventually

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.api

_READ_CONFIG_MAPS = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}]


def test_client_has_its_rules_and_no_more(apiserver: ApiServer, namespace: str) -> None:
    client = apiserver.client_for(_READ_CONFIG_MAPS, namespace=namespace)
    apiserver.kubectl("get", "configmaps", client=client)
    refused = apiserver.kubectl("get", "secrets", client=client, check=False)
    assert "cannot list resource" in refused.stderr
    elsewhere = apiserver.kubectl("get", "configmaps", "-n", "default", client=client, check=False)
    assert "cannot list resource" in elsewhere.stderr


def test_cluster_rules_hold_everywhere(apiserver: ApiServer, namespace: str) -> None:
    rules = _READ_CONFIG_MAPS
    client = apiserver.client_for([], namespace=namespace, cluster_rules=rules)
    apiserver.kubectl("get", "configmaps", "--all-namespaces", client=client)


def test_data_and_clients_survive_an_outage(tmp_path: Path) -> None:
    server = ApiServer(tmp_path)
    try:
        client = server.client_for(_READ_CONFIG_MAPS, namespace="default")
        server.stop()
        with pytest.raises(OSError, match="refused"):
            server.request("GET", "/readyz")
        server.start()
        server.kubectl("get", "configmaps", client=client)
    finally:
        server.close()


def test_controllers_can_be_added(apiserver: ApiServer, namespace: str) -> None:
    apiserver.start_controller_manager()
    try:
        apiserver.kubectl("create", "deployment", "web", "--image=web", "-n", namespace)
        eventually(
            lambda: apiserver.get("replicasets", namespace=namespace)["items"],
            timeout_s=30,
            what="ReplicaSet of the Deployment",
        )
        apiserver.kubectl("delete", "deployment", "web", "-n", namespace)
        eventually(
            lambda: not apiserver.get("replicasets", namespace=namespace)["items"],
            timeout_s=60,
            what="ReplicaSet collected",
        )
    finally:
        apiserver.stop_controller_manager()
