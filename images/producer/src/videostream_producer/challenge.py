"""Answers to `WWW-Authenticate`, which RTSP shares with HTTP (RFC 7616 Digest, RFC 7617 Basic)."""

import hashlib
import secrets
from base64 import b64encode
from collections.abc import Sequence
from typing import Final
from urllib.request import parse_http_list, parse_keqv_list

from videostream_producer.credentials import Credentials

_HASHES: Final = {"MD5": "md5", "SHA-256": "sha256"}


def authorization(
    challenges: Sequence[str], credentials: Credentials, *, method: str, uri: str
) -> str | None:
    """Give the Authorization header for the best challenge, None if none is understood."""
    digest = [text for text in challenges if text.lower().startswith("digest ")]
    for text in digest:
        answer = _digest(text, credentials, method=method, uri=uri)
        if answer is not None:
            return answer
    if any(text.lower().startswith("basic") for text in challenges):
        pair = f"{credentials.username}:{credentials.password}".encode()
        return "Basic " + b64encode(pair).decode()
    return None


def _digest(text: str, credentials: Credentials, *, method: str, uri: str) -> str | None:
    fields = parse_keqv_list(parse_http_list(text.partition(" ")[2]))
    algorithm = fields.get("algorithm", "MD5").upper()
    realm, nonce = fields.get("realm"), fields.get("nonce")
    offers_auth = "auth" in [q.strip() for q in fields.get("qop", "auth").split(",")]
    if algorithm not in _HASHES or realm is None or nonce is None or not offers_auth:
        return None

    def digest_of(*parts: str) -> str:
        data = ":".join(parts).encode()
        return hashlib.new(_HASHES[algorithm], data, usedforsecurity=False).hexdigest()

    account = digest_of(credentials.username, realm, credentials.password)
    request = digest_of(method, uri)
    said = {"username": credentials.username, "realm": realm, "nonce": nonce, "uri": uri}
    if "qop" in fields:
        client_nonce = secrets.token_hex(8)
        response = digest_of(account, nonce, "00000001", client_nonce, "auth", request)
        extra = f', qop=auth, nc=00000001, cnonce="{client_nonce}"'
    else:
        response, extra = digest_of(account, nonce, request), ""
    if "opaque" in fields:
        said["opaque"] = fields["opaque"]
    quoted = ", ".join(f'{name}="{_quoted(value)}"' for name, value in said.items())
    return f'Digest {quoted}, response="{response}", algorithm={algorithm}{extra}'


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
