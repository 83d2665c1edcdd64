"""Stand-ins for the Debian and Python base images, made from Debian packages by debootstrap."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from cluster import cache, debian
from cluster.docker import build, docker
from cluster.progress import StepFailedError, run_logged, step, tail

HERE = Path(__file__).parent
_HOST_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
# A path of its own: installing a package may regenerate the distribution's bundle.
_IMAGE_BUNDLE = "/etc/ssl/host-ca-bundle.crt"
_BUNDLE_VARIABLES = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_DPKG_SLIM = """\
force-unsafe-io
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/man/*
path-exclude /usr/share/locale/*
"""


def build_debian(*, tag: str, labels: dict[str, str]) -> None:
    """Make a minimal Debian image; ``tag`` names its release, as ``debian:trixie-slim``.

    The host's certificate bundle goes in because builds on this base fetch packages through
    whatever the host fetches them through. Such an image is for this machine, not for publishing.
    """
    suite = tag.rpartition(":")[2].removesuffix("-slim")
    debian.install_for({"debootstrap": "debootstrap"})
    log = cache.fresh_log(f"debootstrap-{suite}")
    work = Path(tempfile.mkdtemp(prefix=f"videostream-{suite}-"))
    root = work / "root"
    try:
        with step(f"installing a minimal Debian {suite}"):
            command = debian.find_command("debootstrap") or "debootstrap"
            options = ["--variant=minbase", "--include=ca-certificates"]
            run_logged([command, *options, suite, root], log=log)
            _finish(root)
            _import(root, tag=tag, labels=labels, log=log)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _finish(root: Path) -> None:
    (root / "etc/dpkg/dpkg.cfg.d/slim").write_text(_DPKG_SLIM)
    shutil.copyfile(_HOST_BUNDLE, root / _IMAGE_BUNDLE.lstrip("/"))
    shutil.copyfile(_HOST_BUNDLE, root / "etc/ssl/certs/ca-certificates.crt")
    for folder in (
        "var/cache/apt/archives",
        "var/lib/apt/lists",
        "usr/share/doc",
        "usr/share/locale",
    ):
        for path in (root / folder).glob("*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _import(root: Path, *, tag: str, labels: dict[str, str], log: Path) -> None:
    changes = [f"ENV {name}={_IMAGE_BUNDLE}" for name in _BUNDLE_VARIABLES]
    changes += [f"LABEL {name}={value}" for name, value in labels.items()]
    changes += ['CMD ["bash"]']
    options = [word for change in changes for word in ("--change", change)]
    docker("version")  # the pipe below needs a running engine
    with (
        log.open("a") as out,
        subprocess.Popen(
            ["tar", "-C", str(root), "--numeric-owner", "-c", "."],
            stdout=subprocess.PIPE,
            stderr=out,
        ) as tar,
    ):
        imported = subprocess.run(
            ["docker", "import", *options, "-", tag],
            stdin=tar.stdout,
            stdout=out,
            stderr=out,
            check=False,
        )
    if imported.returncode != 0 or tar.returncode != 0:
        raise StepFailedError(f"importing {tag} failed; log: {log}\n{tail(log)}")


def build_python(base: str, *, tag: str, labels: dict[str, str]) -> None:
    """Make the stand-in for the Python image on the Debian base."""
    build(HERE / "base", tag=tag, build_args={"BASE_IMAGE": base}, labels=labels)
