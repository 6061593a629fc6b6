"""Measurements against peers and against the limit of the machine; run by hand, never asserted by time."""
