"""The steps behind tools/environment.py: look at the machine, install, run."""
