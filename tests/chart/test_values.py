"""Wrong values are refused, by a message that names the key and says what would be right."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from charts.sync import SUBCHARTS, leaves
from tests.support.chart import CHART, refusal, render

pytestmark = pytest.mark.chart

CHARTS = [CHART, *(CHART / "charts" / name for name in SUBCHARTS)]
EXTERNAL_INFLUX = {"influxdb.enabled": False, "connections.influx.default.url": "http://i:8086"}


def schema_of(chart: Path) -> Any:
    return json.loads((chart / "values.schema.json").read_text())


def objects(schema: Any, path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Give every schema of an object with named properties, with its path."""
    if isinstance(schema, dict):
        if "properties" in schema and schema.get("type") == "object":
            yield path, schema
        for key, child in schema.items():
            yield from objects(child, f"{path}/{key}")


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.name)
def test_schema_is_closed_and_describes_everything(chart: Path) -> None:
    schema = schema_of(chart)
    jsonschema.Draft202012Validator.check_schema(schema)
    for path, part in objects(schema):
        is_map = "additionalProperties" in part and "propertyNames" in part
        assert part["additionalProperties"] is False or is_map, path
    for key, leaf in leaves():
        assert leaf["description"].endswith("."), key


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.name)
def test_values_are_the_defaults_of_the_schema(chart: Path) -> None:
    values = yaml.safe_load((chart / "values.yaml").read_text())
    prefix = "" if chart == CHART else f"{chart.name}."
    ours = {
        key.removeprefix(prefix): leaf["default"]
        for key, leaf in leaves()
        if key.startswith(prefix) and (prefix or key.split(".")[0] not in SUBCHARTS)
    }
    found = {}
    for key in ours:
        value = values
        for part in key.split("."):
            value = value[part]
        found[key] = value
    assert found == ours
    assert set(flatten(values, ours)) <= {*ours, *(f"{name}.enabled" for name in SUBCHARTS)}


def flatten(values: Mapping[str, Any], stops: Mapping[str, Any], path: str = "") -> Iterator[str]:
    for key, value in values.items():
        name = f"{path}{key}"
        if name in stops or not isinstance(value, dict):
            yield name
        else:
            yield from flatten(value, stops, f"{name}.")


@pytest.mark.parametrize(
    ("key", "where", "name"),
    [
        ("contoller", "''", "contoller"),
        ("controller.replicas", "'/controller'", "replicas"),
        ("kafka.persistance.enabled", "''", "persistance"),
        ("influxdb.auth.password", "'/auth'", "password"),
        ("grafana.image.name", "'/image'", "name"),
        ("connections.kafka.default.bootstrap", "'/connections/kafka/default'", "bootstrap"),
        ("connections.kafka.second.bootstrap", "'/connections/kafka/second'", "bootstrap"),
        ("global.registry", "'/global'", "registry"),
    ],
)
def test_unknown_values_are_named(key: str, where: str, name: str) -> None:
    message = refusal(values={key: "geheim"})
    assert f"at {where}: additional properties '{name}' not allowed" in message
    assert "geheim" not in message


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            {"kafka.enabled": False},
            "connections.kafka.default.bootstrapServers is empty: name your brokers as host:port",
        ),
        (
            {"connections.kafka.default.bootstrapServers": "k:9092"},
            "connections.kafka.default.bootstrapServers names brokers, but kafka.enabled=true",
        ),
        (
            {"connections.kafka.second.properties": {"security.protocol": "SSL"}},
            "connections.kafka.second.bootstrapServers is empty",
        ),
        (
            {"connections.kafka.default.properties": {"sasl.password": "geheim"}},
            "connections.kafka.default.properties holds sasl.password: keep it in a Secret",
        ),
        (
            {"connections.kafka.default.properties": {"bootstrap.servers": "k:9092"}},
            "use connections.kafka.default.bootstrapServers",
        ),
        (
            {"influxdb.enabled": False},
            "connections.influx.default.url is empty: give the URL of your server",
        ),
        (
            {"connections.influx.default.url": "http://i:8086"},
            "connections.influx.default.url names a server, but influxdb.enabled=true",
        ),
        (
            EXTERNAL_INFLUX,
            "connections.influx.default.tokenSecret.name is empty: name a Secret",
        ),
        (
            {**EXTERNAL_INFLUX, "connections.influx.default.tokenSecret.name": "t"},
            "grafana.datasource.tokenSecret.name is empty",
        ),
        ({"watch.scope": "list"}, "watch.namespaces is empty, but watch.scope is list"),
        ({"watch.namespaces": ["x"]}, "watch.namespaces is only used with watch.scope=list"),
        ({"grafana.ingress.enabled": True}, "grafana.ingress.host is empty"),
        ({"grafana.route.enabled": True}, "grafana.route.parentRefs is empty"),
        ({"watch.scope": "everywhere"}, "value must be one of 'release', 'list', 'cluster'"),
        ({"influxdb.retention": "7d"}, "does not match pattern"),
    ],
)
def test_senseless_combinations_get_a_sentence(values: dict[str, Any], sentence: str) -> None:
    message = refusal(values=values)
    assert sentence in message
    assert "geheim" not in message


def test_long_release_names_are_refused() -> None:
    assert "use at most 40" in refusal(release="v" * 41)


def test_external_influxdb_needs_no_bootstrap() -> None:
    values = {
        **EXTERNAL_INFLUX,
        "connections.influx.default.tokenSecret.name": "token",
        "grafana.datasource.tokenSecret.name": "token",
    }
    assert not [m for m in render(values=values) if "bootstrap" in m["metadata"]["name"]]
