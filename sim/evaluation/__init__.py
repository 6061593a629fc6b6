"""What other policies would have earned on a log: off-policy evaluation.

    log file ──log.py──> Log ──target.py──> weights ──estimators.py──> Terms ──intervals.py──> intervals
                          └──reward_model.py──> expected rewards ──┘        └──diagnostics.py──> warnings, refusals

`adaptive.py` treats logs that a bandit collected. The formulas are pure functions of NumPy arrays.
"""
