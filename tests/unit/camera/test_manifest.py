"""The camera's manifest is valid and fits into a namespace of the restricted Pod Security level."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes_validate.utils import validate

MANIFEST = Path(__file__).parents[3] / "images" / "camera" / "camera.yaml"


@pytest.fixture(scope="module")
def objects() -> dict[str, Any]:
    return {item["kind"]: item for item in yaml.safe_load_all(MANIFEST.read_text())}


def test_objects_are_valid(objects: dict[str, Any]) -> None:
    assert set(objects) == {"Service", "Deployment"}
    for item in objects.values():
        assert item["metadata"]["name"] == "camera"
        validate(item, "1.36", strict=True)


def test_pod_is_restricted(objects: dict[str, Any]) -> None:
    pod = objects["Deployment"]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_service_leads_to_the_pod(objects: dict[str, Any]) -> None:
    template = objects["Deployment"]["spec"]["template"]
    service = objects["Service"]["spec"]
    assert service["selector"].items() <= template["metadata"]["labels"].items()
    named = {
        port["name"]: port["containerPort"] for port in template["spec"]["containers"][0]["ports"]
    }
    offered = {port["port"]: named[port["targetPort"]] for port in service["ports"]}
    assert offered == {8554: 8554, 8080: 8080}
