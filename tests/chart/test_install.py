"""The life of a release on a real API server: install, upgrade, uninstall, install again."""

import base64
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.apiserver import ApiServer
from tests.support.chart import CHART, CI_VALUES, PRESETS, RELEASE, helm
from videostream_controller.preflight import NEEDED_RIGHTS

pytestmark = [pytest.mark.chart, pytest.mark.timeout(300)]

CRD = "videostreams.videostream.dev"
_numbers = itertools.count(1)
STREAM = {
    "apiVersion": "videostream.dev/v1alpha1",
    "kind": "VideoStream",
    "spec": {"source": {"url": "rtsp://camera.example.com/stream"}},
}


class Installation:
    """One namespace with Pod Security "restricted", and Helm in it."""

    def __init__(self, server: ApiServer, namespace: str) -> None:
        self.server = server
        self.namespace = namespace
        server.kubectl("create", "namespace", namespace)
        levels = [f"pod-security.kubernetes.io/{mode}=restricted" for mode in ("enforce", "warn")]
        server.kubectl("label", "namespace", namespace, *levels)

    def helm(self, *args: str | Path, check: bool = True) -> str:
        """Run Helm here and give stdout and stderr."""
        done = helm(
            *args,
            *("--namespace", self.namespace),
            kubeconfig=self.server.kubeconfig(),
            check=check,
        )
        return done.stdout + done.stderr

    def install(self, *flags: str | Path) -> str:
        """Install the chart, without waiting: there is no kubelet."""
        return self.helm("install", RELEASE, CHART, *flags)

    def upgrade(self, *flags: str | Path) -> str:
        """Upgrade the release."""
        return self.helm("upgrade", RELEASE, CHART, *flags)

    def get(self, kind: str, name: str) -> Any:
        """Read an object."""
        return self.server.get(kind, name, namespace=self.namespace)

    def secret(self, name: str) -> dict[str, str]:
        """Read a Secret."""
        data = self.get("secret", name).get("data", {})
        return {key: base64.b64decode(value).decode() for key, value in data.items()}

    def remove(self) -> None:
        """Remove the release and all that it keeps on purpose."""
        self.helm("uninstall", RELEASE, "--ignore-not-found")
        self.server.kubectl("delete", "crd", CRD, "--ignore-not-found")


@pytest.fixture
def installation(bare_apiserver: ApiServer) -> Iterator[Installation]:
    place = Installation(bare_apiserver, f"chart-{next(_numbers)}")
    yield place
    place.remove()


def test_the_server_warns_of_pods_that_are_not_restricted(installation: Installation) -> None:
    # The control of the next test: without a warning here, its silence would prove nothing.
    pod = {
        "metadata": {"labels": {"a": "b"}},
        "spec": {"containers": [{"name": "a", "image": "a"}]},
    }
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "careless"},
        "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": pod},
    }
    done = installation.server.kubectl(
        *("apply", "--namespace", installation.namespace, "--filename", "-"),
        stdin=json.dumps(deployment),
    )
    assert "would violate PodSecurity" in done.stderr


@pytest.mark.parametrize(
    "file",
    [path for path in [*CI_VALUES, *PRESETS] if path.stem != "everything-values"],
    ids=lambda path: path.stem,
)
def test_every_set_of_values_installs_without_a_warning(
    installation: Installation, file: Path
) -> None:
    # The Prometheus operator's kinds do not exist here.
    monitors = ("serviceMonitor", "podMonitor", "prometheusRule")
    off = ",".join(f"metrics.{monitor}.enabled=false" for monitor in monitors)
    for namespace in ("cameras-north", "cameras-south"):
        installation.server.kubectl("create", "namespace", namespace, check=False)
    output = installation.install("--values", file, "--set", off)
    assert "STATUS: deployed" in output
    assert "violate" not in output
    assert "Warning" not in output


def test_upgrade_keeps_streams_passwords_and_tokens(installation: Installation) -> None:
    installation.install()
    server, namespace = installation.server, installation.namespace
    server.kubectl("wait", "--for=condition=Established", "--timeout=30s", f"crd/{CRD}")
    server.apply(STREAM, name="camera", namespace=namespace)
    tokens = {"stringData": {"consumer": "write-token", "grafana": "read-token"}}
    server.kubectl(
        *("patch", "secret", "vs-influxdb-tokens", "--namespace", namespace),
        *("--type=merge", f"--patch={json.dumps(tokens)}"),
    )
    names = ("vs-influxdb-admin", "vs-grafana-admin", "vs-influxdb-tokens")
    before = {name: installation.secret(name) for name in names}
    assert all(before.values())
    assert len(before["vs-influxdb-admin"]["admin-token"]) == 48
    uid = installation.get("videostream", "camera")["metadata"]["uid"]

    installation.upgrade("--set", "controller.logLevel=DEBUG,controller.image.tag=0.1.1")

    assert {name: installation.secret(name) for name in names} == before
    assert installation.get("videostream", "camera")["metadata"]["uid"] == uid
    controller = installation.get("deployment", "vs-controller")["spec"]["template"]["spec"]
    assert controller["containers"][0]["image"].endswith(":0.1.1")

    installation.helm("rollback", RELEASE, "1")
    assert {name: installation.secret(name) for name in names} == before


def test_upgrade_runs_the_bootstrap_again(installation: Installation) -> None:
    def jobs() -> set[str]:
        listed = installation.server.get("jobs", namespace=installation.namespace)["items"]
        return {job["metadata"]["name"] for job in listed}

    installation.install()
    first = jobs()
    installation.upgrade()
    assert len(first) == len(jobs() - first) == 1


def test_upgrade_brings_a_changed_definition(installation: Installation) -> None:
    installation.install()
    server = installation.server
    wrong = [{"op": "replace", "path": "/spec/names/shortNames", "value": ["old"]}]
    server.kubectl("patch", "crd", CRD, "--type=json", f"--patch={json.dumps(wrong)}")
    installation.upgrade("--force-conflicts")
    assert server.get("crd", CRD)["spec"]["names"]["shortNames"] == ["vst"]


def test_uninstall_keeps_definition_streams_and_the_influxdb_password(
    installation: Installation,
) -> None:
    installation.install()
    server, namespace = installation.server, installation.namespace
    server.kubectl("wait", "--for=condition=Established", "--timeout=30s", f"crd/{CRD}")
    server.apply(STREAM, name="camera", namespace=namespace)
    admin = installation.secret("vs-influxdb-admin")
    installation.helm("uninstall", RELEASE)

    assert server.get("crd", CRD)
    assert installation.get("videostream", "camera")
    left = server.kubectl("get", "deployment,statefulset", "-n", namespace, "-o", "name").stdout
    assert left == ""

    installation.install()
    assert installation.secret("vs-influxdb-admin") == admin
    assert installation.get("videostream", "camera")


def test_a_definition_of_kubectl_needs_a_word(installation: Installation) -> None:
    crd = CHART / "files" / "crds" / "videostreams.yaml"
    installation.server.kubectl("apply", "--server-side", "--filename", crd)
    refused = installation.helm("install", RELEASE, CHART, check=False)
    assert "cannot be imported into the current release" in refused
    assert "STATUS: deployed" in installation.install("--set", "crds.install=false")


def test_the_controllers_account_can_do_its_work_and_no_more(installation: Installation) -> None:
    installation.install()
    account = f"system:serviceaccount:{installation.namespace}:vs-controller"

    def may(verb: str, resource: str, namespace: str = installation.namespace) -> bool:
        answer = installation.server.kubectl(
            *("auth", "can-i", verb, resource, "--namespace", namespace, "--as", account),
            check=False,
        )
        return answer.stdout.strip() == "yes"

    assert may("list", "videostreams.videostream.dev")
    assert may("patch", "deployments.apps")
    assert not may("get", "secrets")
    assert not may("list", "videostreams.videostream.dev", "default")
    assert not may("create", "pods")
    assert not may("delete", "deployments.apps")
    assert not may("delete", "videostreams.videostream.dev")


def test_the_chart_grants_what_the_controller_asks_for_at_its_start(
    installation: Installation,
) -> None:
    installation.install()
    account = f"system:serviceaccount:{installation.namespace}:vs-controller"
    for group, resource, subresource, verbs in NEEDED_RIGHTS:
        for verb in verbs:
            answer = installation.server.kubectl(
                *("auth", "can-i", verb, f"{resource}.{group}".rstrip("."), "--as", account),
                *(f"--subresource={subresource}", "--namespace", installation.namespace),
                check=False,
            )
            assert answer.stdout.strip() == "yes", f"{verb} {resource}/{subresource}"


@pytest.mark.parametrize(("role", "may_create"), [("view", "no"), ("edit", "yes")])
def test_the_roles_that_view_and_edit_aggregate(
    installation: Installation, role: str, may_create: str
) -> None:
    installation.install()
    server, namespace = installation.server, installation.namespace
    cluster_role = f"{namespace}-{RELEASE}-{role}"
    labels = server.get("clusterrole", cluster_role)["metadata"]["labels"]
    assert labels[f"rbac.authorization.k8s.io/aggregate-to-{role}"] == "true"
    # Without a controller manager nothing aggregates; bound directly, the rules are the same.
    server.kubectl(
        *("create", "rolebinding", role, "--namespace", namespace),
        *(f"--clusterrole={cluster_role}", "--user=anna"),
    )

    def can(verb: str) -> str:
        answer = server.kubectl(
            *("auth", "can-i", verb, "videostreams.videostream.dev"),
            *("--namespace", namespace, "--as", "anna"),
            check=False,
        )
        return answer.stdout.strip()

    assert can("create") == may_create
    # The view role is aggregated into edit; alone, edit holds only what view lacks.
    assert can("list") == {"view": "yes", "edit": "no"}[role]
