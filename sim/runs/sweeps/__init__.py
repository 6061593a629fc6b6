"""Sweeps on the disk: the grid of cells and their folders."""
