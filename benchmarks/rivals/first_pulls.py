"""Pulling every arm once, for rivals that cannot choose before, or that take an arm never pulled for a bad one."""

from .rival import Rival


class FirstPulls(Rival):
    """`best` is asked only once every arm has been pulled and learnt from."""

    def __init__(self, policy: str, arms: int, seed: int) -> None:
        self.waiting = list(range(arms))

    def choose(self) -> int:
        """The arm to pull."""
        return self.waiting.pop() if self.waiting else self.best()

    def best(self) -> int:
        """The rival's own choice."""
        raise NotImplementedError
