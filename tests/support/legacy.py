"""Messages of the 2018 format, as its producer made them."""

import base64
import json

import cv2

from tests.support.records import Image


def legacy_value(image: Image) -> bytes:
    """The value of a message: a gray picture as RGBA, base64, in JSON.

    `channels` says 3, as the old producer did: it counted those of the camera's picture.
    """
    rgba = cv2.cvtColor(image, cv2.COLOR_GRAY2RGBA)
    rows, cols = image.shape
    pix = base64.b64encode(rgba.tobytes()).decode()
    return json.dumps({"pix": pix, "channels": 3, "rows": rows, "cols": cols}).encode()
