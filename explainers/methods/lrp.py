"""Layer-wise relevance propagation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from explainers.base import Explained, Explainer, Record, Request
from explainers.errors import NetworkError
from explainers.methods import registry
from explainers.relevance import Relevance
from explainers.relevance_rules import Ledger, Rule
from foundation.forwards import chunk_size

# How far the default rule's map may add up to something else than the output, relative to it (or to the logits'
# spread, where that is larger).
BAND = 0.005

# Above this share of relevance without a positive path, the map carries a warning.
FALLBACK = 0.05

# Forward passes' worth of memory that a pass of relevance holds.
PASSES = 4


@registry.register
@dataclass(frozen=True)
class Lrp(Explainer):
    """Relevance handed back layer by layer, on the unchanged network (Bach et al. 2015; Montavon et al. 2019).

    `zplus`, the default: positive contributions for convolutions, those of the output's sign for averages and
    additions; epsilon with the bias spread evenly for dense layers; norms linear with their statistics fixed (a
    convolution before a norm with a negative scale has its signs turned); a gate passes relevance to what it gates.
    The map adds up to the explained output; where it does not within 0.5 %, it is refused. `epsilon` and `gamma` let
    biases keep their share and promise no sum: the record says what the map adds up to, as a share of the output
    (`conservation`), and what the biases have kept (`bias_share`). `fallback_share` is the largest share of the
    relevance for which a single layer had no positive path, so that it was spread by magnitude there.
    """

    name = "lrp"
    title = "LRP"
    reference = (
        "Bach et al. 2015, On pixel-wise explanations for classifier decisions, doi:10.1371/journal.pone.0130140"
    )
    summary = "Which pixels the output was built from, its value shared out among them layer by layer."
    caveat = "The default rule follows what was excited and hardly what held back, so that maps of classes look alike."
    signed = True

    rule: Rule = field(default="zplus", metadata={"help": "How a layer's relevance is shared among its inputs."})
    epsilon: float = field(default=1e-6, metadata={"help": "Added to a sum of contributions before dividing by it."})
    gamma: float = field(default=0.25, metadata={"help": "Extra weight of positive contributions in the rule gamma."})

    def compute(self, request: Request) -> Explained:
        """Images in chunks that fit the memory; sums checked for the default rule."""
        size = request.shared(
            "relevance chunk", lambda: chunk_size(request.model, request.images, request.memory_mb / PASSES)
        )
        maps, record = [], []
        for index in torch.arange(len(request.images), device=request.images.device).split(size):
            part = self._chunk(request, index)
            maps.append(part.maps)
            record.extend(part.record)
        return Explained(torch.cat(maps), record)

    def _chunk(self, request: Request, index: Tensor) -> Explained:
        images, target = request.images[index].requires_grad_(), request.target.take(index)
        ledger = Ledger(self.rule, self.epsilon, self.gamma, len(index))
        output = Relevance(ledger).of_network(request.model, images)
        if not output.requires_grad:
            raise NetworkError("The network's output does not depend on the image in a way that can be followed.")
        logits = output.detach().requires_grad_()
        values = target(logits)
        (slope,) = torch.autograd.grad(values.sum(), logits)
        self._check_values(request, images, logits)
        explained = logits.detach() * slope
        ledger.explained = explained.abs().flatten(1).sum(1, dtype=torch.float64)
        (relevance,) = torch.autograd.grad(output, images, explained)
        maps = relevance.sum(1)
        return Explained(maps, self._record(values.detach(), maps, logits.detach(), ledger))

    def _check_values(self, request: Request, images: Tensor, logits: Tensor) -> None:
        """The intercepted network must compute what the network computes."""
        with torch.no_grad():
            plain = request.model(images)
        if not torch.allclose(plain, logits, rtol=1e-3, atol=1e-4 * float(plain.abs().max())):
            raise NetworkError("The network changes tensors in place in a way that relevance cannot follow.")

    def _record(self, values: Tensor, maps: Tensor, logits: Tensor, ledger: Ledger) -> Record:
        found = maps.flatten(1).sum(1, dtype=torch.float64).tolist()
        spread = logits.flatten(1).std(1, unbiased=False).tolist()
        fallback, kept = (part.expand(len(maps)).tolist() for part in (ledger.fallback, ledger.kept))
        return [
            self._entry(wanted, found[i], spread[i], fallback[i], kept[i]) for i, wanted in enumerate(values.tolist())
        ]

    def _entry(self, wanted: float, found: float, spread: float, fallback: float, kept: float) -> dict[str, Any]:
        ratio = found / wanted if wanted else float(found == 0)
        if self.rule != "zplus":
            return {"rule": self.rule, "conservation": ratio, "bias_share": kept / wanted if wanted else 0.0}
        if abs(found - wanted) > BAND * max(abs(wanted), spread):
            raise NetworkError(
                f"The relevance map adds up to {ratio:.3f} times the explained output, outside the band of {BAND:.1%}."
            )
        entry: dict[str, Any] = {"rule": self.rule, "conservation": ratio, "fallback_share": fallback}
        if fallback > FALLBACK:
            entry["warning"] = (
                f"In one layer {fallback:.0%} of the relevance had no positive path and was spread by magnitude."
            )
        return entry
