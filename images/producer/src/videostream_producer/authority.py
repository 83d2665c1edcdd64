"""The authority that signs the source's certificate: a file of a Secret, read at each attempt.

The Secret may be absent, appear later or be rotated, as that of the credentials.
"""

import ssl
from pathlib import Path
from typing import Final

from videostream_producer.settings import TlsSettings
from videostream_producer.source import SourceFailed
from videostream_producer.tls import Trust

CA_FILE: Final = "ca.crt"


def read_trust(directory: Path, tls: TlsSettings) -> Trust:
    """Give whom to trust; raises SourceFailed(CaMissing) if that is in no file."""
    if tls.ca is None:
        return Trust(verifies=not tls.insecure_skip_verify)
    path = directory / CA_FILE
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except OSError:
        raise SourceFailed(
            "CaMissing",
            f"Secret {tls.ca.name} has no certificate in PEM under the key {tls.ca.key}: "
            "create it, or correct spec.source.tls.caSecretRef",
        ) from None
    return Trust(path)
