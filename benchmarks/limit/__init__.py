"""What the machine could do: the same work in C."""
