"""The promise to other languages: Go programs written from docs/frame-record.md alone.

One reads what our producer wrote, the other writes what our consumer measures.
"""

import dataclasses
import hashlib
import json
import shutil
import subprocess
import uuid
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import pytest
from confluent_kafka import Message

from cluster.toolchains import go_command
from tests.support.consumer_process import PARTITIONS, Stage
from tests.support.fault_servers import write_video
from tests.support.go_examples import SOURCES, build_programs, run_go
from tests.support.influxdb import Influx
from tests.support.kafka import Broker
from tests.support.producer_process import frames, producer, read_all, wait_for_state
from videostream_producer.encode import Image, make_pictures
from videostream_record import FrameRecord, RecordInvalid, decode, encode

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]  # on a fresh machine Go comes first

_PROGRAM_TIMEOUT_S = 60
_MEAN_TOLERANCE = 0.5  # JPEG decoders differ in their last bit


@pytest.fixture(scope="module")
def go_programs() -> Path:
    """The folder with `frame-reader` and `frame-writer`."""
    return build_programs()


def run_program(programs: Path, name: str, *arguments: str | Path) -> str:
    done = subprocess.run(
        [programs / name, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=_PROGRAM_TIMEOUT_S,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_go_sources_are_formatted_vetted_and_agree_with_the_golden_messages() -> None:
    go = go_command()
    gofmt = shutil.which("gofmt", path=go.resolve().parent) or shutil.which("gofmt")
    assert gofmt is not None
    unformatted = subprocess.run([gofmt, "-l", SOURCES], capture_output=True, text=True, check=True)
    assert unformatted.stdout == ""
    run_go("vet", "./...", log_name="go-examples-vet")
    said = run_go("test", "-p=2", "-count=1", "./...", log_name="go-examples-test")
    assert "ok  \tvideostream.dev/examples/go/frame" in said


def described(field: str, jpeg: bytes | None) -> dict[str, Any] | None:
    """A picture as the Go reader tells of it."""
    if jpeg is None:
        return None
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise RecordInvalid(field, jpeg, "a JPEG that can be decoded")
    height, width = image.shape
    return {
        "width": width,
        "height": height,
        "meanGray": pytest.approx(cv2.mean(image)[0], abs=_MEAN_TOLERANCE),
        "sha256": hashlib.sha256(jpeg).hexdigest(),
    }


def as_python_reads(message: Message) -> dict[str, Any]:
    """A message as the Go reader should tell of it, by Python's decoders."""
    place = {"partition": message.partition(), "offset": message.offset()}
    headers = cast("list[tuple[str, bytes | None]]", message.headers() or [])
    try:
        record = decode(message.key(), message.value(), headers)
        told = {
            "stream": str(record.stream),
            "session": record.session,
            "sequence": record.sequence,
            "captureTimeNs": record.capture_time_ns,
            "width": record.width,
            "height": record.height,
            "picture": described("value", record.jpeg),
            "thumbnail": described("vst-thumbnail", record.thumbnail),
            "reference": described("vst-reference", record.reference),
            "referenceSequence": record.reference_sequence,
        }
    except RecordInvalid as error:
        return place | ({"skipped": ...} if error.field == "ce_type" else {"invalid": error.field})
    return place | {name: value for name, value in told.items() if value is not None}


def as_go_reads(line: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(line)
    if "invalid" in told:
        told["invalid"] = told["invalid"].partition(":")[0]
    return told | ({"skipped": ...} if "skipped" in told else {})


def publish_what_is_wrong(kafka: Broker, topic: str, good: FrameRecord) -> int:
    """Add messages that a reader must not take for frames; return how many."""
    key, value, headers = encode(good)
    twice = [*headers, ("ce_width", b"320")]
    other_time = [(n, b"2026-11-24T13:37:03.323456Z" if n == "ce_time" else v) for n, v in headers]
    signed = [(n, b"+320" if n == "ce_width" else v) for n, v in headers]
    unknown = [*headers, ("ce_later", b"1"), ("ce_later", b"2")]
    wrong: list[tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]] = [
        (None, b"some text", []),
        (None, None, []),
        (key, value, twice),
        (key, value, other_time),
        (key, value, signed),
        (key, value, unknown),
        (None, value, headers),
        (b"another/key", value, headers),
        (key, value[:-2], headers),
        (key, b"\xff\xd8\xff and no picture \xff\xd9", headers),
    ]
    client = kafka.producer()
    for message_key, message_value, message_headers in wrong:
        client.produce(topic, message_value, message_key, partition=3, headers=[*message_headers])
    assert client.flush(10) == 0
    return len(wrong)


def test_go_reads_what_the_producer_wrote(
    kafka: Broker, topic: str, tmp_path: Path, go_programs: Path
) -> None:
    status_topic = f"status-{uuid.uuid4().hex[:8]}"
    kafka.create_topic(status_topic, partitions=1)
    video = write_video(tmp_path / "a.avi", frames=30, fps=30)
    with producer(kafka, (topic, status_topic), video.as_uri(), tmp_path, frames__fps=30):
        wait_for_state(kafka, status_topic, "Completed")
    written = frames(kafka, topic)
    assert len(written) == 30
    count = len(written) + publish_what_is_wrong(kafka, topic, written[-1][1])

    said = run_program(
        go_programs,
        "frame-reader",
        *("-brokers", kafka.bootstrap_servers, "-topic", topic, "-count", str(count)),
    )
    by_place = {
        (told["partition"], told["offset"]): told for told in map(as_go_reads, said.splitlines())
    }
    expected = [as_python_reads(message) for message in read_all(kafka, topic)]
    assert len(expected) == count
    for wanted in expected:
        assert by_place[(wanted["partition"], wanted["offset"])] == wanted
    kinds = [{"skipped", "invalid", "picture"} & told.keys() for told in expected]
    assert (kinds.count({"skipped"}), kinds.count({"invalid"})) == (2, 6)
    kafka.delete_topic(status_topic)


def moving_block(step: int) -> Image:
    """A dark picture with a bright block, a step further to the right each time.

    In a thumbnail 128 pixels wide it has 16 x 8 pixels: whole blocks of a JPEG.
    """
    image = np.full((360, 640, 3), 60, np.uint8)
    image[160:200, 80 * step : 80 * (step + 1)] = 180
    return image


def as_python_writes(written: list[FrameRecord]) -> list[FrameRecord]:
    """The same frames of the same session, with our own producer's thumbnails."""
    ours: list[FrameRecord] = []
    for step, record in enumerate(written):
        pictures = make_pictures(
            moving_block(step), width=None, height=None, jpeg_quality=90, thumbnail_width=128
        )
        before = ours[-1] if ours else None
        ours.append(
            dataclasses.replace(
                record,
                jpeg=pictures.jpeg,
                thumbnail=pictures.thumbnail,
                reference=before.thumbnail if before else None,
                reference_sequence=before.sequence if before else None,
            )
        )
    return ours


@pytest.mark.influx
def test_the_consumer_measures_what_go_wrote(
    stage: Stage, influxdb: Influx, tmp_path: Path, go_programs: Path
) -> None:
    files: list[Path] = []
    for step in range(8):
        pictures = make_pictures(
            moving_block(step), width=None, height=None, jpeg_quality=90, thumbnail_width=None
        )
        files.append(tmp_path / f"{step}.jpg")
        files[-1].write_bytes(pictures.jpeg)
    run_program(
        go_programs,
        "frame-writer",
        *("-brokers", stage.kafka.bootstrap_servers, "-stream", "test/cam"),
        *("-topic", stage.topic, "-fps", "40"),
        *files,
    )
    written = frames(stage.kafka, stage.topic)
    assert [partition for partition, _ in written] == [n % PARTITIONS for n in range(8)]
    with stage.consumer("go"):
        stage.wait_for(8)
    points = stage.points()

    changed = [row["changed"] for row in stage.influx.query("SELECT changed FROM motion")]
    assert changed == pytest.approx([2 * 16 * 8 / (128 * 72)] * 7)  # the block's old and new place

    topic = stage.topic + ".python"
    stage.kafka.create_topic(topic, partitions=PARTITIONS)
    python = Stage(tmp_path, stage.kafka, influxdb.new_bucket(), topic, stage.status_topic)
    python.publish(as_python_writes([record for _, record in written]))
    with python.consumer("python"):
        python.wait_for(8)
    assert python.points() == points
    stage.kafka.delete_topic(topic)
