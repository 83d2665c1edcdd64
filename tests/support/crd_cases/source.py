"""Rules about where the video comes from."""

from __future__ import annotations

from tests.support.crd_cases.case import Case, file_source, source

SOURCE_CASES = [
    Case(
        node="spec.source",
        says="needs source.volume",
        field="spec.source.volume",
        bad=file_source(volume=None),
        good=file_source(),
    ),
    Case(
        node="spec.source",
        says="source.volume is only for",
        field="spec.source.volume",
        bad=source(volume={"configMap": {"name": "clips"}}),
        good=file_source(volume={"persistentVolumeClaim": {"claimName": "clips"}}),
    ),
    Case(
        node="spec.source",
        says="source.loop is only for",
        field="spec.source.loop",
        bad=source(loop=True),
        good=file_source(loop=True),
    ),
    Case(
        node="spec.source",
        says="a file needs no login",
        field="spec.source.credentialsSecretRef",
        bad=file_source(credentialsSecretRef={"name": "camera"}),
        good=source(credentialsSecretRef={"name": "camera"}),
    ),
    *(
        Case(
            node="spec.source",
            says="source.tls is only for",
            field="spec.source.tls",
            bad=source(url=bad, tls={"insecureSkipVerify": True}),
            good=source(url=good, tls={"caSecretRef": {"name": "plant-ca"}}),
        )
        for bad, good in [
            ("rtsp://camera.example/a", "rtsps://camera.example/a"),
            ("http://camera.example/a", "https://camera.example/a"),
        ]
    ),
    *(
        Case(
            node="spec.source.tls",
            says="must have exactly one of",
            field="spec.source.tls",
            bad=source(url="rtsps://camera.example/a", tls=bad),
            good=source(url="rtsps://camera.example/a", tls=good),
        )
        for bad, good in [
            ({"insecureSkipVerify": False}, {"insecureSkipVerify": True}),
            (
                {"insecureSkipVerify": True, "caSecretRef": {"name": "plant-ca"}},
                {"insecureSkipVerify": False, "caSecretRef": {"name": "plant-ca"}},
            ),
        ]
    ),
    Case(
        node="spec.source",
        says="source.transport is only for",
        field="spec.source.transport",
        bad=source(url="rtsps://camera.example/a", transport="UDP"),
        good=source(url="rtsp://camera.example/a", transport="UDP", decode="KeyFrames"),
    ),
    Case(
        node="spec.source",
        says="must be at most source.stallTimeout",
        field="spec.source.readTimeout",
        bad=source(readTimeout="1m1s", stallTimeout="60s"),
        good=source(readTimeout="1m", stallTimeout="60s"),
    ),
    *(
        Case(
            node="spec.source.url",
            says="must be rtsp://, rtsps://, http:// or https:// with a host",
            field="spec.source.url",
            bad=source(url=bad),
            good=source(url=good),
        )
        for bad, good in [
            ("ftp://camera.example/a", "rtsp://camera.example/a"),
            ("RTSP://camera.example/a", "rtsps://camera.example/a"),
            ("rtsp:///stream", "http://camera.example/a?b=c#d"),
            ("camera.example", "https://10.0.0.1:8443"),
            ("rtsp://camera.example/a b", "rtsp://[fd00::1]:554/a"),
        ]
    ),
    *(
        Case(
            node="spec.source.url",
            says="must not hold a user or password",
            field="spec.source.url",
            bad=source(url=bad),
            good=source(url="http://camera.example/a?mail=a@b.example"),
        )
        for bad in [
            "rtsp://user:password@camera.example/a",
            "rtsp://user@camera.example/a",
            "http://user:p%40ss@camera.example/a",
        ]
    ),
    *(
        Case(
            node="spec.source.url",
            says="must be file:///media/<path>",
            field="spec.source.url",
            bad=file_source(url=bad),
            good=file_source(url="file:///media/2026/clip%20one..mp4"),
        )
        for bad in [
            "file:///etc/clip.mp4",
            "file:///media/",
            "file:///media/../clip.mp4",
            "file:///media/a/..",
            "file://media/clip.mp4",
        ]
    ),
    Case(
        node="spec.source.url",
        says="cannot change its kind",
        field="spec.source.url",
        old=source(url="rtsp://camera.example/a"),
        bad=source(url="http://camera.example/a"),
        good=source(url="rtsps://camera.example/b"),
    ),
    Case(
        node="spec.source.reconnect",
        says="must be at most source.reconnect.maxBackoff",
        field="spec.source.reconnect.initialBackoff",
        bad=source(reconnect={"initialBackoff": "31s"}),
        good=source(reconnect={"initialBackoff": "30s"}),
    ),
    *(
        Case(
            node="spec.source.volume",
            says="must have exactly one of",
            field="spec.source.volume",
            bad=bad,
            good=file_source(),
        )
        for bad in [
            file_source(volume={"configMap": None}),
            file_source(
                volume={
                    "configMap": {"name": "clips"},
                    "persistentVolumeClaim": {"claimName": "clips"},
                }
            ),
        ]
    ),
]
