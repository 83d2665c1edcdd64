"""Frame records of pictures with known answers."""

import cv2
import numpy as np
import numpy.typing as npt

from videostream_record import FrameRecord, StreamName

Image = npt.NDArray[np.uint8]

STREAM = StreamName("test", "cam")
SESSION = "0123456789abcdef"
START_NS = 1_790_000_000_000_000_000


def jpeg(image: Image, *, quality: int = 95) -> bytes:
    """Encode a picture."""
    encoded, buffer = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert encoded
    return buffer.tobytes()


def flat(value: int, *, width: int = 64, height: int = 48) -> Image:
    """A picture of one gray."""
    return np.full((height, width), value, np.uint8)


def halves(left: int, right: int, *, width: int = 64, height: int = 48) -> Image:
    """A picture whose left and right halves have a gray each; JPEG blocks do not mix them."""
    image = flat(left, width=width, height=height)
    image[:, width // 2 :] = right
    return image


def record(
    image: Image,
    *,
    sequence: int = 0,
    capture_time_ns: int | None = None,
    thumbnail: Image | None = None,
    reference: Image | None = None,
    stream: StreamName = STREAM,
    session: str = SESSION,
) -> FrameRecord:
    """A record of a picture; without a time, 200 ms for each sequence number."""
    time_ns = START_NS + sequence * 200_000_000 if capture_time_ns is None else capture_time_ns
    return FrameRecord(
        stream=stream,
        session=session,
        sequence=sequence,
        capture_time_ns=time_ns,
        width=image.shape[1],
        height=image.shape[0],
        jpeg=jpeg(image),
        thumbnail=None if thumbnail is None else jpeg(thumbnail),
        reference=None if reference is None else jpeg(reference),
        reference_sequence=sequence - 1 if reference is not None and sequence else None,
    )


def moving_scene(
    count: int, *, start: int = 0, session: str = "00000000000000aa"
) -> list[FrameRecord]:
    """Records of pictures that all differ, each with the thumbnail of the one before."""
    random = np.random.default_rng(3)
    scene = cv2.resize(random.integers(0, 255, (9, 16), np.uint8), (320, 180))
    shifted = [np.roll(scene, 7 * n, axis=1) for n in range(start + count)]
    thumbnails = [cv2.resize(image, (64, 36)) for image in shifted]
    return [
        record(
            shifted[n].astype(np.uint8),
            sequence=n,
            thumbnail=thumbnails[n].astype(np.uint8),
            reference=thumbnails[n - 1].astype(np.uint8) if n else None,
            session=session,
        )
        for n in range(start, start + count)
    ]
