"""What is known of trials beyond their answers: for scoring, and for the feedback of practice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from portal.catalog.models import ReferenceStandard
from portal.explanations.models import Prediction
from portal.networks.models import NetworkTask
from portal.storage.arrays import get_array
from studies.models import Stimulus, Trial
from studies.selectors import block_of, scene_of
from studies.tasks import Truth
from studies.tasks.overlaps import top_area

MOST_MASKS = 256


@dataclass(frozen=True)
class Call:
    """What a network says of a case: the class it calls (a segmenter: whether it found any), and its probability."""

    predicted: int
    probability: float


class Truths:
    """What is known of the cases that trials show; masks and maps are read only where a task is judged by them."""

    def __init__(
        self,
        standards: Iterable[ReferenceStandard],
        calls: Mapping[tuple[int, int], Call],
        *,
        overlaps: bool = False,
    ) -> None:
        """`calls` by network and case; `overlaps` says that feedback needs to know how maps lie to the reference."""
        self.standards = {(standard.case_id, standard.name): standard for standard in standards}
        self.calls = calls
        self.overlaps = overlaps
        self.masks: dict[str, NDArray[np.bool_]] = {}

    @classmethod
    def of_cases(cls, cases: Iterable[int]) -> Truths:
        """Of all these cases, in two queries."""
        known = set(cases)
        predictions = Prediction.objects.filter(image__case_id__in=known, image__index=0).order_by("id")
        said = predictions.values_list("network_id", "image__case_id", "predicted", "probability")
        # The newest comes last and stands: weights that were replaced have older predictions.
        calls = {(network, case): Call(predicted, probability) for network, case, predicted, probability in said}
        return cls(ReferenceStandard.objects.filter(case_id__in=known), calls)

    def of(self, trial: Trial) -> Truth:
        """The truth of one trial; `trial` comes with its arm's network and its enrolment's version."""
        block, scene = block_of(trial.enrolment.version, trial.block), scene_of(trial)
        standard = self.standards.get((trial.case_id, block.finding))
        call = self.calls.get((trial.arm.network_id or 0, trial.case_id))
        reads = block.task.judged_by
        stimuli = trial.stimuli if block.task.arms_per_trial > 1 else (trial.stimulus,)
        mask = self._mask(standard) if self.overlaps or "mask" in reads else None
        planted = self.standards.get((trial.case_id, block.task.looks_for)) if block.task.looks_for else None
        explanation = trial.stimulus.explanation
        overlaps = [_overlap(stimulus, mask) for stimulus in stimuli] if self.overlaps and standard else []
        return Truth(
            label=standard.label if standard else None,
            advice=_said_present(trial, call),
            probability=call.probability if call else None,
            predicted=call.predicted if call else None,
            covered=tuple(covered for covered, _extraneous in overlaps),
            extraneous=tuple(extraneous for _covered, extraneous in overlaps),
            mask=mask,
            maps=(*map(_own, block.task.own_maps(scene)), *map(_shown, stimuli)) if "maps" in reads else (),
            planted=self._mask(planted),
            network=trial.arm.network.slug if trial.arm.network else None,
            method=explanation.method if explanation else None,
            prepared=scene.prepared,
        )

    def _mask(self, standard: ReferenceStandard | None) -> NDArray[np.bool_] | None:
        if standard is None or not standard.mask:
            return None
        if standard.mask not in self.masks:
            if len(self.masks) >= MOST_MASKS:
                self.masks.clear()
            self.masks[standard.mask] = get_array(standard.mask).astype(bool)
        return self.masks[standard.mask]


def overlap(shown: NDArray[np.uint8], mask: NDArray[np.bool_]) -> tuple[float | None, float | None]:
    """(share of the mask under the map's brightest tenth, share of that tenth outside the mask).

    Both arrays are (rows, columns). None where the mask is empty, or where the map shows nothing.
    """
    if shown.shape != mask.shape or not mask.any() or not shown.any():
        return None, None
    bright = top_area(shown)
    return float((bright & mask).sum() / mask.sum()), float((bright & ~mask).sum() / bright.sum())


def _overlap(stimulus: Stimulus, mask: NDArray[np.bool_] | None) -> tuple[float | None, float | None]:
    if mask is None or not stimulus.display:
        return None, None
    shown = get_array(stimulus.display)
    return overlap(shown.reshape(shown.shape[-2:]) if shown.size == mask.size else shown, mask)


def _own(display: str) -> NDArray[np.uint8]:
    return get_array(display)


def _shown(stimulus: Stimulus) -> NDArray[np.uint8] | None:
    return get_array(stimulus.display) if stimulus.display else None


def _said_present(trial: Trial, call: Call | None) -> int | None:
    """1 where the network says present: its own class under study, or a segmenter's non-empty mask."""
    network = trial.arm.network
    if network is None or call is None:
        return None
    return int(call.predicted == network.target_class) if network.task == NetworkTask.CLASSIFICATION else call.predicted
