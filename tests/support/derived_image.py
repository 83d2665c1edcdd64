"""The consumer's image with a package of signals in it, made as docs/signals.md tells users to."""

from pathlib import Path

from cluster.docker import build, environment_of_host
from cluster.images import tag_by_content
from cluster.kind import load
from demo.deploy import Images


def consumer_with(plugin: Path, *, tag: str, images: Images) -> str:
    """Build the Dockerfile of a plug-in, load the image into the cluster and give its reference."""
    build_args = {"CONSUMER": images.ours["consumer"], **environment_of_host()}
    build(plugin, tag=tag, build_args=build_args)
    reference = tag_by_content(tag)
    load(reference)
    return reference
