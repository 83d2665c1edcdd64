"""Hypothesis strategies from the CRD's own schema: specs that fit it, and specs with damage.

Structure, bounds, enums and patterns come from the schema. Where only a rule (CEL) says what a
string must be like, a strategy for that field is given here. Relations between fields are left to
chance, which seldom keeps all of them; `mended` brings them about.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

Schema = Mapping[str, Any]
Strategy = st.SearchStrategy[Any]

_URLS = ["rtsp://camera/a", "rtsps://10.0.0.1:322", "http://[fd00::1]/a?b=c", "file:///media/a b"]
_URLS += ["file:///media/clip.mp4", "https://camera.example/a@b", "rtsp://a:b@camera", "gopher:a"]
_DURATIONS = st.sampled_from(["1s", "500ms", "7s", "10s", "1m30s", "24h", "0h2s", "99999h"])
_LABELS = st.sampled_from(["a", "gate", "north-2", "0", "a" * 63])
_QUANTITIES = st.sampled_from(["500m", "1", "1.5", "256Mi", "2e3", 1, 2])
_PATTERNS = {
    r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$": ["a", "a.b-c", "0"],
    "^[-._a-zA-Z0-9]+$": ["username", ".A-_"],
    "^[a-zA-Z0-9._-]+$": ["gate", "Gate_1.a-b"],
}
_BY_PATH: Mapping[str, Strategy] = {
    "spec.source.url": st.sampled_from(_URLS),
    "spec.frames.fps": st.sampled_from([1, 5, 240, "0.5", "29.97", "007", "240"]),
    "spec.consumer.scaling.perReplicaFps": st.sampled_from([1, 100000, "0.001", "12.5", "007"]),
    "spec.signals[].type": st.sampled_from(["Brightness", "Motion", "PlateCount"]),
    "spec.signals[].parameters": st.dictionaries(
        st.sampled_from(["threshold", "minAreaPermille", "share"]),
        st.sampled_from([0, 254, 255, "0.5", True, ["a", "b"], [], None, 0.5, {}]),
        max_size=3,
    ),
    "spec.influx.tags{key}": st.sampled_from(["site", "level", "a_1"]),
    **dict.fromkeys(
        [
            "spec.kafka.connection",
            "spec.influx.connection",
            "spec.zones[].name",
            "spec.signals[].name",
            "spec.signals[].zones[]",
        ],
        _LABELS,
    ),
}
_JUNK: Strategy = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 10**10),
    st.floats(allow_nan=False, allow_infinity=False, width=16),
    st.text(max_size=5),
    st.just([]),
    st.just({}),
    st.lists(st.integers(0, 3), min_size=1, max_size=2),
    st.dictionaries(st.text(min_size=1, max_size=2), st.integers(0, 3), min_size=1, max_size=1),
)


def fitting(node: Schema, path: str) -> Strategy:
    """Return a strategy of values that fit a schema node."""
    if path in _BY_PATH:
        return _BY_PATH[path]
    if "enum" in node:
        return st.sampled_from(node["enum"])
    if node.get("x-kubernetes-int-or-string"):
        return _QUANTITIES
    kinds: Mapping[str, Callable[[Schema, str], Strategy]] = {
        "object": _object,
        "array": _array,
        "string": _string,
        "integer": _integer,
        "boolean": lambda _node, _path: st.booleans(),
    }
    return kinds[node["type"]](node, path)


def _object(node: Schema, path: str) -> Strategy:
    values = node.get("additionalProperties")
    if values:
        keys = _BY_PATH.get(path + "{key}", st.sampled_from(["cpu", "memory", "example.com/a"]))
        return st.dictionaries(keys, fitting(values, path + "{}"), max_size=3)
    children = {
        name: fitting(child, f"{path}.{name}") for name, child in node.get("properties", {}).items()
    }
    required = {name: children.pop(name) for name in node.get("required", [])}
    return st.fixed_dictionaries(required, optional=children)


def _array(node: Schema, path: str) -> Strategy:
    return st.lists(
        fitting(node["items"], path + "[]"),
        min_size=node.get("minItems", 0),
        max_size=min(node["maxItems"], 4),
    )


def _string(node: Schema, _path: str) -> Strategy:
    messages = [rule["message"] for rule in node.get("x-kubernetes-validations", [])]
    if any("duration" in message for message in messages):
        return _DURATIONS
    if "pattern" in node:
        return st.sampled_from(_PATTERNS[node["pattern"]])
    return st.sampled_from(["a", "a-1"])


def _integer(node: Schema, _path: str) -> Strategy:
    least, most = node.get("minimum", -(2**31)), node.get("maximum", 2**31 - 1)
    # The values that matter are the small ones and the bounds.
    return st.one_of(st.integers(least, min(least + 30, most)), st.just(most))


@st.composite
def damaged(draw: st.DrawFn, whole: Strategy) -> Any:
    """Return a strategy that takes a spec and spoils one place: junk, gone, or one key too many."""
    spec = deepcopy(draw(whole))
    container = spec
    while True:
        keys = list(container) if isinstance(container, dict) else list(range(len(container)))
        if not keys:
            break
        key = draw(st.sampled_from(keys))
        child = container[key]
        if isinstance(child, dict | list) and child and draw(st.booleans()):
            container = child
            continue
        match draw(st.sampled_from(["junk", "gone", "extra"])):
            case "gone":
                del container[key]
            case "extra" if isinstance(container, dict):
                container["extra"] = draw(_JUNK)
            case _:
                container[key] = draw(_JUNK)
        break
    return spec


def mended(spec: dict[str, Any]) -> dict[str, Any]:
    """Return a fitting spec with its fields brought into the relations that the rules demand."""
    spec = deepcopy(spec)
    _mend_source(spec["source"])
    _mend_scaling(spec)
    for name in ("zones", "signals"):
        if name in spec:
            spec[name] = list({item["name"]: item for item in spec[name]}.values())
    known = [zone["name"] for zone in spec.get("zones", [])]
    for signal in spec.get("signals", []):
        if signal["type"] != "Motion":
            signal.pop("motion", None)
        _mend_parameters(signal)
        if "zones" in signal:
            signal["zones"] = sorted(set(signal["zones"]).intersection(known))
    if spec.get("frames", {}).get("reference", {}).get("mode") == "None":
        spec["signals"] = [
            signal for signal in spec.get("signals", []) if signal["type"] != "Motion"
        ]
    return spec


def _mend_parameters(signal: dict[str, Any]) -> None:
    """Leave the parameters that a type has, each with a value that it takes."""
    given = signal.get("parameters", {})
    if signal["type"] != "PlateCount":
        signal.pop("parameters", None)
    if signal["type"] == "Motion" and "minAreaPermille" in given:
        signal["parameters"] = {"minAreaPermille": 1000}
    if signal["type"] == "PlateCount":
        bad = [name for name, value in given.items() if value in (0.5, {})]
        for name in bad:
            del given[name]


def _mend_source(source: dict[str, Any]) -> None:
    if source["url"].startswith("file:"):
        source.pop("credentialsSecretRef", None)
        source.update(url="file:///media/clip.mp4", volume={"configMap": {"name": "clips"}})
    else:
        source.pop("volume", None)
        source.pop("loop", None)
        source["url"] = source["url"].replace("a:b@", "").replace("gopher:", "rtsp://")
    if "readTimeout" in source:
        source["stallTimeout"] = source["readTimeout"]
    else:
        source.pop("stallTimeout", None)
    if "initialBackoff" in source.get("reconnect", {}):
        source["reconnect"]["maxBackoff"] = "99999h"


def _mend_scaling(spec: dict[str, Any]) -> None:
    kafka, consumer = spec.setdefault("kafka", {}), spec.setdefault("consumer", {})
    if "models" in consumer:
        consumer["models"] = {"configMap": {"name": "models"}}
    scaling, topic = consumer.setdefault("scaling", {}), kafka.setdefault("topic", {})
    if scaling.get("mode", "Lag") == "Lag":
        consumer.pop("replicas", None)
    else:
        consumer.setdefault("replicas", 2)
    most = 1 if kafka.get("partitioning") == "Keyed" else scaling.get("maxReplicas", 4)
    scaling["maxReplicas"] = max(most, scaling.get("minReplicas", 1)) if most > 1 else 1
    scaling["minReplicas"] = min(scaling.get("minReplicas", 1), scaling["maxReplicas"])
    topic["partitions"] = max(topic.get("partitions", 12), scaling["maxReplicas"])
    if "targetLag" in scaling:
        scaling["targetLag"] = scaling["targetLag"].replace("500ms", "1s")
        scaling["drainTime"] = "99999h"
    else:
        scaling.pop("drainTime", None)
    if not topic.get("managed", True):
        kafka["deletionPolicy"] = "Retain"
