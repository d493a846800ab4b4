"""Pruning for Keras 3, small enough to be read in a lesson.

One dictionary runs through everything, weights -> scores -> masks, under the same names:

    weights   {"conv/kernel": array}   the prunable kernels of a model
    scores    {"conv/kernel": array}   how much each weight matters, by some criterion
    masks     {"conv/kernel": array}   True where a weight stays, False where it is pruned
    sparsity  0.9                      the share of all prunable weights that is zero
    scope     "global" or "layer"      what is ranked together

The modules, in the order in which they build on one another:

    arrays, operators, criteria, masking, costs    NumPy only
    backend, data, models, pruning, measuring      Keras
    plots, progress, widgets, checks               teaching
"""

__version__ = "0.1.0"
