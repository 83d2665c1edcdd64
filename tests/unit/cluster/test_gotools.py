"""Published go.mod files become the go.mod of a build module of our own."""

from __future__ import annotations

import pytest

from cluster.gotools import GoProgram, rewrite_go_mod
from cluster.node_image import name_targets
from cluster.toolchains import parse_go_version

_PUBLISHED = """\
module example.org/system

go 1.26.0

godebug default=go1.26

require (
\texample.org/api v0.0.0
\texample.org/other v1.2.3
)

replace (
\texample.org/api => ./staging/src/example.org/api
\texample.org/fork v1.0.0 => example.org/better v1.0.1
)

replace example.org/sibling/v3 => ../sibling
"""


def _program(staging_version: str | None) -> GoProgram:
    return GoProgram(
        name="tool",
        module="example.org/system",
        version="v1.36.3",
        staging_version=staging_version,
    )


def test_local_replacements_become_published_versions() -> None:
    text = rewrite_go_mod(_PUBLISHED, program=_program("v0.36.3"))
    assert "\texample.org/api => example.org/api v0.36.3\n" in text
    assert "replace example.org/sibling/v3 => example.org/sibling/v3 v0.36.3\n" in text
    assert "./" not in text


def test_without_a_staging_version_local_replacements_go() -> None:
    text = rewrite_go_mod(_PUBLISHED, program=_program(None))
    assert "staging" not in text
    assert "sibling" not in text


def test_everything_else_stays_and_the_program_is_required() -> None:
    text = rewrite_go_mod(_PUBLISHED, program=_program(None))
    assert "module example.org/system" not in text
    assert "godebug default=go1.26" in text
    assert "\texample.org/fork v1.0.0 => example.org/better v1.0.1\n" in text
    assert text.endswith("require example.org/system v1.36.3\n")


@pytest.mark.parametrize(
    ("printed", "version"),
    [
        ("go version go1.26.8 linux/amd64", (1, 26)),
        ("go version go1.19 linux/amd64", (1, 19)),
        ("go version devel", (0, 0)),
    ],
)
def test_go_version_is_read(printed: str, version: tuple[int, int]) -> None:
    assert parse_go_version(printed) == version


def test_control_plane_images_are_named_by_their_program() -> None:
    listed = ["registry.k8s.io/kube-proxy:v1.36.3", "registry.k8s.io/coredns/coredns:v1.14.2"]
    listed.append("registry.k8s.io/etcd:3.6.8-0")
    assert name_targets(listed) == {
        "kube-proxy": "registry.k8s.io/kube-proxy:v1.36.3",
        "coredns": "registry.k8s.io/coredns/coredns:v1.14.2",
        "etcd": "registry.k8s.io/etcd:3.6.8-0",
    }


def test_a_pin_that_kubeadm_does_not_ask_for_is_refused() -> None:
    listed = ["registry.k8s.io/coredns/coredns:v1.14.2", "registry.k8s.io/etcd:3.5.0-0"]
    with pytest.raises(ValueError, match=r"etcd:3\.5\.0-0.*pins"):
        name_targets(listed)
