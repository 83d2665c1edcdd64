# /// script
# requires-python = ">=3.11"
# dependencies = ["onnx>=1.19", "numpy>=2"]
# ///
"""Makes squares.onnx: a detector whose answers are known without running it.

`uv run tests/support/objects_model/make.py` writes the file anew. It finds squares of 24 x 24
pixels, in pure red (class 0) or pure blue (class 1), in a picture of 64 x 64, when they lie on the
grid of 8 x 8 cells. The score of a cell is the share of its own and its 8 neighbours' area that has
the colour: 1 in the middle of a square, 6/9 beside it, 4/9 at its corners. Each cell has a box of
24 x 24 around its centre, so that of the middle is the square. Input and output are YOLOv8's.
"""

from pathlib import Path

import numpy as np
import onnx  # type: ignore[import-not-found] # makes the file; the tests do without
from onnx import TensorProto, helper, numpy_helper

SIDE, CELL, CELLS, CLASSES = 64, 8, 8, 2

colour = np.full((CLASSES, 3, 1, 1), -1.0)
colour[0, 0] = colour[1, 2] = 1.0  # red minus green minus blue; blue minus red minus green
centres = (np.arange(CELLS) + 0.5) * CELL
boxes = np.full((1, 4, CELLS, CELLS), 3.0 * CELL)
boxes[0, 0] = centres[np.newaxis, :]
boxes[0, 1] = centres[:, np.newaxis]

constants = {
    "cell_weights": np.tile(colour / CELL**2, (1, 1, CELL, CELL)),
    "neighbour_weights": np.full((CLASSES, 1, 3, 3), 1 / 9),
    "boxes": boxes,
    "zero": np.array(0.0),
    "one": np.array(1.0),
}
nodes = [
    helper.make_node(
        "Conv",
        ["images", "cell_weights"],
        ["difference"],
        strides=[CELL] * 2,
        kernel_shape=[CELL] * 2,
    ),
    helper.make_node("Clip", ["difference", "zero", "one"], ["share"]),
    helper.make_node(
        "Conv",
        ["share", "neighbour_weights"],
        ["scores"],
        group=CLASSES,
        pads=[1] * 4,
        kernel_shape=[3] * 2,
    ),
    helper.make_node("Concat", ["boxes", "scores"], ["cells"], axis=1),
    helper.make_node("Reshape", ["cells", "shape"], ["output0"]),
]
graph = helper.make_graph(
    nodes,
    "squares",
    [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, SIDE, SIDE])],
    [helper.make_tensor_value_info("output0", TensorProto.FLOAT, [1, 4 + CLASSES, CELLS**2])],
    [
        *(numpy_helper.from_array(v.astype(np.float32), name) for name, v in constants.items()),
        numpy_helper.from_array(np.array([1, 4 + CLASSES, CELLS**2], np.int64), "shape"),
    ],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
onnx.checker.check_model(model, full_check=True)
onnx.save(model, Path(__file__).with_name("squares.onnx"))
