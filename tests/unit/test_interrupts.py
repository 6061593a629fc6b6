"""Interrupts end the program also where Python only prints what is raised."""

import signal
import sys
import time

import pytest

from sim.interrupts import Terminated, ending_by_signals


class Interrupted:
    """Its end is where a signal arrives."""

    def __init__(self, number: signal.Signals) -> None:
        self._number = number

    def __del__(self) -> None:
        signal.raise_signal(self._number)


@pytest.mark.parametrize(
    ("number", "raised"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)], ids=["INT", "TERM"]
)
def test_a_signal_in_a_destructor_is_not_lost(
    number: signal.Signals, raised: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = signal.getsignal(signal.SIGTERM), signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(raised), ending_by_signals():
            held = [Interrupted(number)]
            held.clear()
            time.sleep(20)  # until the signal is sent again
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGINT, before[1])


def test_other_problems_of_destructors_go_their_usual_way(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def __del__(self) -> None:
            raise ValueError("as usual")

    seen: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda problem: seen.append(problem.exc_type))
    with ending_by_signals():
        held = [Broken()]
        held.clear()
    assert seen == [ValueError]
