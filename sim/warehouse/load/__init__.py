"""Loads: rows of a run or of a seed plan into a target."""
