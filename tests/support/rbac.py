"""RBAC manifests that give a ServiceAccount the rights that a test wants it to have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_API = {"apiVersion": "rbac.authorization.k8s.io/v1"}


def grant(
    kind: Literal["Role", "ClusterRole"],
    rules: Sequence[Mapping[str, Any]],
    *,
    name: str,
    namespace: str,
) -> list[dict[str, Any]]:
    """Return a role and its binding to the ServiceAccount; all three have the same name."""
    metadata = {"name": name, "namespace": namespace} if kind == "Role" else {"name": name}
    return [
        {**_API, "kind": kind, "metadata": metadata, "rules": list(rules)},
        {
            **_API,
            "kind": f"{kind}Binding",
            "metadata": metadata,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
        },
    ]
