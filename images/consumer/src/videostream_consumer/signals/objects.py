"""Objects: how many of each class a detection model sees in a zone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final

import cv2
import numpy as np
import numpy.typing as npt

from videostream_consumer.frame import Frame, Image, Need
from videostream_pipeline.built_in_signals import ObjectsParameters
from videostream_pipeline.signal_parameters import refuse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from videostream_consumer.signals.contract import Fields
    from videostream_consumer.zones import AnyZone

_BOX_ROWS: Final = 4
_PADDING_GRAY: Final = (114, 114, 114)  # what the models were trained with around pictures


@dataclass(frozen=True, slots=True)
class Detection:
    """One object: its class and the middle of its box's lower edge, in pixels of the frame."""

    name: str
    foot_x: float
    foot_y: float

    def stands_in(self, zone: AnyZone, shape: tuple[int, ...]) -> bool:
        """Tell whether the foot is in the zone: there an object touches the ground."""
        mask = zone.mask(shape)
        if mask is None:
            return True
        x = min(max(int(self.foot_x), 0), shape[1] - 1)
        y = min(max(int(self.foot_y), 0), shape[0] - 1)
        return bool(mask[y, x])


@dataclass(frozen=True, slots=True, kw_only=True)
class Objects(ObjectsParameters):
    """Counts by class, from an ONNX model with the output of YOLOv8 and its successors.

    That is one tensor [1, 4 + classes, boxes]: centre x, centre y, width and height in pixels of
    the input, then a score from 0 to 1 for each class. The input is [1, 3, size, size], RGB from 0
    to 1, with the frame scaled to fit and gray bars beside it.
    """

    need: ClassVar[Need] = Need.COLOUR
    _net: cv2.dnn.Net = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Load the model and try it, so that what does not fit is said before the first frame."""
        ObjectsParameters.__post_init__(self)
        object.__setattr__(self, "_net", _load(self.model))
        blank = np.zeros((self.input_size, self.input_size, 3), np.uint8)
        try:
            shape = self._forward(blank).shape
        except cv2.error as error:
            raise refuse(
                "inputSize", self.input_size, f"the side of the model's input: {error.err}"
            ) from error
        if len(shape) != 3 or shape[0] != 1 or shape[1] <= _BOX_ROWS:  # noqa: PLR2004 (its axes)
            raise refuse(
                "model", self.model, f"one output [1, 4 + classes, boxes], not {list(shape)}"
            )
        if shape[1] != _BOX_ROWS + len(self.classes):
            expected = f"the {shape[1] - _BOX_ROWS} names of the model's classes in its order"
            raise refuse("classes", self.classes, expected)

    def measure(self, frame: Frame, zones: Sequence[AnyZone]) -> Mapping[str, Fields]:
        """Return for each zone the number of objects of each class, 0 included."""
        found = self.detect(frame.colour)
        counted = self.count or self.classes
        fields = {}
        for zone in zones:
            here = _count(item for item in found if item.stands_in(zone, frame.colour.shape))
            fields[zone.name] = {name: here[name] for name in counted}
        return fields

    def detect(self, picture: Image) -> list[Detection]:
        """Return the objects of a BGR picture, one for each group of overlapping boxes."""
        height, width = picture.shape[:2]
        scale = min(self.input_size / width, self.input_size / height)
        rows = self._forward(_fit(picture, self.input_size, scale))[0].T
        scores = rows[:, _BOX_ROWS:]
        classes = scores.argmax(axis=1)
        best = scores[np.arange(len(scores)), classes]
        likely = best >= self.min_confidence
        if not likely.any():
            return []
        rows, classes, best = rows[likely], classes[likely], best[likely]
        centre_x, centre_y, box_width, box_height = rows[:, :_BOX_ROWS].T
        boxes = np.stack(
            [centre_x - box_width / 2, centre_y - box_height / 2, box_width, box_height], axis=1
        )
        kept = cv2.dnn.NMSBoxesBatched(
            boxes.tolist(), best.tolist(), classes.tolist(), self.min_confidence, self.max_overlap
        )
        return [
            Detection(
                self.classes[classes[index]],
                float(centre_x[index] / scale),
                float((centre_y[index] + box_height[index] / 2) / scale),
            )
            for index in np.asarray(kept, np.int64).ravel()
        ]

    def _forward(self, square: Image) -> npt.NDArray[np.float32]:
        self._net.setInput(cv2.dnn.blobFromImage(square, 1 / 255, swapRB=True))
        return np.asarray(self._net.forward(), np.float32)


def _load(path: str) -> cv2.dnn.Net:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 (OpenCV would say less of a missing file)
            model = file.read()
    except OSError as error:
        raise refuse("model", path, f"a file that can be read: {error.strerror}") from error
    try:
        return cv2.dnn.readNetFromONNX(np.frombuffer(model, np.uint8))
    except cv2.error as error:
        raise refuse("model", path, f"an ONNX model that OpenCV can load: {error.err}") from error


def _fit(picture: Image, size: int, scale: float) -> Image:
    """Scale a picture into the top left of a square and fill the rest with gray."""
    height, width = picture.shape[:2]
    inner = (max(1, round(width * scale)), max(1, round(height * scale)))
    scaled = cv2.resize(picture, inner, interpolation=cv2.INTER_LINEAR)
    bottom, right = size - inner[1], size - inner[0]
    square = cv2.copyMakeBorder(
        scaled, 0, bottom, 0, right, cv2.BORDER_CONSTANT, value=_PADDING_GRAY
    )
    return np.asarray(square, np.uint8)


def _count(detections: Iterable[Detection]) -> Counter[str]:
    return Counter(item.name for item in detections)
