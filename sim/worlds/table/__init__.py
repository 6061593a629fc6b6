"""The table world: counts of a file as the truth."""
