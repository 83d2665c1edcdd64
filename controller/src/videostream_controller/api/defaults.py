"""The defaults of the CRD, for bodies that no API server has filled.

The API server fills them on every read, so in a cluster this changes nothing. It is here so that
`parse` means the same for a manifest on disk; a test holds this table and the CRD together.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

MOTION_THRESHOLD = 30

SPEC_DEFAULTS: Mapping[str, Any] = {
    "suspend": False,
    "source": {
        "openTimeout": "10s",
        "readTimeout": "5s",
        "stallTimeout": "10s",
        "reconnect": {"initialBackoff": "1s", "maxBackoff": "30s"},
        "loop": False,
    },
    "frames": {
        "fps": 5,
        "jpegQuality": 80,
        "onBackpressure": "Drop",
        "reference": {"mode": "Previous", "width": 128},
    },
    "kafka": {
        "connection": "default",
        "topic": {
            "partitions": 12,
            "retention": "10m",
            "maxMessageBytes": 2097152,
            "managed": True,
        },
        "partitioning": "Interleaved",
        "deletionPolicy": "Delete",
    },
    "producer": {"suspend": False},
    "consumer": {
        "startFrom": "Latest",
        "input": "Frame",
        "maxFrameAge": "10s",
        "scaling": {
            "mode": "Lag",
            "minReplicas": 1,
            "maxReplicas": 4,
            "targetLag": "5s",
            "drainTime": "60s",
            "idleAfter": "5m",
            "scaleDownWindow": "3m",
        },
    },
    "zones": [],
    "signals": [
        {"name": "brightness", "type": "Brightness"},
        {"name": "motion", "type": "Motion", "motion": {"threshold": MOTION_THRESHOLD}},
    ],
    "influx": {"connection": "default", "tags": {}},
}

# Objects that are not there unless the user writes them, but then have defaults inside.
_CREDENTIALS_DEFAULTS: Mapping[str, Any] = {"usernameKey": "username", "passwordKey": "password"}
_CA_DEFAULTS: Mapping[str, Any] = {"key": "ca.crt"}


def fill(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return the spec with the CRD's defaults; a null counts as absent, as in the API server."""
    filled = _merge(_without_nulls(spec), SPEC_DEFAULTS)
    source, signals = filled["source"], filled["signals"]
    if isinstance(source, dict):
        filled["source"] = _fill_secrets(source)
    if isinstance(signals, list):
        filled["signals"] = [_fill_signal(signal) for signal in signals]
    return filled


def _fill_secrets(source: dict[str, Any]) -> dict[str, Any]:
    filled = dict(source)
    if isinstance(source.get("credentialsSecretRef"), Mapping):
        filled["credentialsSecretRef"] = _merge(
            source["credentialsSecretRef"], _CREDENTIALS_DEFAULTS
        )
    tls = source.get("tls")
    if isinstance(tls, Mapping) and isinstance(tls.get("caSecretRef"), Mapping):
        filled["tls"] = {**tls, "caSecretRef": _merge(tls["caSecretRef"], _CA_DEFAULTS)}
    return filled


def _without_nulls(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    # The schema says nothing of what is inside an affinity, so the API server leaves it as it is.
    return {
        key: item if key == "affinity" else _without_nulls(item)
        for key, item in value.items()
        if item is not None
    }


def _fill_signal(signal: Any) -> Any:
    if isinstance(signal, Mapping) and isinstance(signal.get("motion"), Mapping):
        return {**signal, "motion": _merge(signal["motion"], {"threshold": MOTION_THRESHOLD})}
    return signal


def _merge(value: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(value)
    for key, default in defaults.items():
        present = merged.setdefault(key, deepcopy(default))
        if isinstance(present, Mapping) and isinstance(default, Mapping):
            merged[key] = _merge(present, default)
    return merged
