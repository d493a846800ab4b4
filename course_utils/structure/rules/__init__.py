"""What each kind of layer or operation does with channels: one rule and one row of a table each.

A rule that knows what to do with more than one tensor also stands in the registry's `_OF_MANY`;
for all others nothing goes from what comes in beside the first.
"""
