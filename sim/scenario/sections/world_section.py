"""What the rest of the program asks the section `world` of any kind: sizes, and mistakes within the section."""

from collections.abc import Iterator

from pydantic import Field

from sim.scenario.document import Finding
from sim.scenario.sections.base import Section


class WorldSection(Section):
    """Base of the sections of worlds. Sizes are of one replication; 0 where only a file knows them."""

    kind: str = Field(description="The world's kind.")

    @property
    def arms_at_start(self) -> int:
        """Arms of all pages together."""
        return 0

    @property
    def arms_per_decision(self) -> int:
        """Arms that one decision chooses from: those of one page."""
        return self.arms_at_start

    def arms_ever(self, length: float) -> float:
        """Arms that ever exist until the horizon (pulls or days), those that arrive later included."""
        del length
        return self.arms_at_start

    @property
    def most_sends_per_day(self) -> int:
        """Sends of all pages; of a single page where only a file knows how many there are."""
        return 0

    @property
    def has_money(self) -> bool:
        """Whether rewards are worth dollars."""
        return False

    @property
    def money_hint(self) -> str:
        """How a world without money gets some, to follow a message; empty where it cannot."""
        return ""

    @property
    def input_file(self) -> str | None:
        """The file that the world is read from; None where it is not read from one, or none is given."""
        return None

    @property
    def needs_file(self) -> bool:
        """Whether the world is read from a file."""
        return False

    @property
    def change_times(self) -> tuple[float, ...]:
        """When the true rates of all replications change, in pulls or days."""
        return ()

    @property
    def fixed_means(self) -> tuple[float, ...] | None:
        """True rates, one per arm, that are the same in all replications and at all times; None where none are."""
        return None

    @property
    def can_be_unlucky(self) -> bool:
        """Whether unlucky replications can be found without simulating them (`sim.worlds.bernoulli.luck`)."""
        return False

    @property
    def unlucky_wanted(self) -> int:
        """Unlucky replications that the scenario asks for."""
        return 0

    def findings(self) -> Iterator[Finding]:
        """What is wrong between keys of this section; paths begin with `world`."""
        yield from ()

    def findings_until(self, length: float) -> Iterator[Finding]:
        """What does not fit to the horizon (pulls or days)."""
        del length
        yield from ()
