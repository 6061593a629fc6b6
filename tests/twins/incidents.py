"""A naive twin of a page with incidents: of prices, audience, rates, the function, the update job, the table's rows."""

import math
import statistics

import numpy as np

from policies.maths.draws import arm_key, normal, uniform
from sim.worlds.traffic.pages import per_view
from twins.traffic import DAY, NaivePage


def holds(incident, day, page):
    """Whether an incident that begins and ends at midnight is on at a day of a page, numbered from 0."""
    last = math.inf if incident.days is None else incident.first + incident.days
    return incident.first <= day < last and (incident.pages == "all" or page + 1 in incident.pages)


class NaiveIncidentPage(NaivePage):
    """A page of a scenario with incidents, but for those of the loads and of attribution."""

    def __init__(self, scenario, replication, page, *args, **kwargs):
        super().__init__(scenario, replication, page, *args, **kwargs)
        self.number, self.today, self.charged, self.usual_fans = page, -1, 1.0, self.fans
        self.log_demand = np.log(per_view(self.world, np.maximum(1, np.arange(1_000)))).tolist()
        for c in self.captions:
            c["list_price"] = c["price"]

    def happens(self, kind, day):
        """The incident of a kind that is on, or None."""
        on = [one for one in self.scenario.incidents if one.kind == kind and holds(one, day, self.number)]
        return on[-1] if on else None

    def start(self):
        super().start()
        days = [event for event in self.events if event[1] != 0]
        self.events = [(time, 0, None) for time in self.refreshes() if time < int(self.scenario.horizon.days) * DAY]
        self.events += days

    def refreshes(self):
        """Seconds of the refreshes, which an incident stops, repeats or brings more often."""
        period, times, due = round(3600 * self.scenario.feedback.refresh_hours), [], 0
        while due < int(self.scenario.horizon.days) * DAY:
            faster = self.of_job("interval", times[-1] if times and times[-1] > due else due)
            due += period if faster is None else round(3600 * faster.hours)
            if self.of_job("down", due) is None:
                again = self.of_job("repeated", due)
                times += [due + 300 * i for i in range(1 if again is None else 1 + again.times)]
        return times

    def of_job(self, what, second):
        """The incident of the update job that is on at a second, or None; it ends just before its last second."""
        for one in self.scenario.incidents:
            if one.kind == f"update_job_{what}" and one.first * DAY <= second < (one.first + one.days) * DAY:
                return one
        return None

    def plan(self, day):
        slots, change = super().plan(day), self.happens("rates", day)
        for slot in slots if change is not None else ():
            slot["factor"] = change.factor * self.season[day] * self.world.factors.hour[slot["time"] % DAY // 3600]
        return slots

    def begin_week(self, week):
        super().begin_week(week)
        self.reprice(week * 7)

    def begin_day(self, day):
        self.today, change = day, self.happens("audience", day)
        self.fans = self.usual_fans if change is None else int(self.usual_fans * change.factor + 0.5)
        if (expiry := self.happens("partition_expiry", day)) is not None:
            self.expire((day - expiry.after_days) * DAY)
        if day % 7 != 0:
            self.reprice(day)
        return super().begin_day(day)

    def expire(self, before):
        """Forget what was counted of captions whose last count is older."""
        for c in self.captions:
            rows = [m for m in self.tabulated(c) if "expired" not in m]
            if rows and rows[-1]["counted_at"] < before:
                for m in rows:
                    m["expired"], m["label"] = True, None

    def reprice(self, day):
        """Charge today's prices; the rate follows the demand at the new price."""
        change = self.happens("prices", day)
        factor = 1.0 if change is None else change.factor
        if factor == self.charged:
            return
        self.charged = factor
        for c in self.captions:
            if c["list_price"] > 0:
                new = max(1, int(c["list_price"] * factor + 0.5))
                c["log_rate"] += self.log_demand[new] - self.log_demand[c["price"]]
                c["price"], c["rate"] = new, math.exp(c["log_rate"])

    def statistics(self, arms, rates):
        self.known = []
        for c in arms:
            labels = [m["label"] for m in self.tabulated(c) if m["label"] is not None]
            self.known.append((1 + sum(labels), 1 + len(labels) - sum(labels)))
        return super().statistics(arms, rates)

    def rank(self, state, n, x, y, cold, wanted, key):
        if self.policy.kind != "wilson_sample" or self.happens("function_replaced", self.today) is None:
            return super().rank(state, n, x, y, cold, wanted, key)
        scored = []
        for i, (successes, failures) in enumerate(self.known):
            score = replaced(successes, failures, normal(arm_key(key, i)))
            scored.append((-score, -uniform(arm_key(key, len(n) + i)), i))
        u = 1.0
        for j in range(min(cold, wanted)):
            u *= uniform(arm_key(key, 2 * len(n) + j)) ** (1.0 / (cold - j))
            scored.append((-replaced(1, 1, statistics.NormalDist().inv_cdf(u)), -u, len(n) + j))
        return [i for _, _, i in sorted(scored)][:wanted]


def replaced(successes, failures, z):
    """The Beta mean and 0.2 times the Beta deviation as a normal draw, clamped."""
    n = successes + failures
    return max(0.0, min(1.0, successes / n + 0.2 * math.sqrt(successes * failures / (n * n * (n + 1.0))) * z))
