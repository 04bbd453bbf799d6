"""What can be wrong with the data or the arguments of a statistic."""

from __future__ import annotations


class StatisticsError(ValueError):
    """The data or the arguments do not allow this statistic."""


class MissingColumn(StatisticsError):
    """A named column is not in the data."""


class WrongChoice(StatisticsError):
    """An option has a value that it cannot take."""


class ThinData(StatisticsError):
    """The data are of the right kind but do not suffice for this statistic."""


class TooFew(ThinData):
    """There are too few readers, cases, items or answers."""


class OneCategory(ThinData):
    """All answers are equal, so there is no variation to speak about."""


class NotNumeric(StatisticsError):
    """A column that must hold numbers holds something else."""


class RepeatedRating(StatisticsError):
    """The same rater rated the same unit more than once where one rating is expected."""


class WrongFormula(StatisticsError):
    """A model formula cannot be read or does not fit the data."""


class NotIdentified(ThinData):
    """The data leave an estimate without a finite or unique value."""
