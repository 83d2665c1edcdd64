"""The example plug-in of docs/signals.md, installed as a package and found by its entry point."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.support.consumer_environment import consumer_environment, consumer_spec
from tests.support.records import START_NS, Image, record
from videostream_consumer.measure import Plan, measure, plan_measurement
from videostream_consumer.settings import read_settings
from videostream_consumer.signals.registry import SignalsInvalid, installed_types

_ROOT = Path(__file__).parents[3]
_EXAMPLE = _ROOT / "docs" / "examples" / "redness"
_SLOW = _ROOT / "tests" / "e2e" / "slow_signal"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build and install both plug-ins into a folder; gives the folder."""
    folder = tmp_path_factory.mktemp("plugins")
    uv = os.environ.get("UV") or shutil.which("uv")
    assert uv, "run the tests by `uv run`, which tells where uv is"
    subprocess.run(
        [uv, "pip", "install", "--quiet", "--no-deps", "--target", folder, _EXAMPLE, _SLOW],
        check=True,
        timeout=100,
    )
    return folder


@pytest.fixture
def on_path(installed: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(installed)
    yield
    for name in ("redness", "slow_signal"):
        sys.modules.pop(name, None)


def plan(**signal: object) -> Plan:
    spec = consumer_spec(signals=[{"name": "lamp", **signal}])
    return plan_measurement(read_settings(consumer_environment(spec)), installed_types())


def two_colours() -> Image:
    """A picture with three quarters of green and a quarter of red, both of level 200."""
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[..., 1] = 200
    picture[:32, :32] = (0, 0, 200)
    return picture


@pytest.mark.usefixtures("on_path")
@pytest.mark.parametrize(("alarm_from", "alarm"), [("0.2", "1i"), ("0.3", "0i")])
def test_the_documented_plugin_writes_its_points(alarm_from: str, alarm: str) -> None:
    lamp = plan(type="Redness", parameters={"alarmFrom": alarm_from})
    measured = measure(record(two_colours()), lamp)
    assert measured.failures == ()
    prefix, values, time_ns = measured.lines[-1].split()
    assert prefix == "redness,namespace=test,signal=lamp,stream=cam,zone=frame"
    fields = dict(pair.split("=") for pair in values.split(","))
    assert float(fields["red"]) == pytest.approx(0.25, abs=0.01)
    assert fields["alarm"] == alarm
    assert time_ns == str(START_NS)


@pytest.mark.usefixtures("on_path")
def test_its_parameter_is_checked_as_those_of_built_in_types() -> None:
    with pytest.raises(
        SignalsInvalid,
        match=r"signal 'lamp' of type Redness: parameters\.alarmFrom is '1\.5':"
        r' expected a number in quotes from "0" to "1"',
    ):
        plan(type="Redness", parameters={"alarmFrom": "1.5"})


@pytest.mark.usefixtures("on_path")
@pytest.mark.parametrize(
    ("signal", "slept_ms"),
    [
        ({"type": "Slow50"}, 50),
        ({"type": "Slow150"}, 150),
        ({"type": "Slow", "parameters": {"milliseconds": 20}}, 20),
    ],
)
def test_a_slow_signal_takes_the_time_that_it_says(
    signal: dict[str, object], slept_ms: int
) -> None:
    slow, frame = plan(**signal), record(two_colours())
    started = time.perf_counter()
    measured = measure(frame, slow)
    assert time.perf_counter() - started >= slept_ms / 1000
    assert f" slept_ms={slept_ms}i " in measured.lines[-1]
