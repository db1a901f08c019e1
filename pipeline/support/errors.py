"""Errors meant for people: one sentence saying what is wrong and what to do."""


class UserError(Exception):
    """The command cannot do what was asked; shown without a traceback, exit status 2."""


class BudgetSpent(Exception):
    """The time given with --budget is over; all work up to the last checkpoint is kept."""


class Diverged(Exception):
    """A training run produced a loss that is not finite; the text says in which epoch."""
