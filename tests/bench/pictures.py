"""Pictures to measure with: an easy one and a hard one, since JPEG's size depends on the scene."""

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]


def soft(width: int, height: int) -> Picture:
    """Give a smooth BGR picture with light sensor noise, like an indoor camera's."""
    across = np.linspace(40, 200, width)[None, :]
    down = np.linspace(0, 40, height)[:, None]
    noise = np.random.default_rng(1).normal(0, 1.5, (height, width))
    gray = np.clip(across + down + noise, 0, 255).astype(np.uint8)
    return np.asarray(cv2.applyColorMap(gray, cv2.COLORMAP_BONE), dtype=np.uint8)


def textured(width: int, height: int) -> Picture:
    """Give a BGR picture full of fine texture, like leaves in the wind."""
    noise = np.random.default_rng(2).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return np.asarray(cv2.GaussianBlur(noise, (5, 5), 0), dtype=np.uint8)
