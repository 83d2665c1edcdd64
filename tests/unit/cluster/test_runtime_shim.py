"""The runtime shim takes out of a configuration just what asks for CAP_SYS_RESOURCE."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.engine import lacks_sys_resource
from cluster.runtime_shim import fit_config, fit_process, option


def _process() -> dict[str, Any]:
    return {
        "args": ["/sbin/init"],
        "capabilities": {
            "bounding": ["CAP_SYS_ADMIN", "CAP_SYS_RESOURCE"],
            "effective": ["CAP_SYS_RESOURCE"],
            "inheritable": None,
        },
        "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1048576, "soft": 1048576}],
        "oomScoreAdj": -999,
    }


def test_the_capability_leaves_every_set_and_the_others_stay() -> None:
    fitted = fit_process(_process())["capabilities"]
    assert fitted == {"bounding": ["CAP_SYS_ADMIN"], "effective": [], "inheritable": []}


def test_limits_go_and_a_negative_oom_score_becomes_zero() -> None:
    fitted = fit_process(_process())
    assert fitted["rlimits"] == []
    assert fitted["oomScoreAdj"] == 0
    assert fitted["args"] == ["/sbin/init"]


def test_a_positive_oom_score_is_kept() -> None:
    assert fit_process({"oomScoreAdj": 300})["oomScoreAdj"] == 300


def test_an_exec_without_capabilities_gains_none() -> None:
    assert "capabilities" not in fit_process({"args": ["ls"]})


def test_the_rest_of_a_bundle_is_untouched() -> None:
    config = {"ociVersion": "1.0.2", "process": _process(), "mounts": [{"destination": "/proc"}]}
    fitted = fit_config(config)
    assert fitted["mounts"] == config["mounts"]
    assert fitted["process"]["rlimits"] == []
    assert fit_config({"ociVersion": "1.0.2"}) == {"ociVersion": "1.0.2"}


def test_the_input_is_not_changed() -> None:
    config = {"process": _process()}
    fit_config(config)
    assert config == {"process": _process()}


@pytest.mark.parametrize(
    ("argv", "value"),
    [
        (["--log", "x", "create", "--bundle", "/b", "id"], "/b"),
        (["create", "--bundle=/b", "id"], "/b"),
        (["run", "-b", "/b", "id"], "/b"),
        (["create", "id"], None),
        (["create", "--bundle"], None),
    ],
)
def test_the_bundle_is_found_in_each_spelling(argv: list[str], value: str | None) -> None:
    assert option(argv, "--bundle", "-b") == value


@pytest.mark.parametrize(
    ("bounding", "lacking"),
    [("000001ffffffffff", False), ("000001fffeffffff", True), ("0000000000000000", True)],
)
def test_the_capability_is_read_from_the_bounding_set(bounding: str, *, lacking: bool) -> None:
    status = f"Name:\tsh\nCapInh:\t0000000000000000\nCapBnd:\t{bounding}\n"
    assert lacks_sys_resource(status) is lacking
