"""What each kind of layer or operation does with channels: one rule and one row of a table each.

Only rules of the modules that the registry names at `_OF_MANY` know what to do with more than one
tensor; for all others nothing goes from what comes in beside the first.
"""
