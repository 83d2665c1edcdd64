"""Whether a live Deployment is what we would apply, so that it need not be applied again. Pure.

Each manifest carries its fingerprint as an annotation. A Deployment with the same one, and with all
that the manifest says, came of this manifest: that can be seen also after a restart. Where the API
server writes a value in another way than we do ("1" for "1000m"), the last apply is remembered.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from videostream_controller.observed import Applied

if TYPE_CHECKING:
    from collections.abc import Mapping

    from videostream_controller.manifests import Manifest
    from videostream_controller.observed import Child

_FINGERPRINT: Final = "videostream.dev/fingerprint"


def signed(manifest: Manifest) -> Manifest:
    """Return the manifest with its fingerprint, by which also what it no longer has is found."""
    annotations = {_FINGERPRINT: _fingerprint(manifest)}
    return manifest | {"metadata": manifest["metadata"] | {"annotations": annotations}}


def remember(manifest: Manifest, live: Mapping[str, Any]) -> Applied:
    """Return what is to be kept of an apply: the signed manifest, and what came of it."""
    return Applied(_signature(manifest), _stamp(live))


def is_applied(manifest: Manifest, child: Child) -> bool:
    """Tell whether an apply of the signed manifest would change nothing."""
    if child.live is None:
        return False
    # Of a list's items the API server tells neither kind nor API version.
    said = {part: manifest[part] for part in ("metadata", "spec")}
    return _holds(child.live, said) or child.applied == remember(manifest, child.live)


def _holds(live: Any, wanted: Any) -> bool:
    """Tell whether all that is wanted is there; others may have added fields, not list items."""
    match wanted:
        case dict():
            return isinstance(live, dict) and all(
                name in live and _holds(live[name], value) for name, value in wanted.items()
            )
        case list():
            return (
                isinstance(live, list)
                and len(live) == len(wanted)
                and all(map(_holds, live, wanted))
            )
    return bool(live == wanted)


def _signature(manifest: Manifest) -> str:
    return str(manifest["metadata"]["annotations"][_FINGERPRINT])


def _stamp(live: Mapping[str, Any]) -> str:
    """Return a short text that stays the same until somebody changes what we apply.

    A Deployment whose pods come and go has many resource versions, and for all of them one
    generation, which the API server raises with each change of the spec.
    """
    metadata = live["metadata"]
    names = ("uid", "generation", "labels", "ownerReferences")
    return _fingerprint({name: metadata.get(name) for name in names})


def _fingerprint(document: Mapping[str, Any]) -> str:
    """Return a short text that is the same exactly for the same document."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
