"""What is known of a practice trial, for the feedback after it."""

from __future__ import annotations

import numpy as np
from django.db.models import Subquery
from numpy.typing import NDArray

from portal.catalog.models import ReferenceStandard
from portal.explanations.models import Prediction
from portal.storage.arrays import get_array
from studies.models import Stimulus, Trial
from studies.selectors import block_of
from studies.tasks import Truth

BRIGHTEST = 0.1


def truth_of(trial: Trial) -> Truth:
    """The reference standard of the block's finding, the AI's call, and how the shown maps lie to the reference."""
    finding = block_of(trial.enrolment.version, trial.block).finding
    calls = Prediction.objects.filter(network=trial.arm.network_id, image__case=trial.case_id).order_by("-id")
    known = ReferenceStandard.objects.filter(case=trial.case_id, name=finding)
    standard = known.annotate(predicted=Subquery(calls.values("predicted")[:1])).first()
    if standard is None:
        return Truth(advice=_advice(trial, calls.values_list("predicted", flat=True).first()))
    stimuli = [stimulus for stimulus in (trial.stimulus, trial.second_stimulus) if stimulus is not None]
    mask = get_array(standard.mask).astype(bool) if standard.mask else None
    overlaps = [_overlap(stimulus, mask) for stimulus in stimuli]
    return Truth(
        label=standard.label,
        advice=_advice(trial, standard.predicted),  # type: ignore[attr-defined]  # annotated above
        covered=tuple(covered for covered, _extraneous in overlaps),
        extraneous=tuple(extraneous for _covered, extraneous in overlaps),
    )


def overlap(shown: NDArray[np.uint8], mask: NDArray[np.bool_]) -> tuple[float | None, float | None]:
    """(share of the mask under the map's brightest tenth, share of that tenth outside the mask).

    Both arrays are (rows, columns). None where the mask is empty, or where the map shows nothing.
    """
    if shown.shape != mask.shape or not mask.any() or not shown.any():
        return None, None
    bright = shown >= max(1, np.quantile(shown, 1 - BRIGHTEST))
    return float((bright & mask).sum() / mask.sum()), float((bright & ~mask).sum() / bright.sum())


def _overlap(stimulus: Stimulus, mask: NDArray[np.bool_] | None) -> tuple[float | None, float | None]:
    if mask is None or not stimulus.display:
        return None, None
    shown = get_array(stimulus.display)
    return overlap(shown.reshape(shown.shape[-2:]) if shown.size == mask.size else shown, mask)


def _advice(trial: Trial, predicted: int | None) -> int | None:
    network = trial.arm.network
    if network is None or predicted is None:
        return None
    return int(predicted == network.target_class) if network.task == "classification" else predicted
