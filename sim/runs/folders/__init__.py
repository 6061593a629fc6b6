"""The run folder: its layout, lock, manifest, and what replaces or refuses an older run."""
