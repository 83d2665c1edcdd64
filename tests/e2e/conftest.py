"""The product on the kind cluster, installed as a user installs it, once for all tests here."""

import secrets
from collections.abc import Iterator

import pytest

from cluster.kind import kubectl
from demo.deploy import (
    NAMESPACE,
    RELEASE,
    Images,
    create_namespace,
    install_camera,
    install_chart,
    load_images,
)
from demo.influxql import InfluxPortForward
from tests.support.streams import Streams


@pytest.fixture(scope="session")
def images() -> Images:
    """Our images, on the cluster's node."""
    return load_images()


@pytest.fixture(scope="session")
def release(images: Images) -> str:
    """Install chart and camera; gives the namespace they are in."""
    create_namespace()
    install_chart(images)
    install_camera(images)
    return NAMESPACE


@pytest.fixture(scope="session")
def influx(release: str) -> Iterator[InfluxPortForward]:
    """InfluxQL on the cluster's InfluxDB."""
    with InfluxPortForward(release=RELEASE, namespace=release) as forward:
        yield forward


@pytest.fixture
def streams(release: str) -> Iterator[Streams]:
    """VideoStreams of one test, under names of its own, deleted at its end."""
    mine = Streams(namespace=release, suffix=secrets.token_hex(2))
    yield mine
    mine.delete_all()


@pytest.fixture
def secret(release: str) -> Iterator[str]:
    """The name of a Secret that the test may create; deleted at its end."""
    name = f"camera-login-{secrets.token_hex(2)}"
    yield name
    kubectl("delete", "secret", name, "--namespace", release, "--ignore-not-found")
