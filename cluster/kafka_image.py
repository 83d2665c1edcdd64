"""The stand-in for ``apache/kafka``: the release's jars from Maven on Debian's Java."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from cluster import cache, debian
from cluster.docker import build
from cluster.progress import run_logged, step
from cluster.versions import versions

HERE = Path(__file__).parent / "kafka"


def jars() -> Path:
    """Return the folder of the broker's jars, fetched when the cache lacks it."""
    maven = versions()["maven"]
    recipe = (HERE / "pom.xml").read_bytes()
    return cache.ensure(
        "jars", cache.entry_key("kafka", maven["kafka"], recipe, str(maven)), _fetch
    )


def _fetch(out: Path) -> None:
    maven = versions()["maven"]
    debian.install_for({"mvn": "maven", "java": "default-jre-headless"})
    with (
        step(f"fetching the jars of Kafka {maven['kafka']}"),
        tempfile.TemporaryDirectory(prefix="videostream-maven-") as work,
    ):
        shutil.copyfile(HERE / "pom.xml", Path(work, "pom.xml"))
        run_logged(
            ["mvn", "-B", "-ntp", "dependency:copy-dependencies", f"-DoutputDirectory={out}"]
            + [f"-D{name}.version={version}" for name, version in maven.items()],
            log=cache.fresh_log("kafka-jars"),
            cwd=Path(work),
        )


def build_kafka(base: str, *, tag: str, labels: dict[str, str]) -> None:
    """Make the stand-in image on the Debian base."""
    with tempfile.TemporaryDirectory(prefix="videostream-kafka-") as work:
        context = Path(work, "context")
        shutil.copytree(HERE, context)
        shutil.copytree(jars(), context / "libs")
        build(context, tag=tag, build_args={"BASE_IMAGE": base}, labels=labels)
