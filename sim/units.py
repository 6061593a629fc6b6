"""Conversion factors between units."""

MICROS = 1_000_000
"""Microseconds per second, and millionths of a dollar per dollar."""
HOUR_S = 3_600
DAY_S = 24 * HOUR_S
DAY_US = DAY_S * MICROS
WEEK_DAYS = 7
