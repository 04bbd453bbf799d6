"""DeepLIFT."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from explainers.base import Explained, Explainer, Request
from explainers.baselines import Baseline, baseline_images
from explainers.errors import NetworkError
from explainers.methods import registry
from explainers.rescale import Rescaling
from foundation.forwards import chunk_size

# How far a map may add up to something else than the difference of the outputs, relative to it (or to the logits'
# spread, where that is larger).
BAND = 0.01

# Forward passes' worth of memory that the two passes and the tape between them hold.
PASSES = 4


@registry.register
@dataclass(frozen=True)
class DeepLift(Explainer):
    """Differences from a baseline handed back layer by layer by the rescale rule (Shrikumar et al. 2017, section 3.5).

    A product of two changing factors (a gate and what it gates) counts each one's change at the mean of the other's
    two values; a norm by the image's own statistics counts the change of the values at the image's scale; max pooling
    follows the larger of the two maxima. All of these are complete: the map adds up to the difference of the outputs.
    Where it does not within 1 %, it is refused.
    """

    name = "deep-lift"
    title = "DeepLIFT"
    reference = "Shrikumar et al. 2017, Learning important features through activation differences, arXiv:1704.02685"
    summary = "What each pixel adds to the difference from a baseline's output, shared out layer by layer."
    caveat = "Another baseline gives another map, and evidence against that a layer cancels is lost on the way."
    signed = True

    baseline: Baseline = field(default="zero", metadata={"help": "What the image is compared with."})

    def compute(self, request: Request) -> Explained:
        """Images in chunks that fit the memory, sums checked."""
        size = request.shared(
            "rescaling chunk", lambda: chunk_size(request.model, request.images, request.memory_mb / PASSES)
        )
        maps, record = [], []
        for index in torch.arange(len(request.images), device=request.images.device).split(size):
            part = self._chunk(request, index)
            maps.append(part.maps)
            record.extend(part.record)
        return Explained(torch.cat(maps), record)

    def _chunk(self, request: Request, index: Tensor) -> Explained:
        images, target = request.images[index].requires_grad_(), request.target.take(index)
        baselines = baseline_images(images.detach(), self.baseline).clone().requires_grad_()
        written = Rescaling()
        before = target(written.of_network(request.model, baselines).detach())
        output = Rescaling(written.tape).of_network(request.model, images)
        values = target(output)
        (multipliers,) = torch.autograd.grad(values.sum(), images)
        maps = (multipliers * (images.detach() - baselines.detach())).sum(1)
        found = maps.flatten(1).sum(1, dtype=torch.float64).tolist()
        spread = output.detach().flatten(1).std(1, unbiased=False).tolist()
        wanted = (values.detach() - before).tolist()
        return Explained(maps, [self._entry(*entry) for entry in zip(wanted, found, spread, strict=True)])

    def _entry(self, wanted: float, found: float, spread: float) -> dict[str, Any]:
        gap = abs(found - wanted)
        if gap > BAND * max(abs(wanted), spread):
            raise NetworkError(
                f"The DeepLIFT map adds up to {found:.4g} where the outputs differ by {wanted:.4g}: the network does "
                "something that cannot be followed."
            )
        return {"difference": wanted, "completeness_gap": gap / abs(wanted) if wanted else float(gap > 0)}
