"""Control: the reference standard's own mask."""

from __future__ import annotations

from dataclasses import dataclass

from explainers.base import Explained, Explainer, Request
from explainers.errors import MissingInputError
from explainers.methods import registry


@registry.register
@dataclass(frozen=True)
class GroundTruthMask(Explainer):
    """The finding's mask as a map: the most plausible map there is, made without the network."""

    name = "ground-truth-mask"
    title = "Ground-truth mask"
    reference = "Jacovi & Goldberg 2020, Towards faithfully interpretable NLP systems, arXiv:2004.03685 (plausibility)"
    summary = "Where the finding truly is; nothing where the case is free of findings."
    caveat = "It is right about the case and says nothing about the network: plausibility without faithfulness."
    control = True
    truth_derived = True
    asks_network = False
    needs = frozenset({"masks"})

    def compute(self, request: Request) -> Explained:
        """The masks as they were given, as numbers."""
        if request.masks is None:
            raise MissingInputError(f"{self.title} needs masks, and none were given.")
        return self.without_record(request.masks.to(request.images.dtype))
