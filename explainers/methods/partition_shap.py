"""PartitionSHAP."""

from __future__ import annotations

import importlib
import warnings
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from explainers.base import Explained, Explainer, Request
from explainers.baselines import Baseline, baseline_images
from explainers.errors import ExplainError
from explainers.methods import registry

# Parts that are decided on at once. It takes part in what shap cuts, so that it cannot follow the memory budget: shap
# itself holds this many copies of an image, whatever the budget.
BATCH = 8


@registry.register
@dataclass(frozen=True)
class PartitionShap(Explainer):
    """Owen values over a hierarchy of rectangles, by shap's PartitionExplainer; finer where the output reacts."""

    name = "partition-shap"
    title = "PartitionSHAP"
    reference = "Lundberg & Lee 2017, arXiv:1705.07874; Owen 1977, Values of games with a priori unions; shap 0.51"
    summary = "What each part of the image adds to the output, cut finer where it matters more."
    caveat = "The hierarchy of rectangles decides which pixels share their value."
    signed = True

    evaluations: int = field(default=500, metadata={"help": "Forward passes an image, at most."})
    baseline: Baseline = field(default="zero", metadata={"help": "What an absent part shows."})

    def compute(self, request: Request) -> Explained:
        """One image after the other."""
        if self.evaluations < 4:
            raise ExplainError(f"PartitionSHAP needs at least 4 evaluations, not {self.evaluations}.")
        return self.without_record(torch.stack([self._one(request.only(i)) for i in range(len(request.images))]))

    def _one(self, request: Request) -> Tensor:
        shap = _shap()
        image, baseline = (
            item[0].permute(1, 2, 0).cpu().numpy()
            for item in (request.images, baseline_images(request.images, self.baseline))
        )

        def outputs(pixels: NDArray[Any]) -> NDArray[Any]:
            copies = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).to(request.images)
            values: NDArray[Any] = request.stream(len(copies), lambda _, item: copies[item])[0].cpu().numpy()
            return values

        masker = shap.maskers.Image(np.ascontiguousarray(baseline), shape=image.shape)
        explainer = shap.PartitionExplainer(outputs, masker)
        made = explainer(image[None], max_evals=self.evaluations, batch_size=BATCH, silent=True)
        return torch.from_numpy(np.asarray(made.values[0]).reshape(image.shape).sum(2)).to(request.images.device)


def _shap() -> ModuleType:
    """The library, imported when it is first needed: it is slow to load."""
    with warnings.catch_warnings():
        # shap 0.51 makes its colour maps in a way that matplotlib 3.11 is about to drop.
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        return importlib.import_module("shap")
