"""Random numbers and special functions that rules use."""
