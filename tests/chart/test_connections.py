"""How streams, the controller and Grafana find Kafka and InfluxDB, the chart's own or others."""

import base64
import json
from pathlib import Path

import pytest
import yaml

from tests.support.chart import (
    CI_VALUES,
    PRESETS,
    ROOT,
    Manifest,
    environment_of,
    find,
    pod_specs,
    render,
)

pytestmark = pytest.mark.chart


def decode(secret: Manifest) -> dict[str, str]:
    return {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}


@pytest.mark.parametrize("file", [*CI_VALUES, *PRESETS], ids=lambda path: path.stem)
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
