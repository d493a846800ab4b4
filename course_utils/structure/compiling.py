"""A smaller model compiled as the larger one was: the same settings, nothing learned yet."""

from course_utils.backend import compile_settings, keras
from course_utils.structure.copying import Copier
from course_utils.structure.internals import exclude_alike


def compile_like(old: keras.Model, new: keras.Model, copier: Copier) -> None:
    """Compile with the same settings, a new optimizer of the same kind, and new metrics.

    What a `compile` of the class's own was given stands in the model's attributes.
    """
    settings = compile_settings(old)
    settings = {key: copier(value) for key, value in settings.items() if key != "optimizer"}
    for metric in keras.tree.flatten([settings["metrics"], settings["weighted_metrics"]]):
        if isinstance(metric, keras.metrics.Metric):
            metric.reset_state()
    optimizer = copier(old.optimizer)
    exclude_alike(old.optimizer, optimizer, copier.pairs())
    # It has been given one that scales losses, where there is one.
    keras.Model.compile(new, optimizer, auto_scale_loss=False, **settings)
