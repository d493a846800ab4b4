"""What the lessons need and a library does not: data, checks, plots, tasks, recorded results."""
