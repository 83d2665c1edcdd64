"""Every set of values that we ship renders to valid Kubernetes objects, confined alike."""

import base64
import json
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
    Manifest,
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


def decode(secret: Manifest) -> dict[str, str]:
    return {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}


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


@pytest.mark.parametrize("file", VALUES_FILES, ids=by_name)
def test_connections_of_streams_and_of_the_controller_are_the_same(file: Path) -> None:
    manifests = render(file)
    spec = find(manifests, "Deployment", "vs-controller")["spec"]["template"]["spec"]
    (controller,) = spec["containers"]
    connections = json.loads(environment_of(controller)["CONNECTIONS"])
    assert "default" in connections["kafka"]
    assert "default" in connections["influx"]
    volumes = {v["name"]: v["projected"]["sources"] for v in spec["volumes"] if "projected" in v}
    assert volumes == {f"kafka-{name}": sources for name, sources in connections["kafka"].items()}
    mounts = {m["name"]: m["mountPath"] for m in controller["volumeMounts"]}
    for name in connections["kafka"]:
        assert mounts[f"kafka-{name}"] == f"/etc/videostream/kafka/{name}"
    ours = {m["metadata"]["name"] for m in manifests if m["kind"] == "Secret"}
    for kind in ("kafka", "influx"):
        for name, sources in connections[kind].items():
            assert sources[0] == {"secret": {"name": f"vs-{kind}-{name}"}}
            assert f"vs-{kind}-{name}" in ours


def test_quickstart_connects_to_its_own_kafka_and_influxdb() -> None:
    manifests = render()
    kafka = decode(find(manifests, "Secret", "vs-kafka-default"))
    assert kafka == {"bootstrap.servers": "vs-kafka.video.svc:9092"}
    influx = decode(find(manifests, "Secret", "vs-influx-default"))
    assert influx == {
        "url": "http://vs-influxdb.video.svc:8086",
        "org": "video",
        "bucket": "video",
    }
    (controller,) = pod_specs(manifests)["Deployment/vs-controller"]["containers"]
    connections = json.loads(environment_of(controller)["CONNECTIONS"])
    token = {
        "name": "vs-influxdb-tokens",
        "items": [{"key": "consumer", "path": "token"}],
        "optional": True,
    }
    assert connections["influx"]["default"][1] == {"secret": token}


def test_own_secrets_and_properties_come_into_the_connection() -> None:
    (preset,) = [path for path in PRESETS if path.stem == "external-tls-sasl"]
    manifests = render(preset)
    assert decode(find(manifests, "Secret", "vs-kafka-default")) == {
        "bootstrap.servers": "broker-1.example.com:9093,broker-2.example.com:9093",
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
    }
    (controller,) = pod_specs(manifests)["Deployment/vs-controller"]["containers"]
    (_, own) = json.loads(environment_of(controller)["CONNECTIONS"])["kafka"]["default"]
    assert own["secret"]["name"] == "kafka-credentials"
    assert {item["path"] for item in own["secret"]["items"]} == {
        "sasl.username",
        "sasl.password",
        "ca.crt",
    }


def test_numbers_keep_their_digits() -> None:
    manifests = render(
        values={
            "kafka.config": {"log.retention.bytes": 1073741824, "a-b_c.d": 0.5},
            "connections.kafka.archive": {
                "bootstrapServers": "archive:9092",
                "properties": {"socket.timeout.ms": 20000000},
            },
        }
    )
    (kafka,) = pod_specs(manifests)["StatefulSet/vs-kafka"]["containers"]
    environment = environment_of(kafka)
    assert environment["KAFKA_LOG_RETENTION_BYTES"] == "1073741824"
    assert environment["KAFKA_A___B__C_D"] == "0.5"
    archive = decode(find(manifests, "Secret", "vs-kafka-archive"))
    assert archive["socket.timeout.ms"] == "20000000"


def test_kafka_runs_as_the_image_wants_it() -> None:
    spec = pod_specs(render())["StatefulSet/vs-kafka"]
    (kafka,) = spec["containers"]
    assert "command" not in kafka
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert kafka[probe]["tcpSocket"] == {"port": "client"}
    environment = environment_of(kafka)
    padding = "=="
    assert len(base64.urlsafe_b64decode(environment["CLUSTER_ID"] + padding)) == 16
    assert environment["KAFKA_LISTENERS"] == "CLIENT://:9092,CONTROLLER://:9093"
    assert environment["KAFKA_ADVERTISED_LISTENERS"] == "CLIENT://vs-kafka.video.svc:9092"
    mounts = {m["name"]: m["mountPath"] for m in kafka["volumeMounts"]}
    # Above the path of the image's VOLUME, an anonymous volume would hide the claim.
    assert mounts["data"] == "/var/lib/kafka/data"
    assert environment["KAFKA_LOG_DIRS"].startswith("/var/lib/kafka/data/")


def test_kafka_sends_outside_clients_to_the_advertised_port() -> None:
    (kind,) = [path for path in PRESETS if path.stem == "kind"]
    (kafka,) = pod_specs(render(kind))["StatefulSet/vs-kafka"]["containers"]
    advertised = environment_of(kafka)["KAFKA_ADVERTISED_LISTENERS"].split(",")
    assert "EXTERNAL://localhost:9094" in advertised
    external = {"kafka.external.enabled": True}
    (kafka,) = pod_specs(render(values=external))["StatefulSet/vs-kafka"]["containers"]
    advertised = environment_of(kafka)["KAFKA_ADVERTISED_LISTENERS"].split(",")
    assert "EXTERNAL://localhost:30094" in advertised


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


def test_grafana_gets_data_source_dashboards_and_token() -> None:
    manifests = render()
    (grafana,) = pod_specs(manifests)["Deployment/vs-grafana"]["containers"]
    references = {
        e["name"]: e["valueFrom"]["secretKeyRef"] for e in grafana["env"] if "valueFrom" in e
    }
    assert references["INFLUX_READ_TOKEN"] == {"name": "vs-influxdb-tokens", "key": "grafana"}
    assert references["INFLUX_URL"] == {"name": "vs-influx-default", "key": "url"}
    provisioned = find(manifests, "ConfigMap", "vs-grafana")["data"]
    (source,) = yaml.safe_load(provisioned["datasources.yaml"])["datasources"]
    known = {*references, *environment_of(grafana)}
    assert {f"${{{name}}}" for name in ("INFLUX_URL", "INFLUX_DATABASE")} == {
        source["url"],
        source["jsonData"]["dbName"],
    }
    assert {"INFLUX_AUTH_SCHEME", "INFLUX_READ_TOKEN", "INFLUX_URL", "INFLUX_DATABASE"} <= known
    dashboards = find(manifests, "ConfigMap", "vs-dashboards")
    assert dashboards["metadata"]["labels"]["grafana_dashboard"] == "1"
    for name, text in dashboards["data"].items():
        assert json.loads(text) == json.loads((ROOT / "grafana" / "dashboards" / name).read_text())


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
