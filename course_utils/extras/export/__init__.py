"""The files that a model becomes, and what they weigh: .keras, LiteRT, and a compact sparse file.

A pruned model is an ordinary Keras model, also under held masks. So SavedModel and ONNX come from
Keras: `model.export(path)`, `model.export(path, format="onnx")`. Nobody runs such an ONNX file
before it is handed out: open it once, `onnxruntime.InferenceSession(path)`. With the exact GELU,
Keras's default, one is written that onnxruntime refuses; the approximate one runs.
"""

from course_utils.extras.export.litert import litert
from course_utils.extras.export.sizes import FileSize, FileSizes, keras_bytes, sizes
from course_utils.extras.export.sparse import read_sparse, sparse_file, write_sparse

__all__ = [
    "FileSize",
    "FileSizes",
    "keras_bytes",
    "litert",
    "read_sparse",
    "sizes",
    "sparse_file",
    "write_sparse",
]
