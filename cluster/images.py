"""The images of the project: third-party ones, pulled or stood in for, and our own four.

``ensure_image`` gives the very same reference in both cases. Which case it is, is found out by
trying to pull; a stand-in carries a label that says it is one and from which recipe.
"""

from __future__ import annotations

import functools
import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from cluster import bases, cache, influxdb_image, kafka_image, node_image
from cluster.docker import build, docker, environment_of_host, image_id, image_label
from cluster.progress import say
from cluster.registry import pull
from cluster.versions import image_reference, versions

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).resolve().parent.parent
STAND_IN_LABEL = "dev.videostream.stand-in"
THIRD_PARTY = ("kafka", "influxdb", "python", "debian", "node", "node-base")
# The table of the version file whose change makes a stand-in stale.
_PINS = {"kafka": "maven", "influxdb": "go", "node": "go"}
_REGISTRY = "ghcr.io/videostream-dev"
_DOCKERFILES = {
    "controller": ("controller/Dockerfile", "python"),
    "producer": ("images/producer/Dockerfile", "python"),
    "consumer": ("images/consumer/Dockerfile", "python"),
    "camera": ("images/camera/Dockerfile", "debian"),
}


def ensure_image(name: str) -> str:
    """Return the reference of ``kafka``, ``influxdb``, ``python``, ``debian`` or ``node``.

    Afterwards the engine holds the image: the one it had, the published one, or a stand-in
    under the same name. Raises ValueError for another name, StepFailedError when a build fails.
    """
    if name not in THIRD_PARTY:
        raise ValueError(f"unknown image {name!r}; known are: {', '.join(THIRD_PARTY)}")
    reference = image_reference(name)
    with cache.lock(f"image-{name}"):
        if image_id(reference):
            found = image_label(reference, STAND_IN_LABEL)
            if not found or found == _recipe(name):
                return reference
        elif pull(reference):
            return reference
        say(f"building a stand-in for {reference}")
        _build_stand_in(name, tag=reference, labels={STAND_IN_LABEL: _recipe(name)})
    return reference


def try_image(name: str) -> list[str]:
    """Return the reference of an image for which there is no stand-in, or nothing without it.

    Grafana is such an image: it is in no package registry.
    """
    reference = image_reference(name)
    return [reference] if image_id(reference) or pull(reference) else []


def is_stand_in(name: str) -> bool:
    """Tell whether the image that ``ensure_image(name)`` gives is a stand-in."""
    return bool(image_label(ensure_image(name), STAND_IN_LABEL))


def _build_stand_in(name: str, *, tag: str, labels: dict[str, str]) -> None:
    match name:
        case "debian" | "node-base":
            bases.build_debian(tag=tag, labels=labels)
        case "python":
            bases.build_python(ensure_image("debian"), tag=tag, labels=labels)
        case "kafka":
            kafka_image.build_kafka(ensure_image("debian"), tag=tag, labels=labels)
        case "influxdb":
            influxdb_image.build_influxdb(ensure_image("debian"), tag=tag, labels=labels)
        case _:
            node_image.build_node(ensure_image("node-base"), tag=tag, labels=labels)


@functools.cache
def _recipe(name: str) -> str:
    """Return the hash of all that a stand-in is made from."""
    here = Path(__file__).parent
    sources = {
        "debian": [here / "bases.py"],
        "node-base": [here / "bases.py"],
        "python": [here / "bases.py", *_files(here / "base")],
        "kafka": _files(here / "kafka"),
        "influxdb": [here / "influxdb_image.py", *_files(here / "influxdb")],
        "node": [here / "node_image.py", here / "tools.py", *_files(here / "node")],
    }[name]
    contents = [path.read_bytes() for path in sources]
    return cache.entry_key(
        name, "recipe", json.dumps(versions().get(_PINS.get(name, ""))), *contents
    )


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def own_version() -> str:
    """Return the version of our images: that of the controller's distribution."""
    with (ROOT / "controller" / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def build_images(names: Iterable[str] | None = None) -> dict[str, str]:
    """Build our own images (all four by default) and return ``{name: reference}``.

    The names are ``controller``, ``producer``, ``consumer`` and ``camera``; another raises
    ValueError. Unchanged layers come from the engine's cache.
    """
    wanted = list(_DOCKERFILES) if names is None else list(names)
    unknown = [name for name in wanted if name not in _DOCKERFILES]
    if unknown:
        raise ValueError(f"unknown images {unknown}; known are: {', '.join(_DOCKERFILES)}")
    return {name: _build_own(name) for name in wanted}


def _build_own(name: str) -> str:
    dockerfile, base = _DOCKERFILES[name]
    version = own_version()
    reference = f"{_REGISTRY}/videostream-{name}:{version}"
    with cache.lock(f"image-{name}"):
        return build(
            ROOT,
            tag=reference,
            dockerfile=ROOT / dockerfile,
            build_args={"BASE_IMAGE": ensure_image(base), **environment_of_host()},
            labels={"org.opencontainers.image.version": version},
        )


def tag_by_content(reference: str) -> str:
    """Tag an image of the engine with its id as well, and return that reference.

    A tag that changes with the content, and only with it, makes pods roll exactly when needed.
    """
    held = image_id(reference)
    if held is None:
        raise ValueError(f"the engine has no image {reference}; build it first")
    tagged = f"{reference}-{held.removeprefix('sha256:')[:12]}"
    docker("tag", reference, tagged)
    return tagged
