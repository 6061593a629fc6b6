"""The twin of the traffic world's calendar: seasons, and whose turn it is."""

from datetime import date, timedelta

from sim.rng import generator


def cycle_of(quotas):
    """Tiers of the priced slots, evenly mixed."""
    weights, credit, cycle = [quotas.budget, quotas.mid, quotas.premium], [0, 0, 0], []
    for _ in range(sum(weights)):
        credit = [c + w for c, w in zip(credit, weights, strict=True)]
        cycle.append(max(range(3), key=lambda t: (credit[t], -t)))
        credit[cycle[-1]] -= sum(weights)
    return cycle


def season_of(scenario, replication):
    """The factor of each day."""
    world = scenario.world
    first, holidays = date.fromisoformat(world.start), {}
    for year in (first.year, first.year + 1):
        rng, new_year = generator(scenario.seed, "traffic:holidays", replication, year), date(year, 1, 1)
        law = world.factors.holidays
        days = rng.choice((date(year + 1, 1, 1) - new_year).days, law.days_per_year, replace=False)
        factors = rng.uniform(*law.factors, law.days_per_year)
        holidays |= {new_year + timedelta(int(d)): f for d, f in zip(days, factors, strict=True)}
    dates = [first + timedelta(day) for day in range(int(scenario.horizon.days))]
    return [world.factors.weekday[d.weekday()] * holidays.get(d, 1.0) for d in dates]
