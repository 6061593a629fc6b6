"""A naive twin of the traffic world: plain Python, list by list, one page at a time."""

import math
import statistics

import numpy as np

from policies.maths.draws import STREAM, arm_key, gamma, mix, normal, pull_key, uniform
from sim.rng import policy_purpose, row_keys
from sim.worlds.count_draws import binomial
from sim.worlds.traffic.arrays import pools
from sim.worlds.traffic.parameters import clipped_mean
from twins.traffic_calendar import cycle_of, season_of

DAY = 86_400


def refresh_times(scenario):
    """Seconds of the refreshes."""
    refresh_s = round(3600 * scenario.feedback.refresh_hours)
    return [k * refresh_s for k in range(1, int(scenario.horizon.days) * DAY // refresh_s + 1)]


class NaivePage:
    """One page of one replication; `bank` lists its captions at time zero."""

    def __init__(self, scenario, replication, page, bank, fans):
        self.scenario, self.world, self.fans = scenario, scenario.world, fans
        spec = scenario.policies[0]
        self.policy = spec.build()
        self.params = self.policy.parameters()
        self.states = np.zeros((4, self.policy.state_size))
        self.keys = {
            name: row_keys(scenario.seed, purpose, [replication], page + 1)[0, page]
            for name, purpose in {
                "slots": "traffic:slots",
                "views": "traffic:views",
                "outcomes": "traffic:outcomes",
                "drift": "traffic:drift",
                "policy": policy_purpose(spec.name),
                "pool": "pool",
            }.items()
        }
        self.shared_drift = row_keys(scenario.seed, "traffic:shared_drift", [replication])[0, 0]
        low, high = self.world.sends.min_gap_minutes
        gap, phase = (
            uniform(row_keys(scenario.seed, f"traffic:{name}", [replication], page + 1)[0, page])
            for name in ("gap", "phase")
        )
        self.gap, self.phase = round(60 * (low + (high - low) * gap)), phase
        self.captions = [
            {
                "id": i,
                "tier": t,
                "price": p,
                "log_rate": r,
                "arrives": a,
                "retires": z,
                "wear": 0.0,
                "worn": 0,
                "used": [],
                "pooled": False,
            }
            for i, t, p, r, a, z in bank
        ]
        for c in self.captions:
            c["rate"] = math.exp(c["log_rate"])
        self.pooled, self.aborted = pools(self.policy, scenario.selection), False
        self.pool_size, self.renew = spec.pool, spec.renew or math.inf
        self.pool_number, self.pool_cold = -1, [0] * 4
        self.cold, self.warm, self.week = [[], [], [], []], [[], [], [], []], -1
        self.messages, self.counted, self.priced, self.unfilled = [], 0, 0, 0
        self.regret = self.regret_usd = self.expected_usd = 0.0
        self.best = 0
        self.window_of_median = []
        self.cycle = cycle_of(scenario.selection.quotas)
        self.season = season_of(scenario, replication)

    # -- the world -----------------------------------------------------------------------------------------------
    def run(self):
        self.start()
        self.advance(math.inf, 0)

    def start(self):
        days = int(self.scenario.horizon.days)
        self.events = [(time, 0, None) for time in refresh_times(self.scenario) if time < days * DAY]
        self.events += [(day * DAY, 1, day) for day in range(days)]

    def advance(self, until, kind):
        """All events before those of `kind` at `until`."""
        end = int(self.scenario.horizon.days) * DAY
        while self.events and (event := min(self.events, key=lambda e: e[:2]))[:2] < (until, kind):
            self.events.remove(event)
            time, kind_now, what = event
            if kind_now == 0:
                self.refresh(time)
            elif kind_now == 1:
                self.events += [(slot["time"], 2, slot) for slot in self.begin_day(what) if slot["time"] < end]
            elif what["caption"] is not None:
                self.send(what)

    def begin_day(self, day):
        if day % 7 == 0:
            self.begin_week(day // 7)
        if self.pool_size:
            self.keep_pools(day)
        slots, self.aborted = self.plan(day), False
        for tier in range(4):
            self.choose(tier, day, [slot for slot in slots if slot["tier"] == tier])
        return sorted(slots, key=lambda slot: slot["number"])

    # -- the bank ------------------------------------------------------------------------------------------------
    def begin_week(self, week):
        self.week = week
        for c in self.captions:
            if c["tier"] < 3 and c["arrives"] < week:
                self.drift(c, week)
        for tier, cold in enumerate(self.cold):
            if self.pool_size:
                self.lose_cold(tier, week, [c for c in cold if week <= c["retires"]])
            alive = [c for c in cold if week < c["retires"]]
            # Those who retire are struck off the list once they are more than half of it.
            cold[:] = alive if len(alive) < 0.5 * len(cold) else cold
            cold += [c for c in self.captions if c["tier"] == tier and c["arrives"] == week]
            if not self.pooled:
                self.warm[tier] += cold
                cold.clear()

    def drift(self, c, week):
        sigma, key = self.world.drift.sigma_per_week, pull_key(self.keys["drift"], week)
        coins = int(mix(arm_key(key, c["id"])))
        if self.world.bank.shared:
            shared = (1 << round(64 * self.world.bank.correlation)) - 1
            together = int(mix(arm_key(pull_key(self.shared_drift, week), c["id"])))
            coins = (together & shared) | (coins & ~shared)
        heads = coins.bit_count()
        c["log_rate"] += 0.25 * sigma * (heads - 32.0) - 64.0 * math.log(math.cosh(0.125 * sigma))
        c["rate"] = math.exp(c["log_rate"])

    def lose_cold(self, tier, week, cold):
        """Chance says how many of those that retire now were in the pool."""
        key = pull_key(self.keys["pool"], ((1 << 40) + week) * 4 + tier)
        for i in range(sum(c["retires"] == week for c in cold)):
            self.pool_cold[tier] -= bool(uniform(arm_key(key, i)) * (len(cold) - i) < self.pool_cold[tier])

    def keep_pools(self, day):
        renewed = day // self.renew != self.pool_number
        if renewed:
            self.pool_number, self.pool_cold = day // self.renew, [0] * 4
            for c in self.captions:
                c["pooled"] = False
        for tier in range(4) if renewed or day % 7 == 0 else ():
            key = pull_key(self.keys["pool"], day * 4 + tier)
            alive = [(i, c) for i, c in enumerate(self.warm[tier]) if day // 7 < c["retires"]]
            cold = sum(day // 7 < c["retires"] for c in self.cold[tier])
            outside = [(i, c) for i, c in alive if not c["pooled"]]
            others = len(outside) + cold - self.pool_cold[tier]
            wanted = min(self.pool_size - (len(alive) - len(outside)) - self.pool_cold[tier], others)
            for i, c in outside:
                c["pooled"] = bool(uniform(arm_key(key, i)) * others < wanted)
                wanted, others = wanted - c["pooled"], others - 1
            self.pool_cold[tier] += max(0, wanted)

    def take(self, tier, key):
        cold = self.cold[tier]
        while cold[number := int(uniform(key) * len(cold))]["retires"] <= self.week:
            key += STREAM
        taken, cold[number] = cold[number], cold[-1]
        cold.pop()
        self.warm[tier].append(taken)
        if self.pool_size:
            taken["pooled"], self.pool_cold[tier] = True, self.pool_cold[tier] - 1
        return taken

    def plan(self, day):
        sends, key = self.world.sends, pull_key(self.keys["slots"], day)
        low, high = sends.priced_per_day[0]
        priced = low + int(uniform(arm_key(key, 0)) * (high - low + 1))
        unpriced = int(priced * sends.unpriced_share / (1 - sends.unpriced_share) + uniform(arm_key(key, 1)))
        total = min(max(priced + unpriced, sends.per_day_limits[0]), sends.per_day_limits[1])
        first, length = round(3600 * sends.hours[0]), round(3600 * (sends.hours[1] - sends.hours[0]))
        gap = min(self.gap, length // total)
        u = sorted(uniform(arm_key(key, 16 + i)) for i in range(total))
        start = day * DAY + first + int(self.phase * gap)
        times = [start + int(u[i] * (length - total * gap)) + i * gap for i in range(total)]
        slots = [{"time": t, "number": day * 1024 + i} for i, t in enumerate(times)]
        order = list(range(total))
        for i in range(total - 1, 0, -1):
            j = int(uniform(arm_key(key, 16 + 1024 + i)) * (i + 1))
            order[i], order[j] = order[j], order[i]
        for place, i in enumerate(order):
            slots[i]["priced"] = place < priced
            slots[i]["tier"] = self.cycle[self.priced % len(self.cycle)] if place < priced else 3
            self.priced += place < priced
            hour = slots[i]["time"] % DAY // 3600
            slots[i]["factor"] = self.season[day] * self.world.factors.hour[hour]
        return [slots[i] for i in order]

    def wear(self, c, day):
        return c["wear"] * 2.0 ** (-(day - c["worn"]) / self.world.fatigue.half_life_days) if c["wear"] else 0.0

    # -- the choice ----------------------------------------------------------------------------------------------
    def choose(self, tier, day, slots):
        latest = day * DAY - round(DAY * self.scenario.selection.cool_down_days)
        arms = [c for c in self.warm[tier] if day // 7 < c["retires"] and self.is_free(c, latest)]
        cold = [c for c in self.cold[tier] if day // 7 < c["retires"]]
        eligible, all_arms = arms + cold, len(arms)
        rates = [c["rate"] * (1.0 - self.wear(c, day)) for c in eligible]
        own = [i for i, c in enumerate(arms) if c["pooled"] or not self.pool_size]
        arms, own_rates = [arms[i] for i in own], [rates[i] for i in own]
        known_cold = self.pool_cold[tier] if self.pool_size else len(cold)
        if not slots or (not arms and not known_cold) or self.aborted:
            self.unfilled += len(slots)
            for slot in slots:
                slot["caption"] = None
            return
        decision = (*self.statistics(arms, own_rates), known_cold, len(slots))
        key = pull_key(self.keys["policy"], day * 4 + tier)
        chosen = self.assigned(self.rank(self.states[tier], *decision, key), arms, latest)
        chances = self.shares(self.states[tier], *decision)
        self.unfilled += len(slots) - len(chosen)
        for place, slot in enumerate(slots):
            slot["caption"] = None
            if place < len(chosen):
                i, luck = chosen[place], arm_key(key, 2 * len(arms) + len(chosen) + place)
                slot["caption"] = arms[i] if i < len(arms) else self.take(tier, luck)
                slot["chance"] = chances[min(i, len(arms))]
        if chosen:
            possible = [i for i in range(len(rates)) if i >= all_arms or self.is_possible(eligible[i], latest)]
            allowed = [eligible[i] for i in possible]
            self.judge(tier, day, slots[: len(chosen)], [rates[i] for i in possible], allowed)
        self.note(slots[: len(chosen)], day)
        x, y = decision[1:3]
        for i, slot in zip(chosen, slots, strict=False):
            if i < len(arms):
                slot["weight"] = self.policy.rule.weight(x[i], y[i], self.states[tier], self.params)

    def is_free(self, c, latest):
        """Whether a caption is eligible."""
        return max(c["used"], default=-1e9) <= latest

    def is_possible(self, c, latest):
        """Whether the clairvoyant can choose an eligible caption."""
        return True

    def assigned(self, chosen, arms, latest):
        """Those of the chosen that are sent."""
        return chosen

    def note(self, slots, day):
        """See the captions of some slots."""

    def judge(self, tier, day, slots, rates, eligible):
        dollars = [rate * c["price"] for rate, c in zip(rates, eligible, strict=True)]
        own = [slot["caption"]["rate"] * (1.0 - self.wear(slot["caption"], day)) for slot in slots]
        paid = [rate * slot["caption"]["price"] for rate, slot in zip(own, slots, strict=True)]
        least = sorted(rates, reverse=True)[len(slots) - 1]
        for rate, slot in zip(own, slots, strict=True):
            slot["missed"] = [0.0, 0.0] if tier == 3 else [shortfall(rates, own), shortfall(dollars, paid)]
            slot["best"], slot["weight"] = tier < 3 and rate >= least, 1.0

    def statistics(self, arms, rates):
        memory, sent = self.policy.memory, len(self.messages)
        n, s, w = ([0.0] * len(arms) for _ in range(3))
        place = {c["id"]: i for i, c in enumerate(arms)}
        for ordinal, m in enumerate(self.messages[: self.counted]):
            i, success = place.get(m["caption"]["id"]), m["label"]
            if i is None or success is None or (memory.window and ordinal < sent - memory.window):
                continue
            share = memory.discount ** (sent - 1 - ordinal) if memory.discount < 1 else 1.0
            n[i] += share
            s[i] += share * success
            w[i] += share * success * m["weight"]
        rates = rates[: len(arms)]
        truth = (
            [r * c["price"] for r, c in zip(rates, arms, strict=True)]
            if self.policy.true_mean_of == "revenue"
            else rates
        )
        derived = [self.policy.rule.summarise(*values, self.params) for values in zip(n, s, w, truth, strict=True)]
        return np.array(n), np.array([x for x, _ in derived]), np.array([y for _, y in derived])

    def rank(self, state, n, x, y, cold, wanted, key):
        unseen = [] if self.policy.prepare_reads_tried else [math.nan] * cold
        rule, shown = self.policy.rule, [np.append(values, unseen) for values in (n, x, y)]
        rule.prepare(len(self.messages), *shown, self.params, state, key)
        scored = []
        for i in range(len(n)):
            score = rule.score(x[i], y[i], state, self.params, arm_key(key, i))
            scored.append((-score, -uniform(arm_key(key, len(n) + i)), i))
        own_x, own_y = rule.summarise(0.0, 0.0, 0.0, 0.0, self.params)
        u = 1.0
        for j in range(min(cold, wanted)):
            luck = arm_key(key, 2 * len(n) + j)
            u *= uniform(luck) ** (1.0 / (cold - j))
            score = rule.score(own_x, own_y, state, self.params, luck)
            if not self.policy.deterministic:
                score = rule.quantile(own_x, own_y, state, self.params, u)
            scored.append((-score, -u, len(n) + j))
        return [i for _, _, i in sorted(scored)][:wanted]

    def shares(self, state, n, x, y, cold, wanted):
        """The chances of fixed scores, whose ties share; NaN for random ones, of which statistical tests know more."""
        rule = self.policy.rule
        own = rule.summarise(0.0, 0.0, 0.0, 0.0, self.params)
        if not self.policy.deterministic:
            return [math.nan] * (len(n) + 1)
        scores = [rule.score(*pair, state, self.params, np.uint64(0)) for pair in [*zip(x, y, strict=True), own]]
        everyone = scores[:-1] + [scores[-1]] * cold
        ahead = [sum(other > score for other in everyone) for score in scores]
        return [
            max(0.0, min(1.0, (wanted - above) / max(everyone.count(score), 1)))
            for above, score in zip(ahead, scores, strict=True)
        ]

    # -- the send ------------------------------------------------------------------------------------------------
    def send(self, slot):
        c, law = slot["caption"], self.world.views.priced if slot["priced"] else self.world.views.unpriced
        key = pull_key(self.keys["views"], slot["number"])
        sigma = math.sqrt(math.log1p(law.cv**2))
        rate = math.exp(math.log(law.mean) - 0.5 * sigma**2 + sigma * normal(arm_key(key, 0)))
        views = binomial(arm_key(key, 1), self.fans, min(rate, 1.0))
        key, purchases, day = pull_key(arm_key(self.keys["outcomes"], c["id"]), len(c["used"])), 0, slot["time"] // DAY
        if slot["priced"]:
            shape = 1.0 / self.world.purchases.message_cv**2
            rate = c["rate"] * (1.0 - self.wear(c, day)) * slot["factor"]
            self.expected_usd += self.fans * clipped_mean(law) * min(rate, 1.0) * c["price"]
            rate *= gamma(arm_key(key, 1), shape) / shape
            purchases = binomial(arm_key(key, 0), views, min(rate, 1.0))
            wear = self.wear(c, day)
            c["wear"], c["worn"] = wear + self.world.fatigue.drop * (1.0 - wear), day
        exposure = self.fans * self.world.views.priced.mean * slot["factor"]
        self.regret += exposure * slot["missed"][0]
        self.regret_usd += exposure * slot["missed"][1]
        self.best += slot["best"]
        c["used"].append(slot["time"])
        self.messages.append({**slot, "views": views, "purchases": purchases, "price": c["price"], "key": key})

    def tabulated(self, c):
        """The counted messages of a caption; the table knows only messages that were viewed."""
        return [m for m in self.messages[: self.counted] if m["caption"]["id"] == c["id"] and m["views"]]

    # -- the update job ------------------------------------------------------------------------------------------
    def refresh(self, now):
        feedback, start = self.scenario.feedback, self.counted
        while self.counted < len(self.messages):
            m = self.messages[self.counted]
            if m["time"] + round(3600 * feedback.label_after_hours) > now:
                break
            share = -math.expm1(-(now - m["time"]) / (3600 * self.world.delay.mean_hours))
            m["known"] = binomial(arm_key(m["key"], 2), m["purchases"], share)
            m["emv"] = m["known"] / m["views"] * (m["known"] * m["price"]) if m["views"] else None
            m["value"] = labelled_value(feedback.label, m["known"], m["views"], m["price"])
            m["counted_at"] = now
            self.counted += 1
        since = now - round(DAY * feedback.median_days)
        window = [
            m["value"]
            for m in self.messages[: self.counted]
            if m["time"] >= since and m["value"] is not None and (m["priced"] or feedback.label == "emv_above_median")
        ]
        if feedback.label == "sold":
            window = [0.0]
        for m in self.messages[start : self.counted]:
            m["label"] = None if m["value"] is None or not window else int(m["value"] > statistics.median(window))


def labelled_value(label, purchases, views, price):
    """What a label compares with the median; None without a view."""
    if not views:
        return None
    return {
        "purchases_per_view": purchases / views,
        "dollars_per_view": purchases / views * price,
    }.get(label, purchases / views * (price * purchases))


def shortfall(values, chosen):
    best, own = sorted(values, reverse=True), sorted(chosen, reverse=True)
    total = 0.0
    for a, b in zip(best, own, strict=False):
        total += a - b
    return total / len(own)
