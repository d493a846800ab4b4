"""What goes beyond pruning: search, sweeps, weight clustering, files, speed.

Each folder stands alone; nothing in the core or in `structure` needs one.
"""
