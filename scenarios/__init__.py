"""The scenarios that come with the program, one YAML file each."""

from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent


@cache
def names() -> tuple[str, ...]:
    """The names of all shipped scenarios, in alphabetical order."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def path_of(name: str) -> Path:
    """The file of a shipped scenario; KeyError where there is none of that name."""
    if name not in names():
        raise KeyError(name)
    return FOLDER / f"{name}.yaml"
