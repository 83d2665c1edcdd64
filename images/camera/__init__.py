"""A simulated camera: RTSP and MJPEG streams of a scene whose signals are known in advance."""
