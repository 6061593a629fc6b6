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


@cache
def sweeps() -> tuple[str, ...]:
    """The names of all shipped sweeps, in alphabetical order."""
    return tuple(sorted(path.stem for path in (FOLDER / "sweeps").glob("*.yaml")))


def sweep_text(name: str) -> str:
    """The keys and values of a shipped sweep, as YAML."""
    return (FOLDER / "sweeps" / f"{name}.yaml").read_text(encoding="utf-8")


def template(world: str) -> str:
    """The text of a commented scenario of this kind of world, in which NAME stands for its name."""
    return (FOLDER / "templates" / f"{world}.yaml").read_text(encoding="utf-8")
