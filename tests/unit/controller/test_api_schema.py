"""The CRD file by itself: bounds on everything, whole defaults, messages that help, one truth."""

from __future__ import annotations

from typing import Any, get_args

import jsonschema
import pytest
import yaml

from tests.support.crd import CRD_FILE, Rule, Schema, crd_version, nodes, rules
from videostream_controller.api import GROUP, PLURAL, VERSION
from videostream_controller.api.defaults import SPEC_DEFAULTS, fill
from videostream_controller.autoscaling.capacity import Source
from videostream_controller.autoscaling.decision import Action
from videostream_controller.autoscaling.memory import Memory, to_status

_NODES = dict(nodes())
_SPEC_NODES = {path: node for path, node in _NODES.items() if path.startswith("spec")}


def test_version_and_group_are_the_controllers() -> None:
    crd = yaml.safe_load(CRD_FILE.read_text())
    assert crd["spec"]["group"] == GROUP
    assert crd["spec"]["names"]["plural"] == PLURAL
    assert crd["metadata"]["name"] == f"{PLURAL}.{GROUP}"
    assert crd_version()["name"] == VERSION


def test_defaults_are_the_controllers() -> None:
    assert _defaults(_NODES["spec"]) == SPEC_DEFAULTS


def _defaults(node: Schema) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, child in node.get("properties", {}).items():
        if "default" in child:
            found[name] = child["default"]
        elif name == "source":
            # Required instead of defaulted, yet what is inside has defaults.
            found[name] = _defaults(child)
    return found


@pytest.mark.parametrize(
    "path", [path for path, node in _NODES.items() if "default" in node and "properties" in node]
)
def test_default_of_an_object_is_written_out_in_full(path: str) -> None:
    assert _NODES[path]["default"] == _defaults(_NODES[path])


def test_defaults_fit_the_schema() -> None:
    spec = fill({"source": {"url": "rtsp://camera.example/a"}})
    jsonschema.validate(spec, _NODES["spec"], cls=jsonschema.Draft4Validator)


@pytest.mark.parametrize(("path", "node"), _NODES.items())
def test_everything_has_a_bound(path: str, node: Schema) -> None:
    match node.get("type"):
        case "string":
            bounded = {"maxLength", "enum", "format"} & node.keys()
            assert bounded or path in ("apiVersion", "kind")
        case "array":
            assert "maxItems" in node
            assert "x-kubernetes-list-type" in node
        case "integer" if path.startswith("spec"):
            assert {"maximum", "format"} & node.keys()
        case "object" if isinstance(node.get("additionalProperties"), dict):
            assert "maxProperties" in node


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in _SPEC_NODES
        # Kubernetes' own: tolerations; a list's items are described by their list.
        if "tolerations[]" not in path and not path.endswith(("[]", "{}"))
    ],
)
def test_every_field_is_explained(path: str) -> None:
    description = _NODES[path]["description"]
    assert description.endswith((".", "]]."))
    assert "\n" not in description  # kubectl explain wraps by itself


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: f"{rule.path}: {rule.message[:30]}")
def test_message_says_what_would_be_right(rule: Rule) -> None:
    helps = ("must ", "only for", "needs", "cannot", "set by")
    assert any(word in rule.message for word in helps)
    assert not rule.message.endswith(".")
    assert "  " not in rule.message


def test_rules_about_the_url_do_not_repeat_it() -> None:
    url_rules = _NODES["spec.source.url"]["x-kubernetes-validations"]
    assert {rule["reason"] for rule in url_rules} == {"FieldValueForbidden"}
    # These would be refused with the value in the message.
    assert not {"minLength", "pattern", "format"} & _NODES["spec.source.url"].keys()


def test_status_of_scaling_is_what_the_controller_remembers() -> None:
    everything = Memory(
        *(1, 1.0, "Reported", 1.0, 1, 8, 0, 0, "Bounds"), reversals_s=(0,), stalled=(0,)
    )
    node = _NODES["status.scaling"]
    assert node["properties"].keys() == to_status(everything).keys()
    assert tuple(node["properties"]["lastScaleReason"]["enum"]) == get_args(Action)
    assert tuple(node["properties"]["capacitySource"]["enum"]) == get_args(Source)


def test_no_field_has_a_name_that_yaml_takes_for_a_boolean() -> None:
    booleans = {"y", "n", "yes", "no", "on", "off", "true", "false"}
    names = {path.rpartition(".")[2].lower() for path in _NODES}
    assert not names & booleans
