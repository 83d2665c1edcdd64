"""TLS in front of the cameras on loopback, with certificates of authorities made for the test."""

import select
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import trustme

from tests.support.fault_servers import Server, answering

NAMES = ("localhost", "127.0.0.1")


def write_authority(authority: trustme.CA, directory: Path) -> None:
    """Write an authority's certificate as the kubelet would write the Secret's key."""
    authority.cert_pem.write_to_path(directory / "ca.crt")


@contextmanager
def behind_tls(
    url: str, authority: trustme.CA, *, names: tuple[str, ...] = NAMES, host: str = "127.0.0.1"
) -> Iterator[Server]:
    """Serve a server's URL by TLS as well, with a certificate for `names`, at `host`."""
    inside = urlsplit(url)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)

    def serve(link: socket.socket) -> None:
        with (
            context.wrap_socket(link, server_side=True) as client,
            socket.create_connection((inside.hostname or "", inside.port or 0)) as server,
        ):
            _relay(client, server)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        netloc = f"{host}:{listener.getsockname()[1]}"
        outside = inside._replace(scheme=f"{inside.scheme}s", netloc=netloc)
        server = Server(outside.geturl())
        with answering(listener, server, serve):
            yield server


def _relay(client: ssl.SSLSocket, server: socket.socket) -> None:
    """Pass bytes on both ways until one side ends."""
    while True:
        # What TLS has decrypted already does not show in the socket.
        ready = [client] if client.pending() else select.select([client, server], [], [])[0]
        for sender in ready:
            data = sender.recv(65_536)
            if not data:
                return
            (server if sender is client else client).sendall(data)
