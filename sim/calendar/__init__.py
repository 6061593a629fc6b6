"""What happens in a world by itself, whatever the policies choose: SimPy processes, and the calendar that they write.

Import from the modules: `sim.calendar.base` builds calendars, each process has a file of its own.
"""
