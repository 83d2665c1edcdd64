"""Every built-in signal from a real Kafka to a real InfluxDB, and a model that is not there."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.consumer_process import Stage
from tests.support.eventually import eventually
from tests.support.records import moving_scene
from videostream_pipeline.built_in_signals import BUILT_IN

pytestmark = [pytest.mark.kafka, pytest.mark.influx]

FRAMES = 24
MODEL = Path(__file__).parents[1] / "support" / "objects_model" / "squares.onnx"


def objects(model: Path) -> dict[str, Any]:
    parameters = {"model": str(model), "classes": ["red", "blue"], "inputSize": 64}
    return {"name": "objects", "type": "Objects", "parameters": parameters}


def test_every_built_in_type_stores_its_points(stage: Stage) -> None:
    stage.publish(moving_scene(FRAMES))
    others = [{"name": kind.lower(), "type": kind} for kind in BUILT_IN if kind != "Objects"]
    with stage.consumer("pod", signals=[*others, objects(MODEL)]):
        stage.wait_for(FRAMES)
    stored = {kind: stage.influx.query(f"SELECT * FROM {kind.lower()}") for kind in BUILT_IN}
    counts = {kind: len(rows) for kind, rows in stored.items()}
    # The first frame has none before it to be compared with.
    assert counts == {kind: FRAMES - (kind in {"Freeze", "Motion"}) for kind in BUILT_IN}
    assert {(row["red"], row["blue"]) for row in stored["Objects"]} == {(0, 0)}
    assert {row["frozen"] for row in stored["Freeze"]} == {0}
    assert {(row["blackout"], row["sudden"]) for row in stored["Tamper"]} >= {(0, 0), (0, None)}


def test_a_model_that_is_not_there_is_reported_before_a_frame_is_taken(stage: Stage) -> None:
    stage.publish(moving_scene(FRAMES))
    with stage.consumer("pod", signals=[objects(Path("/models/yard.onnx"))]) as pod:
        reason = (
            "signal 'objects' of type Objects: parameters.model is '/models/yard.onnx':"
            " expected a file that can be read: No such file or directory"
        )
        eventually(
            lambda: pod.get("/readyz") == (503, f"{reason}\n"),
            timeout_s=40,
            what="the reason in /readyz",
        )
        eventually(
            lambda: any(
                value["signals"] == {"state": "Invalid", "message": reason}
                for _, value in stage.statuses()
                if value
            ),
            timeout_s=40,
            what="the reason in the status topic",
        )
        assert pod.terminate() == 0
    assert stage.committed() == {}
