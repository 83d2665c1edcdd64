"""TLS towards cameras: who vouches for a certificate, and what to do about one that is refused.

Python reads JPEGs and FFmpeg all else, each with a TLS library of its own; both trust the same.
"""

import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# OpenSSL's numbers: X509_V_ERR_CERT_NOT_YET_VALID and so on.
_NOT_YET_VALID: Final = 9
_EXPIRED: Final = 10
_OTHER_NAME: Final = 62
_OTHER_ADDRESS: Final = 64
_REMEDIES: Final = {
    _NOT_YET_VALID: "set the clock of the camera, or renew its certificate",
    _EXPIRED: "renew it on the camera",
    _OTHER_NAME: "spec.source.url must name a host that it is issued for",
    _OTHER_ADDRESS: "spec.source.url must name a host that it is issued for",
}


@dataclass(frozen=True, slots=True)
class Trust:
    """Who may have signed a source's certificate: those in `ca_file` (PEM), None: public ones.

    `verifies` False: any certificate is taken; nobody listens in then, but an impostor may answer.
    """

    ca_file: Path | None = None
    verifies: bool = True


def tls_context(trust: Trust) -> ssl.SSLContext:
    """Give Python's TLS with this trust; raises OSError if the file holds no certificate."""
    context = ssl.create_default_context(cafile=trust.ca_file)
    if not trust.verifies:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    # As FFmpeg does it, on every Python: cameras' certificates seldom keep to the letter.
    context.verify_flags &= ~(ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN)
    return context


def ffmpeg_tls_options(trust: Trust) -> tuple[str, ...]:
    """Give FFmpeg's options, each `key;value`, for this trust; it verifies nothing by itself."""
    if not trust.verifies:
        return ("tls_verify;0",)
    named = (f"ca_file;{trust.ca_file}",) if trust.ca_file else ()
    return ("tls_verify;1", *named)


def share_public_authorities() -> None:
    """Let FFmpeg find the public authorities where Python does; its library looks elsewhere."""
    paths = ssl.get_default_verify_paths()
    found = {paths.openssl_cafile_env: paths.cafile, paths.openssl_capath_env: paths.capath}
    for name, path in found.items():
        if path is not None:
            os.environ.setdefault(name, path)


def refused_certificate(error: ssl.SSLCertVerificationError) -> str:
    """Say why a certificate was refused, and what would be right."""
    remedy = _REMEDIES.get(
        error.verify_code,
        "put the authority that signed it into a Secret and name it in spec.source.tls.caSecretRef",
    )
    return f"{error.verify_message.rstrip('.')}: {remedy}"
