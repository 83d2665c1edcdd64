"""The stand-in for ``kindest/node``: a node that kind accepts, built from source.

kind's own entrypoint and units come out of kind's module. On top go Debian's systemd and
containerd, Kubernetes, and the control plane's images under the names that kubeadm asks for.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from cluster import gotools
from cluster.docker import build, docker
from cluster.progress import step
from cluster.tools import tool
from cluster.versions import image_reference, versions

HERE = Path(__file__).parent / "node"
_BUILT_FROM_SOURCE = (
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kube-proxy",
    "etcd",
    "coredns",
    "local-path-provisioner",
)


def build_node(base: str, *, tag: str, labels: dict[str, str]) -> None:
    """Make the stand-in image on the Debian base."""
    images = control_plane_images()
    with tempfile.TemporaryDirectory(prefix="videostream-node-") as work:
        binaries = Path(work, "control-plane")
        binaries.mkdir()
        for name in _BUILT_FROM_SOURCE:
            _place(tool(name), binaries)
        for target, reference in images.items():
            build(
                binaries,
                tag=reference,
                dockerfile=HERE / "control-plane.Dockerfile",
                target=target,
                build_args={"BASE_IMAGE": base},
            )
        context = Path(work, "node")
        _write_context(context)
        with step("saving the images of the control plane"):
            docker("save", "--output", context / "images.tar", *images.values())
        build(
            context,
            tag=tag,
            build_args={
                "BASE_IMAGE": base,
                "PAUSE_IMAGE": images["pause"],
                "KUBERNETES_VERSION": versions()["go"]["kubernetes"],
            },
            labels=labels,
        )


def _write_context(context: Path) -> None:
    shutil.copytree(HERE, context)
    kind = gotools.download("sigs.k8s.io/kind", versions()["go"]["kind"])
    shutil.copytree(kind.directory / "images" / "base" / "files", context / "kind-base")
    storage = context / "default-storage.yaml"
    provisioner = image_reference("local-path-provisioner")
    storage.write_text(storage.read_text().replace("PROVISIONER_IMAGE", provisioner))
    for name in ("kubeadm", "kubelet", "kubectl", "crictl"):
        _place(tool(name), context)


def _place(program: Path, folder: Path) -> None:
    # A hard link where the file system allows it: the Kubernetes binaries are large.
    target = folder / program.name
    try:
        target.hardlink_to(program)
    except OSError:
        shutil.copy(program, target)


def control_plane_images() -> dict[str, str]:
    """Return ``{build target: reference}`` of what kubeadm asks for, and of the provisioner."""
    version = versions()["go"]["kubernetes"]
    listed = subprocess.run(
        [tool("kubeadm"), "config", "images", "list", "--kubernetes-version", version],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return {
        **name_targets(listed.split()),
        "local-path-provisioner": image_reference("local-path-provisioner"),
    }


def name_targets(references: list[str]) -> dict[str, str]:
    """Return the references by the last part of their path, as ``coredns``.

    Raises ValueError when kubeadm asks for another version of etcd or CoreDNS than is pinned.
    """
    named = {ref.rpartition("/")[2].partition(":")[0]: ref for ref in references}
    for name in ("etcd", "coredns"):
        pinned = versions()["go"][name]
        if named[name].rpartition(":")[2].lstrip("v").partition("-")[0] != pinned.lstrip("v"):
            raise ValueError(f"kubeadm asks for {named[name]}, but versions.toml pins {pinned}")
    return named
