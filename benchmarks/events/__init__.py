"""What events cost: a SimPy process a message against ours, and SimPy's own share of our time."""
