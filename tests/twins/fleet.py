"""A naive twin of pages that share a bank: they wait for one another every morning, and then add up what they know."""

import numpy as np

from policies.base import CATEGORY
from twins.traffic import DAY, NaivePage


class NaiveFleetPage(NaivePage):
    """A page whose policy reads the sums over `fleet`, the pages of the replication."""

    fleet: list["NaiveFleetPage"]
    categories: dict[int, int]

    def known(self):
        """{caption id: (n, s)} of this page, as of now."""
        found = {}
        for tier, captions in enumerate(self.warm):
            for c in captions:
                found[c["id"]] = self.evidence(c, tier)
        return found

    def show(self, c, tier):
        """The state of the tier, in which a policy that asks for it finds the caption's category."""
        if self.policy.reads_category:
            self.states[tier][CATEGORY] = self.categories[c["id"]]
        return self.states[tier]

    def evidence(self, c, tier):
        counted = self.tabulated(c)
        if not self.policy.reads_sales:
            labels = [m["label"] for m in counted if m["label"] is not None]
            return float(len(labels)), float(sum(labels))
        views = 0.0
        for m in counted:
            views += m["views"] * m["left"]
        sales = (views, float(sum(m["known"] for m in counted)), float(len(counted)), float(c["price"]))
        return self.policy.rule.evidence(*sales, self.show(c, tier), self.params)

    def choose(self, tier, day, slots):
        self.tier, self.day = tier, day
        super().choose(tier, day, slots)

    def statistics(self, arms, rates):
        rule = self.policy.rule
        if self.policy.reads_sales:
            for c in self.warm[self.tier]:
                rule.observe_sales(*self.sales(c), self.show(c, self.tier), self.params)
        derived = self.with_fleet(arms) if self.policy.reads_fleet else self.alone(arms)
        if self.policy.reads_rest:
            derived = [self.rested(c, *pair) for c, pair in zip(arms, derived, strict=True)]
        n = super().statistics(arms, rates)[0]
        return n, np.array([a for a, _ in derived]), np.array([b for _, b in derived])

    def with_fleet(self, arms):
        rule, known = self.policy.rule, {}
        for c in self.warm[self.tier]:
            own = self.evidence(c, self.tier)
            known[c["id"]] = (*own, *(self.sums[c["id"]] if self.world.bank.shared else own), float(c["price"]))
            rule.observe_fleet(*known[c["id"]], self.show(c, self.tier), self.params)
        return [rule.summarise_fleet(*known[c["id"]], self.show(c, self.tier), self.params) for c in arms]

    def alone(self, arms):
        summarise = self.policy.rule.summarise_sales
        return [summarise(*self.sales(c), self.show(c, self.tier), self.params) for c in arms]

    def sales(self, c):
        counted = self.tabulated(c)
        views = 0.0
        for m in counted:
            views += m["views"] * m["left"]
        return views, float(sum(m["known"] for m in counted)), float(len(counted)), float(c["price"])

    def left(self, c, day):
        """The share of its rate that the policy believes a caption to have."""
        drop, half_life = self.policy.fatigue_assumed
        wear, worn = 0.0, 0
        for used in c["used"]:
            if c["tier"] < 3:
                wear = wear * 2.0 ** (-float(used // DAY - worn) / half_life) if wear else 0.0
                wear, worn = wear + drop * (1.0 - wear), used // DAY
        return 1.0 - (wear * 2.0 ** (-float(day - worn) / half_life) if wear else 0.0)

    def rested(self, c, a, b):
        if not c["used"]:
            return a, b
        rest = float(self.day * DAY - c["used"][-1]) / DAY
        return self.policy.rule.recover(a, b, rest, self.left(c, self.day), self.params)

    def send(self, slot):
        left = self.left(slot["caption"], slot["time"] // DAY) if self.policy.reads_rest else 1.0
        if self.policy.reads_rest and self.policy.seasons_known:
            left = left * slot["factor"]
        super().send(slot)
        self.messages[-1]["left"] = left


def run_together(pages):
    """Run all pages, morning by morning."""
    given = [{} for _ in pages]
    sums: dict[int, tuple[float, float]] = {}
    for page in pages:
        page.start()
        page.sums = sums
    for day in range(int(pages[0].scenario.horizon.days)):
        for number, page in enumerate(pages):
            page.advance(day * DAY, 1)
            for caption, (n, s) in page.known().items():
                before = given[number].get(caption, (0.0, 0.0))
                total = sums.get(caption, (0.0, 0.0))
                sums[caption] = (total[0] + (n - before[0]), total[1] + (s - before[1]))
                given[number][caption] = (n, s)
        for page in pages:
            for c in page.captions:
                sums.setdefault(c["id"], (0.0, 0.0))
            page.advance(day * DAY, 2)
    for page in pages:
        page.advance(float("inf"), 0)
