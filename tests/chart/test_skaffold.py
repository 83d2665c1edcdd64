"""skaffold.yaml names files, values and Services that exist; skaffold itself may not be here."""

from typing import Any

import pytest
import yaml

from charts.sync import leaves
from tests.support.chart import ROOT, render

pytestmark = pytest.mark.chart


@pytest.fixture(scope="module")
def config() -> Any:
    return yaml.safe_load((ROOT / "skaffold.yaml").read_text())


def test_files_exist(config: Any) -> None:
    for artifact in config["build"]["artifacts"]:
        assert (ROOT / artifact["context"] / artifact["docker"]["dockerfile"]).is_file()
    (release,) = config["deploy"]["helm"]["releases"]
    assert (ROOT / release["chartPath"] / "Chart.yaml").is_file()
    values = [*release["valuesFiles"], *(patch["value"] for patch in patches(config))]
    for path in values:
        assert (ROOT / path).is_file()


def patches(config: Any) -> list[Any]:
    return [patch for profile in config["profiles"] for patch in profile.get("patches", [])]


def test_patched_paths_exist(config: Any) -> None:
    for patch in patches(config):
        place = config
        for part in patch["path"].strip("/").split("/"):
            place = place[int(part)] if isinstance(place, list) else place[part]


def test_every_image_reaches_a_value_that_exists(config: Any) -> None:
    (release,) = config["deploy"]["helm"]["releases"]
    built = {artifact["image"].replace("-", "_") for artifact in config["build"]["artifacts"]}
    known = {key for key, _ in leaves()}
    templates = release["setValueTemplates"]
    assert set(templates) <= known
    assert set(templates.values()) == {f"{{{{.IMAGE_FULLY_QUALIFIED_{name}}}}}" for name in built}
    manifests = str(render(values=dict.fromkeys(templates, "registry.example.com/built:1")))
    assert manifests.count("registry.example.com/built:1") >= len(templates)


def test_forwarded_services_exist(config: Any) -> None:
    services = {
        m["metadata"]["name"]: [port["port"] for port in m["spec"]["ports"]]
        for m in render()
        if m["kind"] == "Service"
    }
    for forward in config["portForward"]:
        assert forward["port"] in services[forward["resourceName"]]
