"""What needs keras-hub is not imported here: `make zoo` has an environment for it."""

collect_ignore_glob = ["hub*.py", "run_zoo.py"]
