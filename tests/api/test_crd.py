"""Each rule of the CRD on a real API server: it lets the good in and says what is wrong."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.crd import Rule, nodes, rules
from tests.support.crd_cases import CASES, Case, Spec, whole
from videostream_controller.api import API_VERSION, KIND, VideoStream, parse
from videostream_controller.api.defaults import fill

if TYPE_CHECKING:
    from tests.support.apiserver import ApiServer

pytestmark = pytest.mark.api

Answer = tuple[int, Any]


class Streams:
    """The VideoStreams of one namespace through the plain REST API."""

    def __init__(self, server: ApiServer, namespace: str) -> None:
        self._server = server
        self._path = f"/apis/{API_VERSION}/namespaces/{namespace}/videostreams"

    def create(self, spec: Spec, *, name: str = "stream", dry_run: bool = True) -> Answer:
        """Create, in earnest or dry."""
        query = "fieldValidation=Strict" + ("&dryRun=All" if dry_run else "")
        return self._server.request("POST", f"{self._path}?{query}", _body(spec, name=name))

    def replace(self, spec: Spec, *, version: str) -> Answer:
        """Replace the spec of the object named `stream`, dry."""
        body = _body(spec, name="stream", resourceVersion=version)
        return self._server.request(
            "PUT", f"{self._path}/stream?dryRun=All&fieldValidation=Strict", body
        )


def _body(spec: Spec, **metadata: str) -> dict[str, Any]:
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": spec}


@pytest.fixture
def streams(apiserver: ApiServer, namespace: str) -> Streams:
    return Streams(apiserver, namespace)


def _complaints(answer: Any) -> list[tuple[str, str]]:
    causes = answer.get("details", {}).get("causes", [])
    return [(cause["field"], cause["message"]) for cause in causes]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_rule_lets_good_in_and_names_the_field_of_bad(case: Case, streams: Streams) -> None:
    if case.old is None:
        good = streams.create(whole(case.good), name=case.good_name)
        bad = streams.create(whole(case.bad), name=case.bad_name)
        accepted = HTTPStatus.CREATED
    else:
        status, old = streams.create(whole(case.old), dry_run=False)
        assert status == HTTPStatus.CREATED, old
        version = old["metadata"]["resourceVersion"]
        good = streams.replace(whole(case.good), version=version)
        bad = streams.replace(whole(case.bad), version=version)
        accepted = HTTPStatus.OK
    assert good[0] == accepted, good[1]
    assert isinstance(parse(_stored(good[1])), VideoStream)
    assert bad[0] == HTTPStatus.UNPROCESSABLE_ENTITY, bad[1]
    # One complaint only: what breaks one rule must not confuse with others.
    [(field, message)] = _complaints(bad[1])
    assert field == case.field
    assert case.says in message


def _stored(answer: dict[str, Any]) -> dict[str, Any]:
    # A dry run has no resource version, since nothing was stored.
    return {**answer, "metadata": {"resourceVersion": "1", **answer["metadata"]}}


def test_every_rule_has_a_case() -> None:
    def covers(case: Case, rule: Rule) -> bool:
        return case.node == rule.path and case.says in rule.message

    without_case = [rule for rule in rules() if not any(covers(case, rule) for case in CASES)]
    without_rule = [case.label for case in CASES if not any(covers(case, r) for r in rules())]
    assert (without_case, without_rule) == ([], [])


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://me:hunter2@camera/a",
        "me:hunter2@camera",
        "ftp://me:hunter2@camera/",
        "f://m:hunter2@",
    ],
)
def test_refusal_never_repeats_a_password(url: str, streams: Streams) -> None:
    status, answer = streams.create({"source": {"url": url}})
    assert status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "hunter2" not in str(answer)


_SECRETS = {
    "url": "rtsps://camera.example/stream",
    "credentialsSecretRef": {"name": "camera"},
    "tls": {"caSecretRef": {"name": "plant-ca"}},
}


def test_defaults_are_filled_as_the_controller_knows_them(streams: Streams) -> None:
    spec = whole({"source": _SECRETS})
    spec["signals"] = [{"name": "movement", "type": "Motion", "motion": {}}]
    status, answer = streams.create(spec)
    assert status == HTTPStatus.CREATED, answer
    assert answer["spec"] == fill(spec)
    assert streams.create(whole({}))[1]["spec"] == fill(whole({}))


@pytest.mark.parametrize(
    ("path", "node"),
    [(path, node) for path, node in nodes() if path.startswith("spec.") and "default" in node],
)
def test_default_is_filled_when_its_parents_are_empty(
    path: str, node: dict[str, Any], streams: Streams
) -> None:
    spec, found = _with_empty_parents(path)
    status, answer = streams.create(spec)
    assert status == HTTPStatus.CREATED, answer
    for part in found:
        answer = answer[part]
    assert answer == node["default"]


def _with_empty_parents(path: str) -> tuple[dict[str, Any], list[str | int]]:
    # Objects inside lists and optional objects need more than {} to be valid.
    if path.startswith("spec.signals[]"):
        signal = {"name": "movement", "type": "Motion", "motion": {}}
        return whole({"signals": [signal]}), ["spec", "signals", 0, *path.split(".")[2:]]
    parts: list[str | int] = list(path.split("."))
    if "credentialsSecretRef" in parts or "caSecretRef" in parts:
        return whole({"source": _SECRETS}), parts
    parents: Any = {}
    for part in reversed(parts[1:-1]):
        parents = {part: parents}
    return whole(parents), parts


_SQUARE = [[0, 0], [9, 0], [9, 9], [0, 9]]


@pytest.mark.parametrize(
    ("difference", "field", "says"),
    [
        ({"source": {"url": None}}, "spec.source.url", "Required value"),
        ({"source": {"url": 5}}, "spec.source.url", "must be of type string"),
        ({"frames": {"fps": 0.5}}, "spec.frames.fps", "must be of type integer,string"),
        ({"frames": {"width": 15}}, "spec.frames.width", "greater than or equal to 16"),
        ({"frames": {"jpegQuality": 101}}, "spec.frames.jpegQuality", "less than or equal to 100"),
        ({"frames": {"onBackpressure": "drop"}}, "spec.frames.onBackpressure", '"Drop", "Block"'),
        ({"consumer": {"scaling": {"minReplicas": -1}}}, "spec.consumer.scaling.minReplicas", "0"),
        ({"consumer": {"scaling": {"maxReplicas": 0}}}, "spec.consumer.scaling.maxReplicas", "1"),
        (
            {"consumer": {"scaling": {"targetLag": 5}}},
            "spec.consumer.scaling.targetLag",
            "must be of type string",
        ),
        (
            {"consumer": {"scaling": {"perReplicaFps": 2.5}}},
            "spec.consumer.scaling.perReplicaFps",
            "must be of type integer,string",
        ),
        ({"kafka": {"topic": {"partitions": 0}}}, "spec.kafka.topic.partitions", "1"),
        ({"influx": {"tags": {f"t{i}": "a" for i in range(9)}}}, "spec.influx.tags", "8"),
        ({"influx": {"tags": {"site": ""}}}, "spec.influx.tags.site", "at least 1 chars"),
        (
            {"zones": [{"name": "a", "points": _SQUARE}, {"name": "a", "points": _SQUARE}]},
            "spec.zones[1]",
            "Duplicate value",
        ),
        (
            {"signals": [{"name": "a", "type": "Brightness"}, {"name": "a", "type": "Light"}]},
            "spec.signals[1]",
            "Duplicate value",
        ),
        (
            {
                "zones": [{"name": "a", "points": _SQUARE}],
                "signals": [{"name": "b", "type": "Brightness", "zones": ["a", "a"]}],
            },
            "spec.signals[0].zones[1]",
            "Duplicate value",
        ),
        ({"zones": [{"name": "a", "points": _SQUARE[:2]}]}, "spec.zones[0].points", "3 items"),
        ({"zones": [{"name": "a", "points": [[0], *_SQUARE]}]}, "spec.zones[0].points[0]", "2"),
        (
            {"zones": [{"name": "a", "points": [[0, 1001], *_SQUARE]}]},
            "spec.zones[0].points[0][1]",
            "less than or equal to 1000",
        ),
        (
            {"producer": {"pod": {"serviceAccountName": "A b"}}},
            "spec.producer.pod.serviceAccountName",
            "should match",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_schema_refuses_and_names_the_field(
    difference: Spec, field: str, says: str, streams: Streams
) -> None:
    status, answer = streams.create(whole(difference))
    assert status == HTTPStatus.UNPROCESSABLE_ENTITY, answer
    found = dict(_complaints(answer))
    assert says in found[field]


@pytest.mark.parametrize(
    ("scaling", "message"),
    [
        (
            {"targetLag": "500ms"},
            "must be at least 1s, because consumers commit about once a second; got 500ms",
        ),
        (
            {"targetLag": "2m"},
            "consumer.scaling.drainTime (60s), within which a backlog is to be gone; got 2m",
        ),
        ({"perReplicaFps": "1e3"}, 'a string with up to 3 decimals such as "2.5"; got 1e3'),
    ],
)
def test_refusal_of_an_aim_says_what_was_given(
    scaling: Spec, message: str, streams: Streams
) -> None:
    _, answer = streams.create(whole({"consumer": {"scaling": scaling}}))
    [(_, found)] = _complaints(answer)
    assert message in found


def test_misspelt_field_is_refused_by_its_name(streams: Streams) -> None:
    status, answer = streams.create(whole({"source": {"uri": "rtsp://camera.example/a"}}))
    assert status == HTTPStatus.BAD_REQUEST
    assert 'unknown field "spec.source.uri"' in answer["message"]
