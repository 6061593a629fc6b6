"""Run folders in object stores."""
