"""Time and check this simulator against other packages on the same problem: `python -m benchmarks.peers`."""
