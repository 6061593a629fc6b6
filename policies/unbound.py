"""Names that a kernel template leaves open, for `sim.kernels.specialise` to bind."""

from typing import Any


class Unbound:
    """A declared function or constant without a value: calling it, or asking whether it is true, is an error."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, *_: Any) -> Any:
        """Raise TypeError."""
        raise self._error()

    def __bool__(self) -> bool:
        raise self._error()

    def __repr__(self) -> str:
        return f"unbound({self.name!r})"

    def _error(self) -> TypeError:
        return TypeError(f"`{self.name}` is unbound: call the kernel that `specialise` makes of this function")


def unbound(name: str) -> Any:
    """Declare a name of a module: `score = unbound("score")`; typed as Any, so that the declaration can be typed."""
    return Unbound(name)
