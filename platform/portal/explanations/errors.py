"""What can be wrong with a request for explanations or scores."""

from __future__ import annotations

from collections.abc import Sequence


class ExplanationError(ValueError):
    """These explanations cannot be made."""


class NothingToExplain(ExplanationError):
    """The dataset has no approved cases."""


class NothingToScore(ExplanationError):
    """There are no maps to score."""


class MapsMissing(ExplanationError):
    """Some maps could not be made; the others were."""

    @classmethod
    def of(cls, refusals: Sequence[str]) -> MapsMissing:
        """What was refused, each `label on case: why`; the first is quoted."""
        more = f", and {len(refusals) - 1} more" if len(refusals) > 1 else ""
        return cls(f"{len(refusals)} of the maps could not be made: {refusals[0].rstrip('.')}{more}.")


class NoDonor(ExplanationError):
    """The method lays another case's map over an image, and the dataset has no other image."""


class WrongRegion(ExplanationError):
    """There is no such region, or the network has none."""


class EmptyRegion(ExplanationError):
    """The region holds no pixel of this image."""


class UnknownTruth(ExplanationError):
    """The method needs the reference standard's mask, and a case has none."""
