"""How a kernel selects the arm with the largest score."""
