"""Runs: blocks of replications, their merge into tables, the run folder and its manifest."""
