"""The frame record: how one video frame travels as one Kafka message.

Producers `encode`, consumers `decode`; the layout itself is written down for every language in
docs/frame-record.md.  The library has no dependencies, so that any process can read a frame.
"""

from videostream_record.codec import decode, encode
from videostream_record.record import FrameRecord, RecordInvalid, StreamName

__all__ = ["FrameRecord", "RecordInvalid", "StreamName", "decode", "encode"]
