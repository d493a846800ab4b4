"""What each kind of layer or operation does with channels: one rule and one row of a table each."""
