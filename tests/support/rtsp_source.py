"""An RTSP server on loopback that sends real H.264 or H.265 and misbehaves as told.

RTP goes interleaved in the RTSP connection (RFC 2326, 10.12) or over UDP, as the client asks,
H.264 as RFC 6184 and H.265 as RFC 7798 say: one NAL unit a packet, large ones in fragments.
"""

import base64
import re
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import Literal

from tests.support.encoded import Clip, clip
from tests.support.fault_servers import NONCE, REALM, Server, answering, digest_is_right

_PAYLOAD_BYTES = 1200
_VIDEO_CLOCK_HZ = 90_000
_SOUND_BYTES = 320  # 40 ms of G.711

Afterwards = Literal["stall", "close", "garbage"]


@dataclass(frozen=True)
class Rtsp:
    """How an RTSP source behaves: `frames` good ones at `fps`, then `afterwards`.

    `clips` follow one another, the last one for ever. With a password it asks user `viewer` for it.
    """

    clips: tuple[Clip, ...] = field(default_factory=lambda: (clip(),))
    frames: int = 100_000
    fps: float = 25.0
    afterwards: Afterwards = "close"
    sound: bool = False
    scheme: Literal["Basic", "Digest"] = "Digest"
    password: str | None = None


@contextmanager
def rtsp_source(behaviour: Rtsp) -> Iterator[Server]:
    """Serve the clips over RTSP until the block ends."""
    ended = threading.Event()

    def serve(link: socket.socket) -> None:
        session = _Session(link, behaviour, ended)
        with session.udp:
            session.run()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(f"rtsp://127.0.0.1:{listener.getsockname()[1]}/stream")
        with answering(listener, server, serve):
            yield server
            ended.set()


class _Session:
    def __init__(self, link: socket.socket, behaviour: Rtsp, ended: threading.Event) -> None:
        self._link = link
        self._behaviour = behaviour
        self._ended = ended
        self._numbers = {0: 0, 2: 0}  # by channel
        self._client_ports: dict[int, int] = {}  # by channel, over UDP
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", 0))

    def run(self) -> None:
        received = b""
        while more := self._link.recv(4096):
            received += more
            while b"\r\n\r\n" in received and not received.startswith(b"$"):
                head, _, received = received.partition(b"\r\n\r\n")
                if self._answer(head.decode()):
                    self._play()
                    return

    def _answer(self, head: str) -> bool:
        """Answer a request; tell whether pictures must follow."""
        request, *lines = head.split("\r\n")
        method, uri, _ = request.split(" ")
        said = {name.lower(): text.strip() for name, _, text in (x.partition(":") for x in lines)}
        if not self._may(method, said.get("authorization", "")):
            extra = f'realm="{REALM}"'
            extra += f', nonce="{NONCE}"' if self._behaviour.scheme == "Digest" else ""
            challenge = {"WWW-Authenticate": f"{self._behaviour.scheme} {extra}"}
            self._say("401 Unauthorized", said["cseq"], challenge)
            return False
        headers, body = {"Session": "12345678"}, b""
        match method:
            case "OPTIONS":
                headers = {"Public": "DESCRIBE, SETUP, PLAY, TEARDOWN"}
            case "DESCRIBE":
                body = self._description().encode()
                headers = {"Content-Type": "application/sdp", "Content-Base": f"{uri}/"}
            case "SETUP":
                channel = 2 if uri.endswith("sound") else 0
                headers["Transport"] = self._transport(said["transport"], channel)
            case _:
                pass
        self._say("200 OK", said["cseq"], headers, body)
        return method == "PLAY"

    def _transport(self, asked: str, channel: int) -> str:
        """Agree to the first way of sending that the client asked for."""
        ports = re.match(r"RTP/AVP(?:/UDP)?;unicast;client_port=(\d+)-(\d+)", asked)
        if ports is None:
            return f"RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1}"
        self._client_ports[channel] = int(ports[1])
        return f"{ports[0]};server_port={self.udp.getsockname()[1]}-9"

    def _may(self, method: str, authorization: str) -> bool:
        password = self._behaviour.password
        if password is None or method == "OPTIONS":
            return True
        if self._behaviour.scheme == "Digest":
            return digest_is_right(authorization, method, "viewer", password)
        return authorization == "Basic " + base64.b64encode(f"viewer:{password}".encode()).decode()

    def _say(self, status: str, sequence: str, headers: dict[str, str], body: bytes = b"") -> None:
        lines = [f"RTSP/1.0 {status}", f"CSeq: {sequence}"]
        lines += [f"{name}: {text}" for name, text in headers.items()]
        lines += [f"Content-Length: {len(body)}"] if body else []
        self._link.sendall("\r\n".join([*lines, "", ""]).encode() + body)

    def _description(self) -> str:
        coding = {"h264": "H264", "hevc": "H265"}[self._behaviour.clips[0].codec]
        mode = "a=fmtp:96 packetization-mode=1\r\n" if coding == "H264" else ""
        sound = "m=audio 0 RTP/AVP 0\r\na=control:sound\r\n" if self._behaviour.sound else ""
        return (
            "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
            f"m=video 0 RTP/AVP 96\r\na=rtpmap:96 {coding}/{_VIDEO_CLOCK_HZ}\r\n{mode}"
            f"a=control:video\r\n{sound}"
        )

    def _play(self) -> None:
        behaviour = self._behaviour
        clips = chain(behaviour.clips, repeat(behaviour.clips[-1]))
        pictures = (picture for one in clips for picture in one.pictures)
        for index in range(behaviour.frames):
            at = int(index * _VIDEO_CLOCK_HZ / behaviour.fps)
            self._send_picture(next(pictures), behaviour.clips[0].codec, at)
            if behaviour.sound:
                self._send(2, 0x00, at * 8_000 // _VIDEO_CLOCK_HZ, b"\xff" * _SOUND_BYTES)
            if self._ended.wait(1 / behaviour.fps):
                return
        if behaviour.afterwards == "garbage":
            self._link.sendall(bytes(range(1, 35)) * 3000)  # holds no '$': no packet begins
        if behaviour.afterwards != "close":
            self._ended.wait()

    def _send_picture(self, units: tuple[bytes, ...], codec: str, at: int) -> None:
        for number, unit in enumerate(units, 1):
            packets = _fragments(unit, codec)
            for piece, payload in enumerate(packets, 1):
                is_last = number == len(units) and piece == len(packets)
                self._send(0, 96 | (0x80 if is_last else 0), at, payload)

    def _send(self, channel: int, kind: int, at: int, payload: bytes) -> None:
        number = self._numbers[channel]
        self._numbers[channel] = (number + 1) % 65_536
        packet = struct.pack(">BBHII", 0x80, kind, number, at % 2**32, 7 + channel) + payload
        port = self._client_ports.get(channel)
        if port is not None:
            self.udp.sendto(packet, ("127.0.0.1", port))
            return
        self._link.sendall(struct.pack(">cBH", b"$", channel, len(packet)) + packet)


def _fragments(unit: bytes, codec: str) -> list[bytes]:
    """Give the payloads of one NAL unit: itself, or fragments (FU-A of H.264, FU of H.265)."""
    if len(unit) <= _PAYLOAD_BYTES:
        return [unit]
    if codec == "h264":
        prefix, kind, body = bytes([unit[0] & 0xE0 | 28]), unit[0] & 0x1F, unit[1:]
    else:
        prefix = bytes([unit[0] & 0x81 | 49 << 1, unit[1]])
        kind, body = unit[0] >> 1 & 0x3F, unit[2:]
    pieces = [body[at : at + _PAYLOAD_BYTES] for at in range(0, len(body), _PAYLOAD_BYTES)]
    first, last = 0x80, 0x40
    marks = [
        kind | (first if at == 0 else 0) | (last if at == len(pieces) - 1 else 0)
        for at in range(len(pieces))
    ]
    return [prefix + bytes([mark]) + piece for mark, piece in zip(marks, pieces, strict=True)]
