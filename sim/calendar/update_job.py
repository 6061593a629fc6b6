"""The update job: it refreshes the statistics that policies see, at regular times unless an incident disturbs them."""

from sim.calendar.base import Process, Timetable

REFRESH = "refresh"
DOWN, REPEATED, INTERVAL = "update_job_down", "update_job_repeated", "update_job_interval"


def every(timetable: Timetable, period: int, first: int | None = None) -> Process:
    """Refresh at tick `first`, by default `period`, and every `period` ticks from then on, whatever happens.

    The series is announced at once: a job that something delays or stops has to wait for each of its runs instead.
    """
    yield timetable.until(0)
    timetable.repeat(REFRESH, period if first is None else first, period)


def disturbed(timetable: Timetable, period: int, ticks_per_hour: int = 3_600) -> Process:
    """Refresh every `period` ticks, unless an incident changes that.

    The state holds whether the job is down, hours between runs, and how often a run is repeated five minutes later.
    """
    due = period
    while due <= timetable.horizon:
        yield timetable.until(max(due, timetable.now))
        if timetable.state.get(DOWN, 0.0) == 0.0:
            timetable.announce(REFRESH)
            for _ in range(int(timetable.state.get(REPEATED, 0.0))):
                yield timetable.until(timetable.now + ticks_per_hour // 12)
                timetable.announce(REFRESH)
        due += round(timetable.state.get(INTERVAL, 0.0) * ticks_per_hour) or period
