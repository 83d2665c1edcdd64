"""Why a pull failed decides whether further pulls are worth trying."""

from __future__ import annotations

import pytest

from cluster.registry import is_unreachable


@pytest.mark.parametrize(
    "message",
    [
        'Get "https://registry.example/v2/": dial tcp: lookup registry.example: no such host',
        'Get "https://registry.example/v2/": dial tcp 192.0.2.1:443: connect: connection refused',
        'Get "https://registry.example/v2/": net/http: request canceled (Client.Timeout exceeded)',
        "x509: certificate signed by unknown authority",
    ],
)
def test_no_registry_answers(message: str) -> None:
    assert is_unreachable(message)


@pytest.mark.parametrize(
    "message",
    [
        "manifest for kindest/node:v9 not found: manifest unknown",
        "toomanyrequests: You have reached your pull rate limit.",
    ],
)
def test_a_registry_that_answers_is_asked_again(message: str) -> None:
    assert not is_unreachable(message)
