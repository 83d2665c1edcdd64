"""The signal of docs/signals.md, found and measured as an installed package would be."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support.consumer_environment import consumer_environment, consumer_spec
from tests.support.records import SESSION, START_NS, STREAM, jpeg
from videostream_consumer.measure import measure, plan_measurement
from videostream_consumer.settings import read_settings
from videostream_consumer.signals.registry import installed_types
from videostream_record import FrameRecord

_PAGE = Path(__file__).parents[3] / "docs" / "signals.md"


def block(language: str) -> str:
    """Return the last code block of a language in the page."""
    return str(re.findall(rf"```{language}\n(.*?)```", _PAGE.read_text(), re.DOTALL)[-1])


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "redness.py").write_text(block("python"))
    metadata = tmp_path / "redness-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: redness\nVersion: 1.0\n")
    entry = block("toml").splitlines()[1].replace('"', "")
    (metadata / "entry_points.txt").write_text(f"[videostream.signals]\n{entry}\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "redness", raising=False)


@pytest.mark.usefixtures("installed")
def test_the_documented_plugin_writes_its_points() -> None:
    red = np.zeros((48, 64, 3), np.uint8)
    red[..., 2] = 200
    frame = FrameRecord(STREAM, SESSION, 0, START_NS, 64, 48, jpeg(red))
    spec = consumer_spec(signals=[{"name": "lamp", "type": "Redness"}])
    plan = plan_measurement(read_settings(consumer_environment(spec)), installed_types())
    measured = measure(frame, plan)
    assert measured.failures == ()
    prefix, value, time_ns = measured.lines[-1].split()
    assert prefix == "redness,namespace=test,signal=lamp,stream=cam,zone=frame"
    assert float(value.removeprefix("red=")) > 0.95
    assert time_ns == str(START_NS)
