"""The cameras of these tests."""

from tests.support.camera import camera, locked_camera

__all__ = ["camera", "locked_camera"]
