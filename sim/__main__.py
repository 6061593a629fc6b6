"""`python -m sim`."""

from sim.cli import main

if __name__ == "__main__":  # spawned workers import this module again, under another name
    main()
