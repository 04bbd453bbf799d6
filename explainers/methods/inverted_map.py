"""Control: a method's map turned upside down."""

from __future__ import annotations

from dataclasses import dataclass

from explainers.base import Explained, Request
from explainers.derived import Derived
from explainers.methods import registry


@registry.register
@dataclass(frozen=True)
class InvertedMap(Derived):
    """maximum + minimum - map: the order of all pixels reversed, the range kept."""

    name = "inverted-map"
    title = "Inverted map"
    reference = "Tomsett et al. 2020, Sanity checks for saliency metrics, arXiv:1912.01451 (order reversed)"
    summary = "What mattered least to the method it is made from."
    caveat = "It is only as wrong as the method it is made from is right."

    def compute(self, request: Request) -> Explained:
        """The map reversed within its own range."""
        maps = self.method().run(request).maps
        low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
        return Explained(low + high - maps, [{"of": self.of} for _ in range(len(maps))])
