"""The decision: switch, keep or undecided. docs/decision.md states the rule; each module holds one part of it.

    inputs.py      what the rule reads: one value per policy and replication, and what is known of the policies
    from_run.py    the input of a run
    tails.py       whether a sample is large enough for its interval
    guardrails.py  what a policy must not do to be named
    anchors.py     the deployed rule against random, rotation and perfect choice
    outcome.py     the choice, from gains with their intervals
    rule.py        all of it together
    stability.py   how often resampled replications give the same outcome
    who.py         who gains (who_from_run.py, who_text.py)
    text.py        sentences     data.py   the JSON object

Nothing here draws a figure.
"""
