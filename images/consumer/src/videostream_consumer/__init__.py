"""The consumer of the pipeline: frames from Kafka, signals measured, points in InfluxDB."""

import os

# A JPEG header may claim 65535 x 65535 pixels. OpenCV reads this bound once, when it is loaded,
# so it stands before any import of cv2: one hostile record must not end the process.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(2**26))
