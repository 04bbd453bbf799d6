"""Reading maps, their scores and the state of runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from django.db.models import Q, QuerySet
from numpy.typing import NDArray

from portal.catalog.models import Dataset, Image
from portal.catalog.selectors import approved_images
from portal.explanations.models import Explanation, Prediction, Presentation, Run, Score
from portal.jobs.models import Job
from portal.networks.models import Network
from portal.storage import get_array


@dataclass(frozen=True)
class RunProgress:
    """The two jobs of a run, None where one was never queued."""

    run: Run
    explaining: Job | None
    scoring: Job | None


def run_progress(run: Run) -> RunProgress:
    """How far a run is."""
    jobs = {job.work_key: job for job in Job.objects.filter(work_key__in=[f"explain:{run.pk}", f"score:{run.pk}"])}
    return RunProgress(run, jobs.get(f"explain:{run.pk}"), jobs.get(f"score:{run.pk}"))


def current_explanations(
    network: Network, dataset: Dataset, labels: Sequence[str] | None = None, seed: int | None = None
) -> QuerySet[Explanation]:
    """The maps of a network's present weights on a dataset, oldest first for each image and label."""
    found = Explanation.objects.filter(
        network=network, image__case__dataset=dataset, provenance__weights_sha256=network.weights_sha256
    )
    if labels is not None:
        found = found.filter(label__in=labels)
    if seed is not None:
        found = found.filter(seed=seed)
    return found.select_related("image__case", "network").order_by("image__case__slug", "image__index", "label", "id")


def run_maps(run: Run) -> QuerySet[Explanation]:
    """The maps that a run asks for and that are there."""
    labels = [entry["label"] for entry in run.methods]
    return current_explanations(run.network, run.dataset, labels, run.seed)


def run_scores(run: Run) -> QuerySet[Score]:
    """The scores that a run asks for and that are there, of raw maps and of maps as shown."""
    wanted = Q(presentation=Presentation.RAW, label__in=[entry["label"] for entry in run.metrics])
    for presentation, labels in run.displayed.items():
        wanted |= Q(presentation=presentation, label__in=labels)
    return Score.objects.filter(wanted, explanation__in=run_maps(run).order_by().values("pk"))


def scores_wanted(run: Run) -> int:
    """How many scores a run asks for."""
    each = len(run.metrics) + sum(map(len, run.displayed.values()))
    return approved_images(run.dataset).count() * len(run.methods) * each


def explanation_of(network: Network, image: Image, label: str) -> Explanation | None:
    """The newest map of this label for an image; None where there is none."""
    found = Explanation.objects.filter(network=network, image=image, label=label)
    return found.filter(provenance__weights_sha256=network.weights_sha256).order_by("-id").first()


def prediction_of(network: Network, image: Image) -> Prediction | None:
    """What the network's present weights say of an image; None where it was never asked."""
    return Prediction.objects.filter(network=network, image=image, weights_sha256=network.weights_sha256).first()


def missing_maps(network: Network, images: Sequence[Image], labels: Sequence[str]) -> list[tuple[str, str]]:
    """`(case, label)` pairs of maps that a study needs and that do not exist yet."""
    there = set(
        Explanation.objects.filter(
            network=network,
            image__in=[image.pk for image in images],
            label__in=labels,
            provenance__weights_sha256=network.weights_sha256,
        ).values_list("image_id", "label")
    )
    return [(image.case.slug, label) for image in images for label in labels if (image.pk, label) not in there]


def map_of(explanation: Explanation) -> NDArray[Any]:
    """The raw float32 map `(rows, columns)` on the network's input grid."""
    return get_array(explanation.array)


def scores_table(explanations: QuerySet[Explanation]) -> pd.DataFrame:
    """Long table of scores, one row a metric and presentation of a map; `controls` holds what controls would score."""
    columns = {
        "explanation_id": "explanation",
        "explanation__image__case__slug": "case",
        "explanation__network__slug": "network",
        "explanation__method": "method",
        "explanation__label": "label",
        "label": "metric",
        "presentation": "presentation",
        "value": "value",
        "reason": "reason",
        "standard_error": "standard_error",
        "controls": "controls",
        "explanation__seconds": "seconds",
    }
    rows = Score.objects.filter(explanation__in=explanations).values_list(*columns)
    return pd.DataFrame.from_records(list(rows), columns=list(columns.values()))
