"""The environment that the controller gives a consumer, for tests of one."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

BRIGHTNESS = {"name": "brightness", "type": "Brightness"}
MOTION = {"name": "motion", "type": "Motion", "motion": {"threshold": 30}}


def consumer_spec(
    *,
    topic: str = "videostream.test.cam",
    group: str = "videostream.test.cam",
    max_frame_age: str = "10s",
    **sections: Any,
) -> dict[str, Any]:
    """VIDEOSTREAM_SPEC of a consumer as an object."""
    return {
        "kafka": {"topic": {"name": topic}},
        "consumer": {"groupId": group, "maxFrameAge": max_frame_age},
        "zones": [],
        "signals": [BRIGHTNESS, MOTION],
        "influx": {"tags": {}},
        **sections,
    }


def consumer_environment(
    spec: Mapping[str, Any],
    *,
    stream: str = "test/cam",
    pod: str = "cam-consumer-0",
    http_port: int = 0,
    kafka_directory: Path = Path("/nowhere"),
    influx_directory: Path = Path("/nowhere"),
) -> dict[str, str]:
    """The variables of a consumer pod of this stream."""
    namespace, name = stream.split("/")
    return {
        "VIDEOSTREAM_NAMESPACE": namespace,
        "VIDEOSTREAM_NAME": name,
        "VIDEOSTREAM_UID": "6f1c",
        "VIDEOSTREAM_SPEC": json.dumps(spec, sort_keys=True, separators=(",", ":")),
        "POD_NAME": pod,
        "HTTP_PORT": str(http_port),
        "KAFKA_CONNECTION_DIR": str(kafka_directory),
        "INFLUX_CONNECTION_DIR": str(influx_directory),
    }
