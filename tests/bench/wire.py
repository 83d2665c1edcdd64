"""Bytes and CPU of one frame on its way: the frame record against the project's 2018 message.

The 2018 message was raw RGBA pixels, base64, in JSON. Both sides take the same BGR picture and end
with its mean gray value.
"""

import base64
import json
import time
from collections.abc import Callable

import cv2
import numpy as np

from tests.bench.pictures import Picture, soft, textured
from videostream_record import FrameRecord, StreamName, decode, encode

REPEATS = 15
JPEG_QUALITY = 80


def frame_record(
    picture: Picture, *, sequence: int = 1, stream: StreamName | None = None
) -> FrameRecord:
    """Make the record that the producer would make of a picture, with two thumbnails."""
    height, width = picture.shape[:2]
    _, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    gray = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    thumbnail = cv2.resize(gray, (128, 128 * height // width), interpolation=cv2.INTER_AREA)
    _, thumbnail_jpeg = cv2.imencode(".jpg", thumbnail, [cv2.IMWRITE_JPEG_QUALITY, 85])
    return FrameRecord(
        stream=stream or StreamName("video", "bench"),
        session="0123456789abcdef",
        sequence=sequence,
        capture_time_ns=time.time_ns(),
        width=width,
        height=height,
        jpeg=jpeg.tobytes(),
        thumbnail=thumbnail_jpeg.tobytes(),
        reference=thumbnail_jpeg.tobytes(),
        reference_sequence=sequence - 1 if sequence else None,
    )


def record_round_trip(picture: Picture) -> int:
    """Encode, decode and measure a frame record; returns its bytes on the wire."""
    key, value, headers = encode(frame_record(picture))
    back = decode(key, value, headers)
    reduced = cv2.imdecode(np.frombuffer(back.jpeg, np.uint8), cv2.IMREAD_REDUCED_GRAYSCALE_4)
    assert reduced is not None, "a JPEG of our own decodes"
    cv2.mean(reduced)
    return len(key) + len(value) + sum(len(name) + len(body) for name, body in headers)


def seed_message(picture: Picture) -> bytes:
    """Make the message of 2018."""
    height, width = picture.shape[:2]
    rgba = cv2.cvtColor(picture, cv2.COLOR_BGR2RGBA)
    pixels = base64.b64encode(rgba.tobytes()).decode()
    return json.dumps({"pix": pixels, "rows": height, "cols": width}).encode()


def seed_mean(message: bytes) -> float:
    """Read the message of 2018 and give the mean of all its pixels."""
    back = json.loads(message)
    pixels = np.frombuffer(base64.b64decode(back["pix"]), np.uint8)
    return float(pixels.reshape(back["rows"], back["cols"], 4)[..., :3].mean())


def seed_round_trip(picture: Picture) -> int:
    """Encode, decode and measure the message of 2018; returns its bytes on the wire."""
    message = seed_message(picture)
    seed_mean(message)
    return len(message)


def cpu_seconds(work: Callable[[Picture], int], picture: Picture) -> float:
    """Give the median CPU seconds of one call."""
    work(picture)
    taken = []
    for _ in range(REPEATS):
        started = time.process_time()
        work(picture)
        taken.append(time.process_time() - started)
    return float(np.median(taken))


def run() -> None:
    """Print bytes and CPU of both formats and their ratios."""
    print(
        "wire: one frame, encode + decode + mean; baseline = the 2018 message (RGBA, base64, JSON)"
    )
    print(f"{'picture':<20}{'bytes':>12}{'baseline':>12}{'ratio':>9}{'CPU ratio':>11}")
    for name, make in (("soft", soft), ("textured", textured)):
        for width, height in ((640, 360), (1280, 720)):
            picture = make(width, height)
            ours, seed = record_round_trip(picture), seed_round_trip(picture)
            cpu = cpu_seconds(seed_round_trip, picture) / cpu_seconds(record_round_trip, picture)
            print(
                f"{f'{name} {width}x{height}':<20}{ours:>12}{seed:>12}"
                f"{f'1/{seed / ours:.0f}':>9}{f'{cpu:.1f}x':>11}"
            )
