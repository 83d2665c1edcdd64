"""What must be there before the controller may work, looked at in the order in which it hurts.

A missing API server, CRD or right is waited for and said once a minute: the process stays up, not
ready, and goes on by itself when the installation is complete. Kafka is only warned about; every
stream shows it in its status.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any, Final

from videostream_controller import metrics
from videostream_controller.api import GROUP, KIND, PLURAL, VERSION
from videostream_controller.kafka import KafkaRefused, KafkaUnavailable
from videostream_controller.kube import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from videostream_controller.kafka import KafkaClient
    from videostream_controller.kube import Kube

_log = logging.getLogger(__name__)
_ASK_EVERY_S: Final = 2.0
_SAY_EVERY_S: Final = 60.0

NEWEST_FIELD: Final = ("spec", "source", "volume")
"""The field that came last into the CRD: where it is served, all that we rely on is."""

NEEDED_RIGHTS: Final = (
    (GROUP, PLURAL, "", ("get", "list", "watch", "patch")),
    (GROUP, PLURAL, "status", ("patch",)),
    (GROUP, PLURAL, "finalizers", ("update",)),
    ("apps", "deployments", "", ("get", "list", "watch", "create", "patch")),
    ("apps", "deployments", "scale", ("patch",)),
    ("", "events", "", ("create", "patch")),
)
"""Group, resource, subresource, verbs: what the chart's Role must grant."""


async def await_cluster(kube: Kube, namespaces: Sequence[str]) -> None:
    """Return when the API server answers, serves our CRD and lets us do our work."""
    said, said_at = "", float("-inf")
    while (missing := await _missing(kube, namespaces)) is not None:
        if missing != said or time.monotonic() - said_at >= _SAY_EVERY_S:
            _log.warning("cannot start yet: %s", missing)
            said, said_at = missing, time.monotonic()
        await asyncio.sleep(_ASK_EVERY_S)


async def warn_about_kafka(clients: Mapping[str, KafkaClient]) -> None:
    """Log which Kafka connections do not work now."""
    for name, client in clients.items():
        try:
            await client.ping()
        except (KafkaUnavailable, KafkaRefused) as error:
            _log.warning("Kafka connection %s: %s", name, error)


async def _missing(kube: Kube, namespaces: Sequence[str]) -> str | None:
    try:
        version = await kube.server_version()
        is_served = _serves(await kube.served_schemas())
        metrics.CRD_SERVED.set(1 if is_served else 0)
        if not is_served:
            return (
                f"Kubernetes {version} does not serve {KIND} {GROUP}/{VERSION} with the field "
                f"{'.'.join(NEWEST_FIELD)}: apply crds/videostreams.yaml of this version"
            )
        rights = await _missing_rights(kube, namespaces)
    except ApiError as error:
        return str(error)
    return f"rights are missing: {'; '.join(rights)}" if rights else None


def _serves(schemas: Mapping[str, Any]) -> bool:
    domain = ".".join(reversed(GROUP.split(".")))
    node = schemas.get(f"{domain}.{VERSION}.{KIND}", {})
    for name in NEWEST_FIELD:
        node = node.get("properties", {}).get(name, {})
    return bool(node)


async def _missing_rights(kube: Kube, namespaces: Sequence[str]) -> list[str]:
    """Return what we may not do, as `verbs resource (namespace)`."""
    missing = []
    for namespace in namespaces or ("",):
        for group, resource, subresource, verbs in NEEDED_RIGHTS:
            asked = {
                "namespace": namespace,
                "group": group,
                "resource": resource,
                "subresource": subresource,
            }
            denied = [verb for verb in verbs if not await kube.may({**asked, "verb": verb})]
            if denied:
                name = f"{resource}/{subresource}" if subresource else resource
                where = namespace or "all namespaces"
                missing.append(f"{', '.join(denied)} {name} in {where}")
    return missing
