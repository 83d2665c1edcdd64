"""From a record to the lines of its points: pure, given the signals.

Lines depend on nothing but the record and the stream's spec. That is why it does not matter
which consumer measures a frame, in what order, or how often.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from videostream_consumer.frame import NOTHING, Frame, Need, decode_frame
from videostream_consumer.signals.registry import (
    Load,
    SignalsInvalid,
    duplicates,
    make_signal,
    measurement_of,
)
from videostream_consumer.zones import AnyZone, find_zones
from videostream_pipeline.line_protocol import FieldValue, format_line, series_prefix
from videostream_record import FrameRecord, RecordInvalid, StreamName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from videostream_consumer.settings import Settings
    from videostream_consumer.signals.contract import Fields, Signal


@dataclass(frozen=True, slots=True)
class BoundSignal:
    """A signal with its zones and the prefix of its lines in each zone."""

    name: str
    signal: Signal
    zones: tuple[AnyZone, ...]
    prefixes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is measured on each frame of a stream."""

    stream: StreamName
    frame_prefix: str
    signals: tuple[BoundSignal, ...]
    needs: Need


@dataclass(frozen=True, slots=True)
class Seen:
    """A record with what each signal of the plan, in its order, found on it or failed with."""

    record: FrameRecord
    found: tuple[Mapping[str, Fields] | Exception, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """The lines of one record, and the signals that failed on it with their errors."""

    lines: tuple[str, ...]
    failures: tuple[tuple[str, Exception], ...] = ()


def plan_measurement(settings: Settings, types: Mapping[str, Load]) -> Plan:
    """Bind the stream's signals to zones and series. Raises SignalsInvalid with all faults."""
    faults = [
        f"signal {name!r} is there twice: expected one of each name"
        for name in duplicates(entry.name for entry in settings.signals)
    ]
    tags = {**settings.tags, "namespace": settings.stream.namespace, "stream": settings.stream.name}
    bound = []
    for entry in settings.signals:
        try:
            zones = find_zones(entry.zones, settings.zones)
            signal = make_signal(entry, types)
        except LookupError as error:
            faults.append(f"signal {entry.name!r}: {error.args[0]}")
            continue
        except SignalsInvalid as error:
            faults.append(str(error))
            continue
        measurement = measurement_of(entry.type)
        prefixes = {
            zone.name: series_prefix(measurement, {**tags, "signal": entry.name, "zone": zone.name})
            for zone in zones
        }
        bound.append(BoundSignal(entry.name, signal, zones, prefixes))
    if faults:
        raise SignalsInvalid("; ".join(faults))
    needs = reduce(operator.or_, (item.signal.need for item in bound), NOTHING)
    return Plan(settings.stream, series_prefix("frame", tags), tuple(bound), needs)


def measure(record: FrameRecord, plan: Plan) -> Measured:
    """Return the lines of a record: one of the `frame` ledger, then the signals' in their order.

    A signal that fails costs its own points only. Raises RecordInvalid for another stream's
    record and for pictures that cannot be decoded.
    """
    return spell(look(record, plan), plan)


def look(record: FrameRecord, plan: Plan) -> Seen:
    """Do the part of `measure` that needs pictures. Raises RecordInvalid as it does."""
    if record.stream != plan.stream:
        raise RecordInvalid("ce_source", str(record.stream), str(plan.stream))
    frame = decode_frame(record, plan.needs)
    return Seen(record, tuple([_find(bound, frame) for bound in plan.signals]))


def spell(seen: Seen, plan: Plan) -> Measured:
    """Do the other part of `measure`: write down what was found."""
    lines = [_ledger_line(seen.record, plan.frame_prefix)]
    failures: list[tuple[str, Exception]] = []
    time_ns = seen.record.capture_time_ns
    for bound, found in zip(plan.signals, seen.found, strict=True):
        if isinstance(found, Exception):
            failures.append((bound.name, found))
            continue
        try:
            lines += [format_line(bound.prefixes[z], f, time_ns) for z, f in found.items()]
        except Exception as error:  # noqa: BLE001 (a plug-in may have given anything)
            failures.append((bound.name, error))
    return Measured(tuple(lines), tuple(failures))


def _find(bound: BoundSignal, frame: Frame) -> Mapping[str, Fields] | Exception:
    try:
        return bound.signal.measure(frame, bound.zones)
    except Exception as error:  # noqa: BLE001 (a plug-in may raise anything)
        return error


def _ledger_line(record: FrameRecord, prefix: str) -> str:
    fields: dict[str, FieldValue] = {
        "bytes": len(record.jpeg),
        "width": record.width,
        "height": record.height,
        "sequence": record.sequence,
        "session": record.session,
    }
    return format_line(prefix, fields, record.capture_time_ns)
