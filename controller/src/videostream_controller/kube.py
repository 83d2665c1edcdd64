"""The single door to the Kubernetes API; nothing else imports a Kubernetes client.

Manifests go in and come out as dicts. The generated typed models would drop fields of newer
servers and refuse older ones, so of the official client only authentication, TLS and HTTP are used.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlencode

import aiohttp
from kubernetes.aio import config
from kubernetes.aio.client import ApiClient, ApiException, Configuration

from videostream_controller.api import API_VERSION, GROUP, KIND, PLURAL, VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from videostream_controller.store import Body

CONTROLLER: Final = "videostream-controller"  # field manager of children and status
SCALER: Final = "videostream-scaler"  # field manager of consumers' replicas in mode Lag
FINALIZER_MANAGER: Final = "videostream-finalizer"
MANAGED_SELECTOR: Final = f"app.kubernetes.io/managed-by={CONTROLLER}"

_APPLY: Final = "application/apply-patch+yaml"
_MERGE: Final = "application/merge-patch+json"
_TIMEOUT: Final = aiohttp.ClientTimeout(total=30, connect=5)
_STREAMS: Final = f"/apis/{GROUP}/{VERSION}"
_APPS: Final = "/apis/apps/v1"
_PAGE: Final = 500


class ApiError(Exception):
    """The API server refused a request or could not be reached (then `status` is 0)."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}" if status else message)
        self.status = status
        self.message = message


class Kube:
    """One client of the API server for the whole process."""

    def __init__(self, configuration: Configuration) -> None:
        # Else each request takes two turns of a thread to look for a proxy and a netrc file.
        configuration.client_session_kwargs = {"trust_env": False}
        self._client = ApiClient(configuration)

    @classmethod
    async def connect(cls) -> Self:
        """Return a client by service account, or by KUBECONFIG where that is set."""
        configuration = Configuration()
        if path := os.environ.get("KUBECONFIG"):
            await config.load_kube_config(path, client_configuration=configuration)  # type: ignore[no-untyped-call]
        else:
            config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        return cls(configuration)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()  # type: ignore[no-untyped-call]

    async def get_stream(self, key: str) -> Body | None:
        """Read a VideoStream from the server, None if there is none."""
        return await self._get(_path(_STREAMS, PLURAL, key))

    async def list_streams(self, namespace: str | None) -> tuple[list[Body], int]:
        """List VideoStreams (None: of all namespaces), with the list's resource version."""
        return await self._list(_STREAMS, PLURAL, namespace, {})

    async def list_deployments(self, namespace: str | None) -> tuple[list[Body], int]:
        """List the Deployments that we manage, with the list's resource version."""
        return await self._list(
            _APPS, "deployments", namespace, {"labelSelector": MANAGED_SELECTOR}
        )

    async def get_deployment(self, key: str) -> Body | None:
        """Read a Deployment from the server, None if there is none."""
        return await self._get(_path(_APPS, "deployments", key))

    async def apply_deployment(self, manifest: Mapping[str, Any]) -> Body:
        """Server-side apply a Deployment, taking back fields that others changed."""
        metadata = manifest["metadata"]
        path = _path(_APPS, "deployments", f"{metadata['namespace']}/{metadata['name']}")
        return await self._apply(path, manifest, manager=CONTROLLER)

    async def force_recreate(self, key: str) -> None:
        """Set a Deployment's strategy to Recreate whatever others have set beside it."""
        strategy = {"type": "Recreate", "rollingUpdate": None}
        await self._request(
            "PATCH",
            _path(_APPS, "deployments", key),
            query={"fieldManager": CONTROLLER},
            body={"spec": {"strategy": strategy}},
            content_type=_MERGE,
        )

    async def scale_deployment(self, key: str, replicas: int) -> None:
        """Set the replicas of a Deployment and own them as the scaler.

        An apply, not a merge patch: that would not make us owner of a value which it leaves as it
        is, and replicas without an owner fall back to 1 when their old owner lets go of them.
        """
        namespace, name = key.split("/")
        body = {
            "apiVersion": "autoscaling/v1",
            "kind": "Scale",
            "metadata": {"namespace": namespace, "name": name},
            "spec": {"replicas": replicas},
        }
        await self._apply(_path(_APPS, "deployments", key, "scale"), body, manager=SCALER)

    async def apply_status(self, key: str, uid: str, status: Mapping[str, Any]) -> Body:
        """Server-side apply the whole status of a VideoStream; gives the object as it is then."""
        body = _stream_stub(key, uid) | {"status": status}
        return await self._apply(_path(_STREAMS, PLURAL, key, "status"), body, manager=CONTROLLER)

    async def apply_finalizers(self, key: str, uid: str, finalizers: list[str]) -> Body:
        """Make these our finalizers of a VideoStream, leaving those of others."""
        body = _stream_stub(key, uid)
        body["metadata"]["finalizers"] = finalizers
        return await self._apply(_path(_STREAMS, PLURAL, key), body, manager=FINALIZER_MANAGER)

    async def create_event(self, event: Mapping[str, Any]) -> None:
        """Create a core Event."""
        namespace = event["metadata"]["namespace"]
        await self._request("POST", f"/api/v1/namespaces/{namespace}/events", body=event)

    async def patch_event(self, namespace: str, name: str, patch: Mapping[str, Any]) -> None:
        """Change a core Event that we created."""
        path = f"/api/v1/namespaces/{namespace}/events/{name}"
        await self._request("PATCH", path, body=patch, content_type=_MERGE)

    async def patch_secret(self, namespace: str, name: str, data: Mapping[str, str]) -> None:
        """Set keys (base64 values) of a Secret that exists; used by the bootstrap alone."""
        path = f"/api/v1/namespaces/{namespace}/secrets/{name}"
        query = {"fieldManager": CONTROLLER}
        await self._request("PATCH", path, query=query, body={"data": data}, content_type=_MERGE)

    async def get_secret(self, namespace: str, name: str) -> Body | None:
        """Read a Secret; used by the bootstrap alone."""
        return await self._get(f"/api/v1/namespaces/{namespace}/secrets/{name}")

    async def server_version(self) -> str:
        """Return the server's version, such as v1.36.3."""
        return str((await self._request("GET", "/version"))["gitVersion"])

    async def served_schemas(self) -> dict[str, Any]:
        """Return the OpenAPI schemas of our group and version; empty while it is not served."""
        try:
            document = await self._request("GET", f"/openapi/v3/apis/{GROUP}/{VERSION}")
        except ApiError as error:
            if error.status == 404:  # noqa: PLR2004 an HTTP status
                return {}
            raise
        schemas: dict[str, Any] = document.get("components", {}).get("schemas", {})
        return schemas

    async def may(self, attributes: Mapping[str, str]) -> bool:
        """Ask whether we have a right: namespace, group, resource, subresource, verb."""
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        answer = await self._request("POST", path, body=review)
        return bool(answer["status"]["allowed"])

    async def _get(self, path: str) -> Body | None:
        try:
            return await self._request("GET", path)
        except ApiError as error:
            if error.status == 404:  # noqa: PLR2004 an HTTP status
                return None
            raise

    async def _list(
        self, base: str, plural: str, namespace: str | None, query: Mapping[str, str]
    ) -> tuple[list[Body], int]:
        path = f"{base}/namespaces/{namespace}/{plural}" if namespace else f"{base}/{plural}"
        items: list[Body] = []
        token = ""
        while True:
            page_query = {**query, "limit": str(_PAGE)} | ({"continue": token} if token else {})
            page = await self._request("GET", path, query=page_query)
            items += page.get("items", [])
            token = page["metadata"].get("continue", "")
            if not token:
                return items, int(page["metadata"]["resourceVersion"])

    async def _apply(self, path: str, body: Mapping[str, Any], *, manager: str) -> Body:
        query = {"fieldManager": manager, "force": "true"}
        return await self._request("PATCH", path, query=query, body=body, content_type=_APPLY)

    async def _request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        content_type: str = "application/json",
    ) -> Body:
        url = self._client.configuration.host + path + (f"?{urlencode(query)}" if query else "")
        headers = {"Accept": "application/json", "Content-Type": content_type}
        await self._client.update_params_for_auth(headers, [], ["BearerToken"], path, method, body)
        try:
            response = await self._client.call_api(
                method, url, header_params=headers, body=body, _request_timeout=_TIMEOUT
            )
            text = await response.read()  # type: ignore[no-untyped-call]
        except (aiohttp.ClientError, TimeoutError, OSError, ApiException) as error:
            raise ApiError(0, f"API server: {type(error).__name__}: {error}") from error
        return _decode(response.status, text)


def _decode(status: int, text: bytes) -> Body:
    try:
        document = json.loads(text)
    except ValueError:
        document = {"message": text[:500].decode(errors="replace")}
    if not 200 <= status <= 299:  # noqa: PLR2004 HTTP success
        raise ApiError(status, str(document.get("message", "no message")))
    found: Body = document
    return found


def _path(base: str, plural: str, key: str, subresource: str = "") -> str:
    namespace, name = key.split("/")
    path = f"{base}/namespaces/{namespace}/{plural}/{name}"
    return f"{path}/{subresource}" if subresource else path


def _stream_stub(key: str, uid: str) -> dict[str, Any]:
    # The uid keeps an apply from re-creating an object that is gone: it answers 409 instead.
    namespace, name = key.split("/")
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"namespace": namespace, "name": name, "uid": uid},
    }
