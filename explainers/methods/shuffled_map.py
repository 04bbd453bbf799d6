"""Control: another case's map."""

from __future__ import annotations

from dataclasses import dataclass

from explainers.base import Explained, Request
from explainers.derived import Derived
from explainers.errors import MissingInputError
from explainers.methods import registry


@registry.register
@dataclass(frozen=True)
class ShuffledMap(Derived):
    """A map that was made for another case: right in kind, wrong in place.

    `of` says which method made the donors; it is not run here, its maps of other cases are handed in.
    """

    name = "shuffled-map"
    title = "Shuffled map"
    reference = "Arun et al. 2021, Assessing the trustworthiness of saliency maps, doi:10.1148/ryai.2021200267"
    summary = "What mattered in another case, laid over this one."
    caveat = "Where findings share their place across cases it is right by accident."
    asks_network = False
    needs = frozenset({"donors"})

    def compute(self, request: Request) -> Explained:
        """The donors as they were given."""
        if request.donors is None:
            raise MissingInputError(f"{self.title} needs donors, and none were given.")
        return self.without_record(request.donors)
