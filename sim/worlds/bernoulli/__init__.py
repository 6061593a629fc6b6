"""The bernoulli world: independent arms, one pull at a time."""
