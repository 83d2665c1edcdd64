"""From a record to its lines."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests.support.consumer_environment import consumer_environment, consumer_spec
from tests.support.records import SESSION, START_NS, flat, jpeg, record
from videostream_consumer.frame import NOTHING, Frame, Need
from videostream_consumer.measure import Plan, measure, plan_measurement
from videostream_consumer.settings import read_settings
from videostream_consumer.signals.contract import Fields, Signal
from videostream_consumer.signals.registry import Load, SignalsInvalid, installed_types
from videostream_consumer.zones import AnyZone
from videostream_record import RecordInvalid, StreamName

ZONES = [{"name": "door", "points": [[0, 0], [500, 0], [500, 1000], [0, 1000]]}]


def plan(types: Mapping[str, Load] | None = None, **sections: Any) -> Plan:
    settings = read_settings(consumer_environment(consumer_spec(**sections)))
    return plan_measurement(settings, types or installed_types())


def test_a_record_becomes_the_documented_lines() -> None:
    signals = [
        {"name": "light", "type": "Brightness"},
        {"name": "move", "type": "Motion", "zones": ["door", "frame"], "motion": {"threshold": 30}},
    ]
    found = measure(
        record(flat(90), sequence=7, thumbnail=flat(90), reference=flat(10)),
        plan(zones=ZONES, signals=signals, influx={"tags": {"site": "hall 1"}}),
    )
    time_ns = START_NS + 7 * 200_000_000
    tags = r"site=hall\ 1,stream=cam"
    size = len(jpeg(flat(90)))
    assert found.lines == (
        (
            rf"frame,namespace=test,{tags} "
            f'bytes={size}i,width=64i,height=48i,sequence=7i,session="{SESSION}" {time_ns}'
        ),
        (
            f"brightness,namespace=test,signal=light,{tags},zone=frame "
            f"mean=90.0,min=90.0,max=90.0,stddev=0.0 {time_ns}"
        ),
        f"motion,namespace=test,signal=move,{tags},zone=door changed=1.0 {time_ns}",
        f"motion,namespace=test,signal=move,{tags},zone=frame changed=1.0 {time_ns}",
    )
    assert found.failures == ()


def test_without_signals_only_the_ledger_is_written_and_nothing_decoded() -> None:
    nothing = plan(signals=[])
    assert nothing.needs == NOTHING
    assert [line.split(",")[0] for line in measure(record(flat(9)), nothing).lines] == ["frame"]


def test_users_tags_cannot_replace_the_pipelines() -> None:
    found = measure(
        record(flat(9)), plan(signals=[], influx={"tags": {"stream": "x", "zone": "y"}})
    )
    assert found.lines[0].startswith("frame,namespace=test,stream=cam,zone=y ")


def test_another_streams_record_is_refused() -> None:
    with pytest.raises(RecordInvalid, match="ce_source is 'test/other', expected test/cam"):
        measure(record(flat(9), stream=StreamName("test", "other")), plan())


class Failing(Signal):
    """A plug-in with a fault."""

    need = Need.GRAY

    def measure(self, frame: Frame, zones: Sequence[AnyZone]) -> Mapping[str, Fields]:  # noqa: ARG002
        raise ZeroDivisionError("no pixels")


class NotANumber(Failing):
    """A plug-in that gives what InfluxDB cannot store."""

    def measure(self, frame: Frame, zones: Sequence[AnyZone]) -> Mapping[str, Fields]:  # noqa: ARG002
        return {zone.name: {"value": float("nan")} for zone in zones}


@pytest.mark.parametrize("kind", [Failing, NotANumber])
def test_a_signal_that_fails_costs_its_own_points_only(kind: type[Signal]) -> None:
    signals = [{"name": "bad", "type": "Bad"}, {"name": "light", "type": "Brightness"}]
    found = measure(
        record(flat(90)), plan({**installed_types(), "Bad": lambda: kind}, signals=signals)
    )
    assert [line.split(",")[0] for line in found.lines] == ["frame", "brightness"]
    assert [name for name, _ in found.failures] == ["bad"]


def test_all_faults_of_the_signals_are_said_at_once() -> None:
    signals = [
        {"name": "a", "type": "Brightness", "zones": ["gone"]},
        {"name": "b", "type": "Faces"},
        {"name": "c", "type": "Motion", "motion": {"threshold": 999}},
        {"name": "c", "type": "Motion"},
    ]
    with pytest.raises(SignalsInvalid) as caught:
        plan(signals=signals)
    said = str(caught.value).split("; ")
    assert [sentence.split(":")[0] for sentence in said] == [
        "signal 'c' is there twice",
        "signal 'a'",
        "signal 'b'",
        "signal 'c' of type Motion",
    ]
