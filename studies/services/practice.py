"""What is known of a practice trial, for the feedback after it."""

from __future__ import annotations

from typing import Any

from django.db.models import Subquery

from portal.catalog.models import ReferenceStandard
from portal.explanations.models import Prediction
from studies.models import Trial
from studies.selectors import block_of
from studies.tasks import Truth
from studies.truths import Call, Truths


def truth_of(trial: Trial) -> Truth:
    """The reference standard of the block's finding, the AI's call, and how the shown maps lie to the reference."""
    finding = block_of(trial.enrolment.version, trial.block).finding
    newest = Prediction.objects.filter(network=trial.arm.network_id, image__case=trial.case_id).order_by("-id")
    said = {name: Subquery(newest.values(name)[:1]) for name in ("predicted", "probability")}
    # One query where there is a reference standard, which practice cases have as a rule.
    standard: Any = ReferenceStandard.objects.filter(case=trial.case_id, name=finding).annotate(**said).first()
    if standard is not None:
        predicted, probability = standard.predicted, standard.probability
    else:
        predicted, probability = newest.values_list("predicted", "probability").first() or (None, None)
    planted = block_of(trial.enrolment.version, trial.block).task.looks_for
    others = ReferenceStandard.objects.filter(case=trial.case_id, name=planted) if planted else ()
    calls = {} if predicted is None else {(trial.arm.network_id or 0, trial.case_id): Call(predicted, probability)}
    return Truths([*([standard] if standard else []), *others], calls, overlaps=True).of(trial)
