"""What the controller remembers of scaling fits the CRD's status on a real API server."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, get_args

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.support.crd_cases import whole
from videostream_controller.api import API_VERSION, KIND
from videostream_controller.autoscaling.capacity import Source
from videostream_controller.autoscaling.decision import Action
from videostream_controller.autoscaling.memory import Memory, from_status, to_status

if TYPE_CHECKING:
    from tests.support.apiserver import ApiServer
    from tests.support.session import Session

pytestmark = [pytest.mark.api, pytest.mark.timeout(300)]

_TIMES = st.integers(0, 4_000_000_000)
_COUNTS = st.integers(0, 1000)
_RATES = st.floats(0, 1e9)
_MEMORIES = st.builds(
    Memory,
    replicas=st.none() | _COUNTS,
    capacity_fps=st.none() | _RATES,
    capacity_source=st.sampled_from(get_args(Source)),
    arrival_fps=_RATES,
    active_replicas=st.none() | _COUNTS,
    pod_start_s=st.integers(1, 60),
    idle_since_s=st.none() | _TIMES,
    last_scale_s=st.none() | _TIMES,
    last_action=st.none() | st.sampled_from(get_args(Action)),
    reversals_s=st.lists(_TIMES, max_size=20).map(tuple),
    stalled=st.sets(st.integers(0, 999), max_size=20).map(sorted).map(tuple),
)
_FULL = Memory(
    *(1000, 1e6, "Reported", 1e9, 1000, 60, 0, 0, "Bounds"),
    reversals_s=(0,) * 20,
    stalled=tuple(range(1000)),
)


@pytest.fixture
def path(apiserver: ApiServer, namespace: str) -> str:
    """Return the path of a stream's status."""
    body = {"apiVersion": API_VERSION, "kind": KIND, "spec": whole({})}
    apiserver.apply(body, name="gate", namespace=namespace)
    return f"/apis/{API_VERSION}/namespaces/{namespace}/videostreams/gate/status"


def _apply(session: Session, path: str, status: dict[str, Any]) -> tuple[int, Any]:
    return session.request(
        "PATCH",
        f"{path}?fieldManager=test&force=true&fieldValidation=Strict",
        {"apiVersion": API_VERSION, "kind": KIND, "status": status},
        content_type="application/apply-patch+yaml",
    )


def test_any_memory_is_kept_as_it_is(apiserver: ApiServer, path: str) -> None:
    with apiserver.session() as session:

        @settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(_MEMORIES)
        @example(Memory())
        @example(_FULL)
        def keep(memory: Memory) -> None:
            written = to_status(memory)
            code, answer = _apply(session, path, {"scaling": written})
            assert code == HTTPStatus.OK, answer
            kept = answer["status"]["scaling"]
            assert kept == json.loads(json.dumps(written))
            assert from_status(kept) == from_status(written)

        keep()


@pytest.mark.parametrize(
    ("scaling", "field"),
    [
        ({"replicas": -1}, "status.scaling.replicas"),
        ({"capacitySource": "Guessed"}, "status.scaling.capacitySource"),
        ({"lastScaleReason": "Whim"}, "status.scaling.lastScaleReason"),
        ({"idleSince": "yesterday"}, "status.scaling.idleSince"),
        ({"reversalTimes": ["noon"]}, "status.scaling.reversalTimes"),
        ({"reversalTimes": ["2026-11-24T12:00:00Z"] * 17}, "status.scaling.reversalTimes"),
        ({"stalledPartitions": [-1]}, "status.scaling.stalledPartitions"),
        ({"stalledPartitions": list(range(1001))}, "status.scaling.stalledPartitions"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_no_controller_writes_is_refused(
    scaling: dict[str, Any], field: str, apiserver: ApiServer, path: str
) -> None:
    with apiserver.session() as session:
        code, answer = _apply(session, path, {"scaling": scaling})
    assert code == HTTPStatus.UNPROCESSABLE_ENTITY, answer
    assert field in answer["message"]


def test_lag_is_kept_as_records_and_as_time(apiserver: ApiServer, path: str) -> None:
    lag = {"records": 123, "duration": "4s", "observedTime": "2026-11-24T12:00:00Z"}
    with apiserver.session() as session:
        code, answer = _apply(session, path, {"lag": lag})
    assert code == HTTPStatus.OK, answer
    assert answer["status"]["lag"] == lag
