"""What is measured of a world: allocation of sends, estimation, lock-out."""
