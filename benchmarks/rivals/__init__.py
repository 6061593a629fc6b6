"""Other ways to run the same bandit problem: one small file each.

Each file says what to install, which of our rules the rival offers, which rules of that name are other rules there,
and how to play. Nothing here needs more than the standard library until a rival plays, because `python -m rivals` runs
under the rival's own Python, in its own environment, where this project is not installed.
"""
