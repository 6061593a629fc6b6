"""The methods of a run that draw."""

from typing import TYPE_CHECKING

from sim.runs.run import StoredRun

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class PlottedRun(StoredRun):
    """A run with methods that draw; each returns a matplotlib Figure, which a notebook shows.

    They raise InputError where the run has no such figure, such as money in a world without it.
    """

    def plot_regret(self, *, logarithmic: bool = False) -> "Figure":
        """Mean cumulative regret over time with 95 % bands."""
        return self.plot("regret_curves_log" if logarithmic else "regret_curves")

    def plot_tails(self) -> "Figure":
        """Median, q05 to q95 and the worst replications, one panel per policy."""
        return self.plot("regret_tails")

    def plot_ranges(self) -> "Figure":
        """Where replications end."""
        return self.plot("regret_ranges")

    def plot_differences(self, baseline: str | None = None, metric: str | None = None) -> "Figure":
        """Paired differences from the baseline with simultaneous intervals."""
        return self.plot("paired_differences", baseline, metric)

    def plot_allocation(self) -> "Figure":
        """Share of sends by true rank of the caption over time, one panel per policy."""
        return self.plot("allocation")

    def plot_best_share(self) -> "Figure":
        """Share of sends on the best caption over time."""
        return self.plot("allocation_best_share")

    def plot_entropy(self) -> "Figure":
        """How evenly captions are sent over time."""
        return self.plot("allocation_entropy")

    def plot_cold_share(self) -> "Figure":
        """Share of sends to captions hardly sent before."""
        return self.plot("allocation_cold_share")

    def plot_lock_out(self) -> "Figure":
        """Share of replications in which the best caption has probability 0, over time."""
        return self.plot("allocation_locked_out")

    def plot_bias(self) -> "Figure":
        """Bias of the sample mean by true rank of the caption."""
        return self.plot("estimation_bias")

    def plot_coverage(self) -> "Figure":
        """Coverage of the stored interval by true rank of the caption."""
        return self.plot("estimation_coverage")

    def plot_revenue(self) -> "Figure":
        """Cumulative revenue by price tier, one panel per policy."""
        return self.plot("revenue_by_tier")

    def plot_revenue_differences(self, baseline: str | None = None) -> "Figure":
        """What each policy has earned more than the baseline, over time."""
        return self.plot("revenue_differences", baseline)

    def plot(self, name: str, baseline: str | None = None, metric: str | None = None) -> "Figure":
        """Any figure of the report by the name of its file."""
        from reports.notebook import figure  # noqa: PLC0415 - matplotlib is slow to import

        return figure(self, name, baseline, metric)

    def _repr_html_(self) -> str:
        from reports.notebook import rich_display  # noqa: PLC0415 - as above

        return rich_display(self)
