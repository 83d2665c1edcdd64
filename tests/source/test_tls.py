"""Sources over TLS: who is trusted, and what is said of a certificate that is refused."""

import os
import ssl
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.support.capture_rig import PATIENT, Rig, reaches, rig, take
from tests.support.encoded import clip
from tests.support.fault_servers import Mjpeg, mjpeg_server
from tests.support.http_pictures import hls, serving, snapshots
from tests.support.rtsp_source import Rtsp, rtsp_source
from tests.support.tls import behind_tls, write_authority
from videostream_producer.source import Reading, SourceFailed, open_ffmpeg
from videostream_producer.tls import Trust, share_public_authorities

__all__ = ["rig"]

pytestmark = pytest.mark.source

PASSWORD = "p@ss/w#rd:99"
CA: dict[str, Any] = {"source__tls": {"caSecretRef": {"name": "plant-ca", "key": "root.pem"}}}
UNVERIFIED: dict[str, Any] = {"source__tls": {"insecureSkipVerify": True}}
LOGIN: dict[str, Any] = {"source__credentialsSecretRef": {"name": "gate-login"}}
CLIP = clip()

SOURCES: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "snapshot": lambda: serving(snapshots(), "/snapshot.jpg"),
    "mjpeg": lambda: mjpeg_server(Mjpeg()),
    "hls": lambda: hls(seconds=20),
    "rtsp": lambda: rtsp_source(Rtsp(clips=(CLIP,))),
}
every_source = pytest.mark.parametrize("kind", list(SOURCES))


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def stranger() -> trustme.CA:
    return trustme.CA()


@every_source
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_certificate_of_the_named_authority_is_taken(
    rig: Rig, authority: trustme.CA, kind: str, host: str
) -> None:
    write_authority(authority, rig.tls)
    with SOURCES[kind]() as camera, behind_tls(camera.url, authority, host=host) as server:
        capture = rig.start(server.url, **PATIENT, **CA)
        take(capture, 3)
        assert (capture.life.state, capture.life.failures) == ("Streaming", 0)


@every_source
def test_another_authority_is_refused_until_its_own_is_in_the_secret(
    rig: Rig, authority: trustme.CA, stranger: trustme.CA, kind: str
) -> None:
    rig.log_in("viewer", PASSWORD)
    write_authority(stranger, rig.tls)
    with SOURCES[kind]() as camera, behind_tls(camera.url, authority) as server:
        capture = rig.start(server.url, **PATIENT, **CA, **LOGIN)
        life = reaches(capture, "Backoff", "CertificateRejected")
        assert "unable to get local issuer certificate" in life.message
        assert "spec.source.tls.caSecretRef" in life.message
        assert PASSWORD not in life.message
        assert camera.connections == [], "nothing is sent to whom is not trusted"
        # A rotated Secret is read at the next attempt.
        write_authority(authority, rig.tls)
        reaches(capture, "Streaming")


@every_source
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_certificate_for_another_host_is_refused(
    rig: Rig, authority: trustme.CA, kind: str, host: str
) -> None:
    write_authority(authority, rig.tls)
    other = ("camera.example", "192.0.2.7")
    with (
        SOURCES[kind]() as camera,
        behind_tls(camera.url, authority, names=other, host=host) as server,
    ):
        life = reaches(rig.start(server.url, **PATIENT, **CA), "Backoff", "CertificateRejected")
        assert f"not valid for '{host}'" in life.message
        assert "must name a host that it is issued for" in life.message
        assert camera.connections == []


@every_source
def test_without_an_authority_only_public_ones_count(
    rig: Rig, authority: trustme.CA, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SOURCES[kind]() as camera, behind_tls(camera.url, authority) as server:
        life = reaches(rig.start(server.url, **PATIENT), "Backoff", "CertificateRejected")
        assert "spec.source.tls.caSecretRef" in life.message
        assert camera.connections == []
        # What the system trusts, Python and FFmpeg trust.
        write_authority(authority, rig.tls)
        monkeypatch.setenv("SSL_CERT_FILE", str(rig.tls / "ca.crt"))
        take(rig.start(server.url, **PATIENT), 3)


@every_source
def test_verification_can_be_left_out(rig: Rig, stranger: trustme.CA, kind: str) -> None:
    with (
        SOURCES[kind]() as camera,
        behind_tls(camera.url, stranger, names=("camera.example",)) as server,
    ):
        take(rig.start(server.url, **PATIENT, **UNVERIFIED), 3)


@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN CERTIFICATE-----\nnot one"])
def test_a_missing_authority_is_waited_for_and_found(
    rig: Rig, authority: trustme.CA, content: bytes | None
) -> None:
    if content is not None:
        (rig.tls / "ca.crt").write_bytes(content)
    with mjpeg_server(Mjpeg()) as camera, behind_tls(camera.url, authority) as server:
        capture = rig.start(server.url, **PATIENT, **CA)
        life = reaches(capture, "Backoff", "CaMissing")
        assert "Secret plant-ca has no certificate in PEM under the key root.pem" in life.message
        assert server.connections == []
        write_authority(authority, rig.tls)
        reaches(capture, "Streaming")


@pytest.fixture
def trust(tmp_path: Path, authority: trustme.CA) -> Trust:
    write_authority(authority, tmp_path)
    return Trust(tmp_path / "ca.crt")


@pytest.mark.parametrize("kind", ["hls", "rtsp"])
@pytest.mark.parametrize("names", [("camera.example",), None])
def test_ffmpeg_verifies_on_its_own(
    authority: trustme.CA,
    stranger: trustme.CA,
    trust: Trust,
    kind: str,
    names: tuple[str, ...] | None,
) -> None:
    """The certificate may change between the check and the connection that carries video."""
    signer = authority if names else stranger
    with (
        SOURCES[kind]() as camera,
        behind_tls(camera.url, signer, names=names or ("localhost",), host="localhost") as server,
    ):
        with pytest.raises(SourceFailed):
            open_ffmpeg(server.url, Reading(5, 3, trust=trust))
        assert camera.connections == []
        assert server.connections
        open_ffmpeg(server.url, Reading(5, 3, trust=Trust(verifies=False))).close()


def test_ffmpeg_is_told_where_python_finds_public_authorities(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "")
    monkeypatch.delenv("SSL_CERT_FILE")
    monkeypatch.setenv("SSL_CERT_DIR", "/as/the/user/said")
    found = ssl.get_default_verify_paths().cafile
    share_public_authorities()
    assert os.environ.get("SSL_CERT_FILE") == found
    assert os.environ["SSL_CERT_DIR"] == "/as/the/user/said"
