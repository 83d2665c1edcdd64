"""A camera over TLS: trusted by public authorities, or by the one that its Secret holds."""

import base64
import json
import secrets
from collections.abc import Iterator

import pytest
import trustme

from cluster.kind import kubectl
from tests.support.server_pods import SECRET_DIR, server_pod
from tests.support.streams import Streams

pytestmark = pytest.mark.e2e

PORT = 8322
COUNT_AUTHORITIES = """
import os, ssl
from videostream_producer.tls import share_public_authorities
share_public_authorities()
context = ssl.create_default_context()
print(context.cert_store_stats()["x509_ca"], os.path.getsize(os.environ["SSL_CERT_FILE"]))
"""
TLS_IN_FRONT_OF_THE_CAMERA = f"""
import asyncio, ssl

async def pass_on(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()

async def relay(reader, writer):
    inside = await asyncio.open_connection("camera", 8554)
    await asyncio.gather(pass_on(reader, inside[1]), pass_on(inside[0], writer))

async def serve():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("{SECRET_DIR}/tls.crt", "{SECRET_DIR}/tls.key")
    server = await asyncio.start_server(relay, "", {PORT}, ssl=context)
    await server.serve_forever()

asyncio.run(serve())
"""


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def gate(release: str, authority: trustme.CA, secret: str) -> Iterator[str]:
    """The host of the demo camera behind TLS, with a certificate for that host."""
    name = f"gate-{secrets.token_hex(2)}"
    issued = authority.issue_cert(name)
    certificate = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
    apply_secret(
        secret,
        {"tls.crt": certificate, "tls.key": issued.private_key_pem.bytes()},
        namespace=release,
    )
    with server_pod(
        name, TLS_IN_FRONT_OF_THE_CAMERA, namespace=release, port=PORT, secret=secret
    ) as host:
        yield host


@pytest.fixture
def authority_secret(release: str, secret: str) -> Iterator[str]:
    """The name of a Secret for the authority, which does not exist yet."""
    name = f"{secret}-ca"
    yield name
    kubectl("delete", "secret", name, "--namespace", release, "--ignore-not-found")


def test_a_camera_with_a_certificate_of_its_own(
    streams: Streams, gate: str, authority: trustme.CA, authority_secret: str
) -> None:
    url = f"rtsps://{gate}:{PORT}/stream"
    public = streams.apply("public-tls", {"source": {"url": url}})
    private = streams.apply(
        "private-tls", {"source": {"url": url, "tls": {"caSecretRef": {"name": authority_secret}}}}
    )
    # Whom a certificate of no public authority belongs to, nobody can tell.
    said = streams.wait(public, "SourceConnected", status="False", reason="CertificateRejected")
    assert "spec.source.tls.caSecretRef" in said["message"]
    streams.wait(private, "SourceConnected", status="False", reason="CaMissing")

    apply_secret(
        authority_secret, {"ca.crt": authority.cert_pem.bytes()}, namespace=streams.namespace
    )
    # The kubelet refreshes a mounted Secret within about a minute; no pod is restarted for it.
    streams.wait(private, "SourceConnected", status="True", reason="Streaming", timeout_s=180)
    streams.wait(private, "Ready", status="True")
    rejected = streams.condition(public, "SourceConnected")
    assert rejected["reason"] == "CertificateRejected", rejected


def test_the_producer_image_knows_the_public_authorities(streams: Streams) -> None:
    name = streams.apply("authorities", {"source": {"url": "rtsps://camera.invalid/stream"}})
    streams.wait(name, "SourceConnected", status="False", reason="UnknownHost")
    said = kubectl(
        *("exec", f"deployment/{name}-producer", "--namespace", streams.namespace),
        *("--", "python", "-c", COUNT_AUTHORITIES),
    )
    authorities, ffmpegs_bytes = map(int, said.split())
    # Mozilla's list has had more than a hundred for many years; each takes more than a kilobyte.
    assert authorities > 100
    assert ffmpegs_bytes > 100_000


def apply_secret(name: str, data: dict[str, bytes], *, namespace: str) -> None:
    manifest = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "data": {key: base64.b64encode(value).decode() for key, value in data.items()},
    }
    kubectl("apply", "--filename", "-", stdin=json.dumps(manifest))
