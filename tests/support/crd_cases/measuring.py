"""Rules about frames, zones, signals and tags."""

from __future__ import annotations

from tests.support.crd_cases.case import Case, at, signal, tags, zone

MEASURING_CASES = [
    Case(
        node="spec.frames.fps",
        says="must be above 0 and at most 240",
        field="spec.frames.fps",
        bad=at("spec.frames.fps", bad),
        good=at("spec.frames.fps", good),
    )
    for bad, good in [
        *[(0, 1), (241, 240), (-1, 30), ("0", "0.5"), ("0.0001", "0.001"), ("", "5")],
        *[("240.001", "240.000"), ("five", "25"), ("1e2", "29.97"), (".5", "007.5")],
    ]
]
MEASURING_CASES += [
    Case(
        node="spec.zones[].name",
        says="a zone must not have the name 'frame'",
        field="spec.zones[0].name",
        bad=zone("frame"),
        good=zone("frame-2"),
    ),
    Case(
        node="spec.zones[].name",
        says="must have only a-z, 0-9 and '-'",
        field="spec.zones[0].name",
        bad=zone("Front door"),
        good=zone("front-door"),
    ),
    Case(
        node="spec.signals[].name",
        says="must have only a-z, 0-9 and '-'",
        field="spec.signals[0].name",
        bad=signal(name="light_1"),
        good=signal(name="light-1"),
    ),
    Case(
        node="spec.signals[].type",
        says="must be a built-in type such as Brightness or a type of your own",
        field="spec.signals[0].type",
        bad=signal(type="brightness"),
        good=signal(type="PlateCount2"),
    ),
    Case(
        node="spec.signals[]",
        says="'motion' is only for signals of type Motion",
        field="spec.signals[0].motion",
        bad=signal(motion={"threshold": 20}),
        good=signal(type="Motion", motion={"threshold": 20}),
    ),
    *(
        Case(
            node="spec.influx.tags",
            says="influx.tags must not have the keys",
            field="spec.influx.tags",
            bad=tags(**{key: "a"}),
            good=tags(**{f"{key}_2": "a"}),
        )
        for key in ("namespace", "stream", "signal", "zone", "role", "time")
    ),
    *(
        Case(
            node="spec.influx.tags",
            says="influx.tags must have keys of a-z",
            field="spec.influx.tags",
            bad=tags(**{key: "a"}),
            good=tags(site_2="North Gate, left"),
        )
        for key in ("Site", "_site", "site-2", "s" * 64)
    ),
    *(
        Case(
            node="spec.influx.tags{}",
            says="a tag must not hold line breaks",
            field="spec.influx.tags[site]",
            bad=tags(site=value),
            good=tags(site="C:\\gate"),
        )
        for value in ("a\nb", "a\tb", "north\\")
    ),
]
