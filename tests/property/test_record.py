"""Laws of the frame record that hold for every record."""

import string
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from videostream_record import FrameRecord, StreamName, decode, encode

LABELS = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", fullmatch=True)
JPEGS = st.binary(max_size=64).map(lambda body: b"\xff\xd8\xff" + body + b"\xff\xd9")
INT64 = 2**63 - 1


@st.composite
def records(draw: st.DrawFn) -> FrameRecord:
    sequence = draw(st.integers(0, INT64))
    reference = draw(st.none() | JPEGS)
    numbered = reference is not None and sequence > 0 and draw(st.booleans())
    return FrameRecord(
        stream=StreamName(draw(LABELS), draw(LABELS)),
        session=draw(st.text("0123456789abcdef", min_size=16, max_size=16)),
        sequence=sequence,
        capture_time_ns=draw(st.integers(0, INT64)),
        width=draw(st.integers(1, 65_535)),
        height=draw(st.integers(1, 65_535)),
        jpeg=draw(JPEGS),
        thumbnail=draw(st.none() | JPEGS),
        reference=reference,
        reference_sequence=draw(st.integers(0, sequence - 1)) if numbered else None,
    )


@given(records())
def test_what_was_encoded_decodes_to_itself(record: FrameRecord) -> None:
    assert decode(*encode(record)) == record


@given(records())
def test_every_text_header_is_printable_ascii_and_every_name_lower_case(
    record: FrameRecord,
) -> None:
    allowed = set(string.ascii_lowercase + "-_")
    for name, value in encode(record)[2]:
        assert set(name) <= allowed
        if name not in {"vst-thumbnail", "vst-reference"}:
            assert value.decode("ascii").isprintable()


@given(records(), st.randoms(use_true_random=False))
def test_headers_may_come_in_any_order(record: FrameRecord, random: Random) -> None:
    key, value, headers = encode(record)
    random.shuffle(headers)
    assert decode(key, value, headers) == record


@given(records(), records())
def test_different_frames_of_a_stream_have_different_identities(
    one: FrameRecord, other: FrameRecord
) -> None:
    same = (one.session, one.sequence) == (other.session, other.sequence)
    ids = [dict(encode(record)[2])["ce_id"] for record in (one, other)]
    assert (ids[0] == ids[1]) == same
