"""The environment of a consumer."""

from pathlib import Path

import pytest

from tests.support.consumer_environment import consumer_environment, consumer_spec
from videostream_consumer.settings import SettingsInvalid, SignalEntry, read_settings
from videostream_consumer.zones import Zone
from videostream_record import StreamName


def test_the_environment_of_the_controller_is_understood() -> None:
    motion = {"name": "door", "type": "Motion", "zones": ["door"], "motion": {"threshold": 20}}
    spec = consumer_spec(
        max_frame_age="1m500ms",
        zones=[{"name": "door", "points": [[0, 0], [500, 0], [500, 1000]]}],
        signals=[motion],
        influx={"tags": {"site": "hall"}},
    )
    settings = read_settings(consumer_environment(spec, kafka_directory=Path("/k")))
    assert settings.stream == StreamName("test", "cam")
    assert settings.max_frame_age_s == 60.5
    assert settings.input == "Frame"
    assert settings.zones == (Zone("door", ((0, 0), (500, 0), (500, 1000))),)
    assert settings.signals == (SignalEntry("door", "Motion", ("door",), motion),)
    assert settings.tags == {"site": "hall"}
    assert settings.kafka_directory == Path("/k")
    assert settings.status_topic == "videostream.status"


def test_what_is_wrong_is_said_all_at_once() -> None:
    environ = consumer_environment(
        consumer_spec(max_frame_age="10", zones=[{"name": "z", "points": [[0, 0], [1, 1001]]}])
    )
    del environ["VIDEOSTREAM_UID"]
    environ |= {"HTTP_PORT": "many", "LOG_LEVEL": "LOUD", "VIDEOSTREAM_NAME": "Not_A_Label"}
    with pytest.raises(SettingsInvalid) as caught:
        read_settings(environ)
    faults = {line.partition(":")[0]: line for line in str(caught.value).splitlines()}
    assert set(faults) == {
        "VIDEOSTREAM_UID",
        "HTTP_PORT",
        "LOG_LEVEL",
        "VIDEOSTREAM_NAME",
        "VIDEOSTREAM_SPEC.consumer.maxFrameAge",
        "VIDEOSTREAM_SPEC.zones",
    }
    assert (
        "'10' is no duration: expected the form of"
        in faults["VIDEOSTREAM_SPEC.consumer.maxFrameAge"]
    )
    assert "expected DEBUG, INFO, WARNING or ERROR" in faults["LOG_LEVEL"]
    assert "expected 3 to 32" in faults["VIDEOSTREAM_SPEC.zones"]


def test_an_input_is_named_and_known() -> None:
    spec = consumer_spec()
    spec["consumer"]["input"] = "Legacy"
    assert read_settings(consumer_environment(spec)).input == "Legacy"
    spec["consumer"]["input"] = "legacy"
    with pytest.raises(
        SettingsInvalid, match=r"consumer\.input: 'legacy': expected Frame or Legacy"
    ):
        read_settings(consumer_environment(spec))


@pytest.mark.parametrize("spec", ["", "[]", "{", "null", '{"kafka":[]}'])
def test_a_spec_that_is_no_object_is_a_fault_not_a_crash(spec: str) -> None:
    environ = consumer_environment({}) | {"VIDEOSTREAM_SPEC": spec}
    with pytest.raises(SettingsInvalid, match="VIDEOSTREAM_SPEC"):
        read_settings(environ)


def test_an_empty_environment_names_each_variable() -> None:
    with pytest.raises(SettingsInvalid) as caught:
        read_settings({})
    for name in ("VIDEOSTREAM_SPEC", "VIDEOSTREAM_NAMESPACE", "VIDEOSTREAM_NAME", "POD_NAME"):
        assert f"{name}: {name} is missing" in str(caught.value)
