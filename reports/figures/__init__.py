"""The figures: each function returns a matplotlib Figure, `style` turns it into bytes, the same each time."""
