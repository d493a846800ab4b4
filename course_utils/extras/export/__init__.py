"""The files that a model becomes, and what they weigh: .keras, LiteRT, and a compact sparse file.

SavedModel and ONNX need nothing from here: `model.export(path)`, `model.export(path,
format="onnx")`. A pruned model is an ordinary Keras model, also under held masks.
"""

from course_utils.extras.export.keras_file import keras_bytes
from course_utils.extras.export.litert import litert
from course_utils.extras.export.sparse import read_sparse, sparse_file, write_sparse

__all__ = ["keras_bytes", "litert", "read_sparse", "sparse_file", "write_sparse"]
