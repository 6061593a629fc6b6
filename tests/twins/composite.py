"""A naive twin of the composite selection: budgets, diversity and values, caption by caption."""

import numpy as np

from policies.maths.draws import arm_key, pull_key, uniform
from twins.traffic import DAY, NaivePage


class NaiveCompositePage(NaivePage):
    """A page under `selection.score: composite`; `listing` maps a caption to (category, urgent, dollars)."""

    def __init__(self, *args, listing, **kwargs):
        super().__init__(*args, **kwargs)
        self.pooled, self.listing, self.used = False, listing, []

    def begin_day(self, day):
        slots = super().begin_day(day)
        for slot in sorted(slots, key=lambda slot: slot["time"]):
            if slot["caption"] is not None:
                self.used.append((day, slot["tier"], *self.listing[slot["caption"]["id"]][:2]))
        return slots

    def excluded(self, c, day):
        uses, urgent = self.weekly(c, day), self.listing[c["id"]][1]
        return self.scenario.selection.budgets and uses >= (5 if urgent else 20)

    def weekly(self, c, day):
        if self.scenario.selection.sweep:
            return 0
        like = self.listing[c["id"]][:2]
        return sum(1 for when, _, *kind in self.used if when >= day - 7 and tuple(kind) == like)

    def bonus(self, c, tier, day):
        category, urgent, dollars = self.listing[c["id"]]
        last, uses = self.used[::-1][:7], self.weekly(c, day)
        diversity = 0.15 * (
            (-0.2 if category in [use[2] for use in last[:5]] else 0.1)
            + (-0.2 if tier in [use[1] for use in last] else 0.1)
            + (-0.1 if urgent and last and last[0][3] else 0.05)
        )
        bonus = 0.15 * diversity
        if self.scenario.selection.budgets:
            bonus += 0.10 * (-0.5 if urgent and uses >= 4 else -0.3 if uses >= 16 else -0.15 if uses >= 12 else 0.0)
        return bonus + 0.15 * self.value(c, dollars) / 100.0

    def value(self, c, dollars):
        counted = self.tabulated(c)
        if not counted:
            return dollars if self.scenario.selection.no_row_value == "dollars" else 0.0
        emvs, total = [m["emv"] for m in counted if m["emv"] is not None], 0.0
        for emv in emvs:
            total += emv
        return total / len(emvs) if emvs else 0.0

    def choose(self, tier, day, slots):
        selection = self.scenario.selection
        latest = day * DAY - (0 if selection.sweep else round(DAY * selection.cool_down_days))
        arms = [c for c in self.warm[tier] if day // 7 < c["retires"] and self.is_free(c, latest)]
        arms = [c for c in arms if not np.isnan(self.listing[c["id"]][2])]  # of a price tier that is never selected
        barred = [self.excluded(c, day) for c in arms]
        if not selection.rank_defect:
            arms = [c for c, out in zip(arms, barred, strict=True) if not out]
            barred = [False] * len(arms)
        for slot in slots:
            slot["caption"] = None
        if not slots or not arms or self.aborted:
            self.unfilled += len(slots)
            return
        rates = [c["rate"] * (1.0 - self.wear(c, day)) for c in arms]
        key = pull_key(self.keys["policy"], day * 4 + tier)
        chosen = self.ranked(tier, day, arms, rates, len(slots), key)
        chosen = self.assigned([i for i in chosen if not barred[i]], arms, latest)
        self.unfilled += len(slots) - len(chosen)
        for slot, i in zip(slots, chosen, strict=False):
            slot["caption"], slot["chance"] = arms[i], None
        allowed = [i for i, c in enumerate(arms) if not barred[i] and self.is_possible(c, latest)]
        if chosen:
            self.judge(tier, day, slots[: len(chosen)], [rates[i] for i in allowed], [arms[i] for i in allowed])
        self.note(slots[: len(chosen)], day)

    def ranked(self, tier, day, arms, rates, wanted, key):
        rule, state = self.policy.rule, self.states[tier]
        n, x, y = self.statistics(arms, rates)
        rule.prepare(len(self.messages), n, x, y, self.params, state, key)
        scored = []
        for i, c in enumerate(arms):
            score = rule.score(x[i], y[i], state, self.params, arm_key(key, i))
            scored.append((-(0.70 * score + self.bonus(c, tier, day)), -uniform(arm_key(key, len(n) + i)), i))
        return [i for _, _, i in sorted(scored)][:wanted]


def listing_of(block, rows, caption_ids):
    """(category, urgent, dollars) of the captions of the page in row `rows`."""
    bank = block.bank
    values = zip(bank.category[rows], bank.urgent[rows], np.array(bank.dollars[rows]), strict=True)
    return {
        int(i): (int(category), int(urgent), float(dollars))
        for i, (category, urgent, dollars) in zip(caption_ids, values, strict=True)
    }
