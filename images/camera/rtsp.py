"""The camera's RTSP side: H.264 at ``/stream``, one encoder for all viewers.

RTP travels inside the RTSP connection only (interleaved TCP): nothing else passes a Kubernetes
Service or a published container port. Everything but ``pump`` belongs to the GLib main loop.
"""

from __future__ import annotations

import ctypes
import logging
from typing import TYPE_CHECKING, Any

import gi
import numpy as np

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402  # after require_version

if TYPE_CHECKING:
    from .feed import Feed
    from .scene import Image
    from .settings import Credentials, Settings

PATH = "/stream"
_REALM = "camera"
_ROLE = "viewer"
_MAX_SESSIONS = 32
_MAX_THREADS = 4
_CLEANUP_PERIOD_S = 5

# Gray 0..255 to the luma 16..235 that H.264 cameras send and decoders expect (ITU-R BT.601).
_LUMA: Image = np.rint(16 + np.arange(256) * 219 / 255).astype(np.uint8)
_NEUTRAL_CHROMA = 128

_log = logging.getLogger("camera.rtsp")


def i420(image: Image) -> bytes:
    """Return a gray picture (height, width; 0..255) as I420 bytes of limited range."""
    planes = np.full(image.size * 3 // 2, _NEUTRAL_CHROMA, dtype=np.uint8)
    np.take(_LUMA, image.ravel(), out=planes[: image.size])
    return planes.tobytes()


def launch_line(settings: Settings) -> str:
    """Return the pipeline from raw frames to RTP; no frame waits for another."""
    caps = (
        f"video/x-raw,format=I420,width={settings.width},height={settings.height},"
        f"framerate={settings.fps}/1,colorimetry=bt601"
    )
    return (
        f'( appsrc name=frames caps="{caps}" is-live=true format=time do-timestamp=true'
        " max-buffers=2 leaky-type=downstream"
        f" ! x264enc tune=zerolatency speed-preset=ultrafast threads=1"
        f" bitrate={settings.bitrate_kbit} key-int-max={settings.fps}"
        " ! video/x-h264,profile=baseline"
        " ! rtph264pay name=pay0 pt=96 config-interval=-1 )"
    )


class RtspServer:
    """Serves the feed to RTSP viewers while it is open."""

    def __init__(self, feed: Feed, settings: Settings) -> None:
        Gst.init(None)
        self._feed = feed
        self._sources: set[Any] = set()
        self._watch_id: int | None = None
        self._server = GstRtspServer.RTSPServer()
        self._server.set_service(str(settings.rtsp_port))
        self._server.connect("client-connected", _log_client)
        self._server.get_session_pool().set_max_sessions(_MAX_SESSIONS)
        self._server.get_thread_pool().set_max_threads(_MAX_THREADS)
        self._server.get_mount_points().add_factory(PATH, self._factory(settings))
        if settings.credentials is not None:
            self._server.set_auth(_auth(settings.credentials))
        # The server forgets a viewer that vanished only when it is told to look.
        GLib.timeout_add_seconds(_CLEANUP_PERIOD_S, self._forget_vanished)

    def open(self) -> None:
        """Listen for viewers; nothing happens when it listens already.

        Raises OSError when the port is taken.
        """
        if self._watch_id is None:
            # 0 is how the library reports that it could not listen.
            self._watch_id = self._server.attach(None) or None
        if self._watch_id is None:
            raise OSError(f"can't listen on RTSP port {self._server.get_service()}")

    def close(self) -> None:
        """Close all connections and refuse new ones."""
        if self._watch_id is not None:
            GLib.source_remove(self._watch_id)
            self._watch_id = None
        self._server.client_filter(lambda _server, _client: GstRtspServer.RTSPFilterResult.REMOVE)

    def pump(self) -> None:
        """Push each new frame into the encoder that runs, until the process ends."""
        sequence = -1
        while True:
            frame = self._feed.wait_newer(sequence, timeout_s=1.0)
            if frame is None:
                continue
            sequence = frame.sequence
            sources = tuple(self._sources)
            if sources:
                data = i420(frame.image)
                for source in sources:
                    source.emit("push-buffer", Gst.Buffer.new_wrapped(data))

    def _factory(self, settings: Settings) -> Any:
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(launch_line(settings))
        factory.set_shared(True)
        factory.set_protocols(GstRtsp.RTSPLowerTrans.TCP)
        if settings.credentials is not None:
            permissions = GstRtspServer.RTSPPermissions()
            permissions.add_permission_for_role(_ROLE, "media.factory.access", True)
            permissions.add_permission_for_role(_ROLE, "media.factory.construct", True)
            factory.set_permissions(permissions)
        factory.connect("media-configure", self._on_media)
        return factory

    def _on_media(self, _factory: Any, media: Any) -> None:
        source = media.get_element().get_by_name("frames")
        self._sources.add(source)
        media.connect("unprepared", lambda _media: self._sources.discard(source))

    def _forget_vanished(self) -> bool:
        self._server.get_session_pool().cleanup()
        return bool(GLib.SOURCE_CONTINUE)


def _auth(credentials: Credentials) -> Any:
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", _ROLE)
    auth = GstRtspServer.RTSPAuth()
    _offer_basic_and_digest(auth)
    auth.set_realm(_REALM)
    user, password = credentials.username, credentials.password
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    auth.add_digest(user, password, token)
    return auth


def _offer_basic_and_digest(auth: Any) -> None:
    # The Python binding of set_supported_methods takes a single method, the C function a set.
    methods = int(GstRtsp.RTSPAuthMethod.BASIC) | int(GstRtsp.RTSPAuthMethod.DIGEST)
    pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
    pointer_of.restype, pointer_of.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)
    pointer = ctypes.c_void_p(pointer_of(auth.__gpointer__, None))
    library = ctypes.CDLL("libgstrtspserver-1.0.so.0")
    library.gst_rtsp_auth_set_supported_methods(pointer, methods)
    if int(auth.get_supported_methods()) != methods:
        raise RuntimeError("the RTSP server does not take basic and digest together")


def _log_client(_server: Any, client: Any) -> None:
    address = client.get_connection().get_ip()
    _log.info("RTSP viewer %s connected", address)
    client.connect("closed", lambda _client: _log.info("RTSP viewer %s left", address))
