"""`make bench`: run every benchmark and print its table."""

import cv2

from tests.bench import wire


def main() -> None:
    """Run the benchmarks one after the other, on one thread as the images do."""
    cv2.setNumThreads(1)
    wire.run()


if __name__ == "__main__":
    main()
