"""Checks for the exercises, one module a notebook; each check returns a Verdict, a sentence."""
