"""A naive twin of pages that lock captions for one another: page after page, every morning."""

import math

from twins.composite import NaiveCompositePage
from twins.traffic import DAY, NaivePage


class Locking:
    """What a page does more; `locks` maps a caption's id to the second of its latest send on any page."""

    locks: dict[int, int]

    def is_free(self, c, latest):
        aborts = self.scenario.selection.agency_lock == "abort"
        return super().is_free(c, latest) and (aborts or self.is_unlocked(c, latest))

    def is_unlocked(self, c, latest):
        return self.locks.get(c["id"], -math.inf) <= latest

    is_possible = is_unlocked

    def assigned(self, chosen, arms, latest):
        for count, i in enumerate(chosen):
            if not self.is_unlocked(arms[i], latest):
                self.aborted = True
                return chosen[:count]
        return chosen

    def note(self, slots, day):
        for slot in slots:
            self.locks[slot["caption"]["id"]] = max(slot["time"], day * DAY + 1)

    def shares(self, *decision):
        """Of a call that may abort, statistical tests know more."""
        shares = super().shares(*decision)
        return [math.nan] * len(shares) if self.scenario.selection.agency_lock == "abort" else shares


class NaiveLockedPage(Locking, NaivePage):
    """A page with the plain selection."""


class NaiveLockedCompositePage(Locking, NaiveCompositePage):
    """A page with the composite selection."""


def run_in_turn(pages):
    """Run all pages: every morning one chooses after another."""
    locks: dict[int, int] = {}
    for page in pages:
        page.start()
        page.locks = locks
    for day in range(int(pages[0].scenario.horizon.days)):
        for page in pages:
            page.advance(day * DAY, 2)
    for page in pages:
        page.advance(math.inf, 0)
    return locks
