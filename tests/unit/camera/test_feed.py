"""Frames lie on the grid of Unix time, and faults change what viewers get."""

import itertools
import threading

import numpy as np

from images.camera import scene
from images.camera.feed import Fault, Feed

START = 18_000_000_000  # frame number: Unix time 1.8e9 at 10 fps


def feed() -> Feed:
    return Feed(width=64, height=48, fps=10)


def test_frame_shows_the_scene_of_its_instant() -> None:
    sensor = feed()
    sensor._tick(START + 3)
    frame = sensor.wait_newer(-1, timeout_s=0)
    assert frame is not None
    assert frame.time_s == 1_800_000_000.3
    np.testing.assert_array_equal(frame.image, scene.render(1_800_000_000.3, 64, 48))


def test_only_newer_frames_are_given() -> None:
    sensor = feed()
    sensor._tick(START)
    assert sensor.wait_newer(START, timeout_s=0) is None
    sensor._tick(START + 1)
    sensor._tick(START + 2)
    frame = sensor.wait_newer(START, timeout_s=0)
    assert frame is not None
    assert frame.sequence == START + 2


def test_freeze_repeats_the_last_picture_as_new_frames() -> None:
    sensor = feed()
    sensor._tick(START)
    sensor.fault = Fault.FREEZE
    sensor._tick(START + 10)
    frame = sensor.wait_newer(START, timeout_s=0)
    assert frame is not None
    assert frame.sequence == START + 10
    np.testing.assert_array_equal(frame.image, scene.render(1_800_000_000, 64, 48))


def test_stall_gives_nothing_until_it_ends() -> None:
    sensor = feed()
    sensor.fault = Fault.STALL
    sensor._tick(START)
    assert sensor.wait_newer(-1, timeout_s=0) is None
    assert sensor.is_alive
    sensor.fault = Fault.NONE
    sensor._tick(START + 1)
    assert sensor.wait_newer(-1, timeout_s=0) is not None


def test_waiting_viewer_learns_of_a_fault_at_once() -> None:
    sensor = feed()
    answers: list[object] = []
    viewer = threading.Thread(target=lambda: answers.append(sensor.wait_newer(-1, timeout_s=60)))
    viewer.start()
    # More than one change: the first may come before the viewer waits.
    for fault in itertools.cycle((Fault.DROP, Fault.NONE)):
        sensor.fault = fault
        viewer.join(0.1)
        if not viewer.is_alive():
            break
    assert answers == [None]


def test_running_feed_makes_frames_of_now() -> None:
    sensor = Feed(width=64, height=48, fps=50)
    threading.Thread(target=sensor.run, daemon=True).start()
    first = sensor.wait_newer(-1, timeout_s=10)
    assert first is not None
    second = sensor.wait_newer(first.sequence, timeout_s=10)
    assert second is not None
    assert second.time_s > first.time_s
    assert second.time_s == second.sequence / 50
