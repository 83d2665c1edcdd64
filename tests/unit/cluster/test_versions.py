"""The version file is the one place of pins: complete, and consistent in itself."""

from __future__ import annotations

import re

from cluster.tools import programs
from cluster.versions import image_reference, versions


def test_every_go_pin_is_an_exact_version() -> None:
    for name, version in versions()["go"].items():
        assert re.fullmatch(r"v?\d+\.\d+\.\d+", version), f"{name}: {version}"


def test_every_image_is_pinned_by_a_tag_that_is_not_latest() -> None:
    for name, reference in versions()["images"].items():
        tag = reference.rpartition(":")[2]
        assert tag != reference, f"{name}: {reference} has no tag"
        assert tag != "latest", f"{name}: {reference}"


def test_stand_ins_are_of_the_release_that_their_tag_names() -> None:
    pins = versions()
    assert image_reference("kafka").endswith(f":{pins['maven']['kafka']}")
    assert image_reference("influxdb").endswith(f":{pins['go']['influxdb'].removeprefix('v')}")
    assert image_reference("node").endswith(f":{pins['go']['kubernetes']}")
    assert image_reference("local-path-provisioner").endswith(
        f":{pins['go']['local-path-provisioner']}"
    )


def test_kubernetes_programs_carry_the_version_that_kubeadm_checks() -> None:
    kubeadm = programs()["kubeadm"]
    assert f"version.gitVersion={versions()['go']['kubernetes']}" in kubeadm.ldflags
    assert kubeadm.staging_version == "v0." + versions()["go"]["kubernetes"].partition(".")[2]
