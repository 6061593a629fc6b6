"""The typed sections of a scenario."""
