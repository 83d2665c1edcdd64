"""A real kube-apiserver and etcd on loopback, for tests of the CRD and of the controller.

RBAC is on: a test reaches the server as admin, a controller under test as a ServiceAccount that
has nothing but the rules it was given. The server can be stopped and started on the same data.
"""

from __future__ import annotations

import http.client
import itertools
import json
import secrets
import ssl
import subprocess
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from cluster.tools import tool
from tests.support.control_plane import start_apiserver, start_controller_manager, start_etcd
from tests.support.crd import CRD_FILE
from tests.support.eventually import eventually
from tests.support.rbac import grant
from tests.support.servers import Process, free_ports
from tests.support.session import Session

if TYPE_CHECKING:
    from pathlib import Path

Manifest = Mapping[str, Any]

_START_TIMEOUT_S = 60
_CONTROLLERS = (
    "garbage-collector-controller",
    "deployment-controller",
    "replicaset-controller",
    "namespace-controller",
)


@dataclass(frozen=True, slots=True)
class Client:
    """A ServiceAccount with its own kubeconfig."""

    name: str
    namespace: str
    token: str
    kubeconfig: Path


class ApiServer:
    """A kube-apiserver on its own etcd; all its files are below `directory`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._etcd_port, etcd_peer_port, self._port = free_ports(3)
        self.url = f"https://127.0.0.1:{self._port}"
        self.admin_token = secrets.token_hex(16)
        self._client_numbers = itertools.count(1)
        self._server: Process | None = None
        self._controller_manager: Process | None = None
        _write_private(directory / "tokens.csv", f"{self.admin_token},admin,admin,system:masters\n")
        _write_service_account_key(directory / "service-account.key")
        self._etcd = start_etcd(directory, port=self._etcd_port, peer_port=etcd_peer_port)
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        self._kubeconfig = self._write_kubeconfig("admin", token=self.admin_token)

    # Life

    def start(self) -> None:
        """Start the API server and wait until it is ready."""
        server = start_apiserver(self._directory, port=self._port, etcd_port=self._etcd_port)
        self._server = server

        def is_ready() -> bool:
            server.assert_running()
            try:
                return self.request("GET", "/readyz")[0] == http.HTTPStatus.OK
            except (OSError, http.client.HTTPException):
                return False

        eventually(is_ready, timeout_s=_START_TIMEOUT_S, what="API server ready", period_s=0.1)

    def stop(self) -> None:
        """Kill the API server; its data stay in etcd."""
        if self._server:
            self._server.kill()
            self._server = None

    def start_controller_manager(self) -> None:
        """Add garbage collection, namespace deletion and Deployment status; once is enough."""
        if self._controller_manager:
            return
        self._controller_manager = start_controller_manager(
            self._directory, _CONTROLLERS, kubeconfig=self.kubeconfig()
        )

    def stop_controller_manager(self) -> None:
        """Kill the controllers, when they run."""
        if self._controller_manager:
            self._controller_manager.kill()
            self._controller_manager = None

    def close(self) -> None:
        """Kill everything."""
        self.stop_controller_manager()
        self.stop()
        self._etcd.kill()

    # Access

    def kubeconfig(self, client: Client | None = None) -> Path:
        """Return the kubeconfig of a client, or the admin's."""
        return client.kubeconfig if client else self._kubeconfig

    def client_for(
        self,
        rules: Sequence[Manifest],
        *,
        namespace: str,
        cluster_rules: Sequence[Manifest] = (),
    ) -> Client:
        """Make a ServiceAccount that may do only this: Role rules, and ClusterRole rules.

        Its Role and ClusterRole have the client's name, so that a test can take rights away.
        """
        name = f"client-{next(self._client_numbers)}"
        account = {"name": name, "namespace": namespace}
        self.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account})
        for manifest in grant("Role", rules, **account):
            self.apply(manifest)
        for manifest in grant("ClusterRole", cluster_rules, **account) if cluster_rules else []:
            self.apply(manifest)
        token = self.kubectl("create", "token", name, "-n", namespace).stdout.strip()
        kubeconfig = self._write_kubeconfig(name, token=token, namespace=namespace)
        return Client(name=name, namespace=namespace, token=token, kubeconfig=kubeconfig)

    def kubectl(
        self,
        *args: str | Path,
        stdin: str | None = None,
        client: Client | None = None,
        check: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl as a client, or as admin; with `check` a failure raises with its stderr."""
        done = subprocess.run(
            [
                tool("kubectl"),
                f"--kubeconfig={self.kubeconfig(client)}",
                # Not the user's, which knows servers by their port alone.
                f"--cache-dir={self._directory / 'kubectl-cache'}",
                *args,
            ],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(f"kubectl {' '.join(map(str, args))}: {done.stderr}")
        return done

    def apply(
        self, manifest: Manifest, *, name: str | None = None, namespace: str | None = None
    ) -> None:
        """Apply one manifest server-side as admin; name and namespace may be given beside it."""
        given = {"name": name, "namespace": namespace}
        metadata = {key: value for key, value in given.items() if value}
        whole = {**manifest, "metadata": {**manifest.get("metadata", {}), **metadata}}
        # CRDs hold more than a last-applied annotation could, and their names are cluster-wide.
        self.kubectl("apply", "--server-side", "--filename=-", stdin=json.dumps(whole))

    def apply_crd(self, file: Path) -> None:
        """Apply a CRD and wait until kubectl finds its kind."""
        self.kubectl("apply", "--server-side", f"--filename={file}")
        group = yaml.safe_load(file.read_text())["spec"]["group"]
        # api-resources renews kubectl's own cache; to be Established alone would not do that.
        eventually(
            lambda: self.kubectl("api-resources", f"--api-group={group}", "-o", "name").stdout,
            timeout_s=30,
            what=f"kinds of {group} served",
        )

    def get(self, kind: str, name: str | None = None, *, namespace: str | None = None) -> Any:
        """Return an object, or the list of all objects of the kind, as JSON data."""
        where = ["--namespace", namespace] if namespace else []
        names = [name] if name else []
        answer = self.kubectl("get", kind, *names, *where, "--output=json")
        return json.loads(answer.stdout)

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content_type: str = "application/json",
        token: str | None = None,
    ) -> tuple[int, Any]:
        """Send one request without kubectl's 100 ms; returns the status and the parsed answer."""
        with self.session() as session:
            return session.request(method, path, body, content_type=content_type, token=token)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Keep one connection for a `with` block."""
        certificate = self._directory / "apiserver.crt"
        trust = ssl.create_default_context(cafile=certificate)
        host = urllib.parse.urlsplit(self.url).netloc
        connection = http.client.HTTPSConnection(host, timeout=30, context=trust)
        try:
            yield Session(connection, self.admin_token)
        finally:
            connection.close()

    def create_namespace(self, name: str) -> None:
        """Create a namespace."""
        status, answer = self.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        assert status == http.HTTPStatus.CREATED, answer

    # Parts

    def _write_kubeconfig(self, user: str, *, token: str, namespace: str = "default") -> Path:
        cluster = {"server": self.url, "certificate-authority": f"{self._directory}/apiserver.crt"}
        context = {"cluster": "test", "user": user, "namespace": namespace}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": user, "user": {"token": token}}],
            "contexts": [{"name": "test", "context": context}],
            "current-context": "test",
        }
        return _write_private(self._directory / f"{user}.kubeconfig", yaml.safe_dump(config))


def _write_private(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.write_text(text)
    return path


def _write_service_account_key(path: Path) -> None:
    subprocess.run(["openssl", "genrsa", "-out", path, "2048"], check=True, capture_output=True)


@contextmanager
def run_apiserver(directory: Path) -> Iterator[ApiServer]:
    """Run an API server with the VideoStream CRD applied for a `with` block."""
    server = ApiServer(directory)
    try:
        server.apply_crd(CRD_FILE)
        yield server
    finally:
        server.close()


@pytest.fixture(scope="session")
def apiserver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """Give the session's API server, with the VideoStream CRD applied."""
    with run_apiserver(tmp_path_factory.mktemp("apiserver")) as server:
        yield server


_namespace_numbers = itertools.count(1)


@pytest.fixture
def namespace(apiserver: ApiServer) -> str:
    """Give a fresh namespace; it stays, because only a controller manager could remove it."""
    name = f"test-{next(_namespace_numbers)}"
    apiserver.create_namespace(name)
    return name
