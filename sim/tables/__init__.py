"""Tables of a run: rows of caption_bandit_stats, the send log, observations."""
