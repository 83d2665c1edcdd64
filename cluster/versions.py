"""Pinned versions, read from ``versions.toml`` so that code, docs and cache keys agree."""

from __future__ import annotations

import functools
import pathlib
import tomllib

VERSIONS_FILE = pathlib.Path(__file__).with_name("versions.toml")


@functools.cache
def versions() -> dict[str, dict[str, str]]:
    """Return the tables of the version file: ``{"go": {"kind": "v0.33.0", ...}, ...}``."""
    with VERSIONS_FILE.open("rb") as file:
        return tomllib.load(file)


def image_reference(name: str) -> str:
    """Return the pinned reference of an image: ``kafka`` gives ``apache/kafka:4.3.1``."""
    return versions()["images"][name]
