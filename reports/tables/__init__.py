"""Tables that the report derives from a run."""
