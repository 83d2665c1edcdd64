"""Every set of values that we ship renders to valid Kubernetes objects, confined alike."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes_validate.utils import validate

from tests.support.chart import (
    CHART,
    CI_VALUES,
    PRESETS,
    ROOT,
    environment_of,
    find,
    helm,
    pod_specs,
    render,
    template,
)

pytestmark = pytest.mark.chart

VALUES_FILES = [*CI_VALUES, *PRESETS]
KUBERNETES = "1.36"
# Kinds of other projects' CRDs, whose schemas do not come with Kubernetes.
FOREIGN = {"ServiceMonitor", "PodMonitor", "PrometheusRule", "HTTPRoute"}
CRD = "CustomResourceDefinition"


def by_name(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("file", VALUES_FILES, ids=by_name)
def test_lint_has_nothing_to_say(file: Path) -> None:
    done = helm("lint", "--strict", CHART, "--values", file)
    assert "[WARNING]" not in done.stdout
    assert "[ERROR]" not in done.stdout


@pytest.mark.parametrize("file", VALUES_FILES, ids=by_name)
def test_every_object_is_valid_kubernetes(file: Path) -> None:
    manifests = render(file)
    for manifest in manifests:
        # The bundled schema of CRDs lacks what a structural schema may hold; the API server's
        # tests apply this one.
        if manifest["kind"] not in {CRD, *FOREIGN}:
            validate(manifest, KUBERNETES, strict=True)
    identities = [
        (m["apiVersion"], m["kind"], m["metadata"].get("namespace"), m["metadata"]["name"])
        for m in manifests
    ]
    assert len(identities) == len(set(identities))


@pytest.mark.parametrize("file", VALUES_FILES, ids=by_name)
def test_every_pod_is_confined(file: Path) -> None:
    for name, spec in pod_specs(render(file)).items():
        assert spec["enableServiceLinks"] is False, name
        may_talk_to_api = name.startswith(("Deployment/vs-controller", "Job/vs-influxdb-bootstrap"))
        assert spec["automountServiceAccountToken"] is may_talk_to_api, name
        assert spec["securityContext"]["runAsNonRoot"] is True, name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        for container in spec["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, name
            assert {"requests", "limits"} <= container["resources"].keys(), name


def test_images_can_come_from_a_mirror_be_pinned_or_replaced() -> None:
    (cluster,) = [path for path in CI_VALUES if path.stem == "cluster-values"]
    specs = pod_specs(render(cluster))
    for name, spec in specs.items():
        assert spec["imagePullSecrets"] == [{"name": "mirror"}], name
        for container in spec["containers"]:
            assert container["image"].startswith("registry.example.com/mirror/"), name
    digest = f"sha256:{'1' * 64}"
    values = {"kafka.image.digest": digest, "controller.image.ref": "controller:dev"}
    specs = pod_specs(render(values=values))
    assert specs["StatefulSet/vs-kafka"]["containers"][0]["image"].endswith(f"@{digest}")
    assert specs["Deployment/vs-controller"]["containers"][0]["image"] == "controller:dev"


def test_tags_are_the_versions_that_the_cluster_tooling_provides() -> None:
    pinned = tomllib.loads((ROOT / "cluster" / "versions.toml").read_text())["images"]
    specs = pod_specs(render())
    pods = {
        "kafka": "StatefulSet/vs-kafka",
        "influxdb": "StatefulSet/vs-influxdb",
        "grafana": "Deployment/vs-grafana",
    }
    for name, pod in pods.items():
        assert specs[pod]["containers"][0]["image"].endswith(f"/{pinned[name]}")


@pytest.mark.parametrize(
    ("values", "watched"),
    [
        ({}, "video"),
        ({"watch.scope": "list", "watch.namespaces": ["north", "south"]}, "north,south"),
        ({"watch.scope": "cluster"}, "*"),
    ],
)
def test_roles_cover_what_is_watched_and_no_secrets(values: dict[str, Any], watched: str) -> None:
    manifests = render(values=values)
    (controller,) = pod_specs(manifests)["Deployment/vs-controller"]["containers"]
    assert environment_of(controller)["WATCH_NAMESPACES"] == watched
    roles = [
        m
        for m in manifests
        if m["kind"] in {"Role", "ClusterRole"} and m["metadata"]["name"].endswith("controller")
    ]
    namespaces = {m["metadata"]["namespace"] for m in roles if m["kind"] == "Role"}
    assert namespaces == (set() if watched == "*" else set(watched.split(",")))
    rules = [rule for role in roles for rule in role["rules"]]
    assert ["videostreams/status"] in [rule["resources"] for rule in rules]
    for rule in rules:
        assert "secrets" not in rule["resources"]
        assert "*" not in [*rule["apiGroups"], *rule["resources"], *rule["verbs"]]


def test_bootstrap_may_touch_the_one_secret_only() -> None:
    role = find(render(), "Role", "vs-influxdb-bootstrap")
    assert role["rules"] == [
        {
            "apiGroups": [""],
            "resources": ["secrets"],
            "resourceNames": ["vs-influxdb-tokens"],
            "verbs": ["get", "patch"],
        }
    ]


def test_crd_is_the_source_plus_the_order_to_keep_it() -> None:
    source = yaml.safe_load((ROOT / "crds" / "videostreams.yaml").read_text())
    rendered = find(render(), CRD, "videostreams.videostream.dev")
    annotations = rendered["metadata"].pop("annotations")
    assert annotations.pop("helm.sh/resource-policy") == "keep"
    assert annotations == source["metadata"].pop("annotations", {})
    assert rendered == source
    unkept = find(render(values={"crds.keep": False}), CRD, "videostreams.videostream.dev")
    assert "helm.sh/resource-policy" not in unkept["metadata"].get("annotations", {})
    assert CRD not in {m["kind"] for m in render(values={"crds.install": False})}


def test_network_policies_let_labelled_pods_in() -> None:
    manifests = render()
    for store, label in (("kafka", "kafka-client"), ("influxdb", "influx-client")):
        (rule,) = find(manifests, "NetworkPolicy", f"vs-{store}")["spec"]["ingress"]
        assert rule["from"] == [
            {"podSelector": {"matchLabels": {f"videostream.dev/{label}": "true"}}}
        ]
    for kind, name in (("Deployment", "vs-controller"), ("Deployment", "vs-grafana")):
        pod = find(manifests, kind, name)["spec"]["template"]["metadata"]
        assert pod["labels"]["videostream.dev/influx-client"] == "true"
    everywhere = render(values={"watch.scope": "cluster"})
    (rule,) = find(everywhere, "NetworkPolicy", "vs-kafka")["spec"]["ingress"]
    assert rule["from"][0]["namespaceSelector"] == {}


def test_job_has_a_new_name_whenever_its_pod_changes() -> None:
    def job(values: dict[str, Any]) -> str:
        (name,) = [m["metadata"]["name"] for m in render(values=values) if m["kind"] == "Job"]
        return str(name)

    assert job({}) == job({})
    assert job({}) != job({"controller.image.tag": "0.2.0"})


def test_notes_are_short() -> None:
    notes = helm("install", "vs", CHART, "--dry-run=client", "--namespace", "video").stdout
    lines = notes.split("NOTES:\n", 1)[1].strip().splitlines()
    assert "kubectl get vst" in "\n".join(lines)
    assert len(lines) <= 25


def test_rendering_fits_into_a_release_secret() -> None:
    # Helm stores chart and manifests, gzipped and base64-coded, in one Secret of at most 1 MiB.
    assert len(template().stdout) < 700_000
