"""Pruning for Keras 3, small enough to be read in a lesson.

One dictionary runs through everything, weights -> scores -> masks, under the same names:

    weights   {"conv/kernel": array}   the prunable kernels of a model
    scores    {"conv/kernel": array}   how much each weight matters, by some criterion
    masks     {"conv/kernel": array}   True where a weight stays, False where it is pruned
    sparsity  0.9                      the share of all prunable weights that is zero
    criterion                          a function: weights -> scores
    scope     "global", "layer", "erk" what is ranked together
    granularity  "weight", "filter"    what goes together
    schedule                           a function: step -> sparsity

The modules, in the order in which they build on one another; each imports only what is above it:

    arrays        what may come in                   NumPy only, from here
    operators     norms, normalize, prune
    criteria      weights -> scores
    masking       scores -> masks
    schedules     step -> sparsity
    regrowth      masks that move
    costs         what a layer costs
    sparsefile    arrays of zeros, in few bytes
    forgetting    what one number hides              to here
    backend       TensorFlow and Keras, quietly
    datafiles     files, read and fetched safely
    mnist         where MNIST may be
    data          digits, verified, split once
    models        the course's small networks
    tasks         scenes, sounds and words, and their networks
    graph         a model as a list of calls
    pruning       find kernels, hold masks, follow   the heart of it
    measuring     what a model holds, costs, takes
    structure     channels that belong together, and a model without some
    regularizing  penalties on the way to pruning
    sharing       few different values, held through training
    export        files: .keras, LiteRT, sparse
    search        scan the layers, plan for a budget, go as far as it goes
    recorded      results that took long to measure
    sweeping      many trials, on one machine or many
    scoreboard    strangers' networks, judged and ranked
    plots, progress, widgets, checks                 what the lessons need
"""

__version__ = "0.1.0"
