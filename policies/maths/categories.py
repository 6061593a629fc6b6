"""Categories of captions as a policy that fits a level for each counts them."""

GROUPS = 64  # categories told apart; those with a number from GROUPS - 1 on are one group


def group_of(category: float) -> int:
    """The place of a category, a number from 1, among the groups."""
    return int(min(category, GROUPS - 1.0))
