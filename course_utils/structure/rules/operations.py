"""Which rule holds for which operation of keras.ops, where a Functional model calls it itself."""

import numpy as np

from course_utils.backend import keras
from course_utils.structure.calls import Call, Flows
from course_utils.structure.functions import tried_layer
from course_utils.structure.ids import Flow
from course_utils.structure.rules import joins, norms, parts, places, products, shapes
from course_utils.structure.symbolic import output_spec

RULES = {
    **places.OPERATIONS,
    **shapes.OPERATIONS,
    **joins.OPERATIONS,
    **parts.OPERATIONS,
    **products.OPERATIONS,
    **norms.OPERATIONS,
}


def unknown(call: Call) -> Flows:
    """What no rule is known for: a function of one tensor may act on each entry alone.

    It is tried, unless it has weights or a state.
    """
    first, *others = call.arguments or (None,)
    if not call.x.free or not isinstance(first, Flow) or len(call.flows) > 1:
        return call.refuse()
    options = {key: value for key, value in call.options.items() if key != "training"}
    wider = [n + 6 if axis in first.varying else n for axis, n in enumerate(first.shape)]
    result = tried_layer(call.layer, (*wider,), *others, **options)
    if result.why or call.shapes != [first.shape]:
        return call.refuse(result.why or "makes a tensor of another shape")
    if not _fits_others(call, *others, **options):
        return call.refuse("declares a size of its input or output, as by output_shape")
    if not np.isfinite(result.at_zero):
        return places.undefined_at_0(call)
    return call.passed(result.zero_stays)


def _fits_others(call: Call, *others: object, **options: object) -> bool:
    """Tell whether a layer takes, and declares to make, tensors of other sizes as well."""
    specs = keras.tree.flatten(getattr(call.layer, "input_spec", None))
    sized = any(getattr(spec, "axes", None) or getattr(spec, "shape", None) for spec in specs)
    shape = (None, *(n + 1 if a in call.x.varying else n for a, n in enumerate(call.x.shape)))
    try:
        made = output_spec(call.layer, keras.KerasTensor(shape), *others, **options)
    except Exception:  # whatever it says to another size
        return False
    return made.shape == shape and not sized
