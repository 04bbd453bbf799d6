"""One of everything that the panel shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from django.test import Client

from portal.accounts.models import User
from portal.audit.models import Entry
from portal.audit.services import record
from portal.catalog.demo import store_reading_set
from portal.catalog.models import Approval, Case, Dataset, Image
from portal.explanations.models import Explanation, Prediction, Run, Score
from portal.jobs.models import Job, JobState
from portal.networks.models import Network, NetworkTask
from portal.parts.models import Part
from portal.storage import put_array

WEIGHTS = "ab" * 32
PERFORMANCE = {
    "command": "measure",
    "auroc": {"value": 0.91, "low": 0.85, "high": 0.95, "n": 200},
    "splits": {"conflicting": {"auroc": {"value": 0.4, "low": 0.3, "high": 0.5, "n": 60}}},
}


@dataclass(frozen=True)
class World:
    """The records behind the panel's pages."""

    dataset: Dataset
    case: Case
    waiting: Case
    image: Image
    network: Network
    run: Run
    explanation: Explanation
    job: Job
    part: Part
    entry: Entry


@pytest.fixture
def world(researcher: User) -> World:
    """Phantoms (one in quarantine), a network, a run with one map and its score, a failed job."""
    dataset = store_reading_set(cases=3, size=64, slug="phantoms")
    case, waiting, _ = dataset.cases.order_by("slug")
    Case.objects.filter(pk=waiting.pk).update(approval=Approval.QUARANTINED, quarantine_reason="may carry text")
    waiting.refresh_from_db()
    image = case.images.get()
    network = Network.objects.create(
        slug="small",
        title="Small classifier",
        task=NetworkTask.CLASSIFICATION,
        architecture="DenseNet",
        classes=["clear", "nodule"],
        weights="weights/none",
        weights_sha256=WEIGHTS,
        performance=PERFORMANCE,
    )
    part = _parts()
    Prediction.objects.create(
        network=network, image=image, weights_sha256=WEIGHTS, predicted=1, probability=0.87, outputs=[0.1, 2.0]
    )
    run = Run.objects.create(
        network=network,
        dataset=dataset,
        methods=[{"label": "random-map", "method": "random-map", "parameters": {}}],
        metrics=[{"label": "deletion", "metric": "deletion", "parameters": {}}],
        created_by=researcher,
    )
    job = Job.objects.create(
        kind="explain",
        payload={"run": run.pk},
        work_key=f"explain:{run.pk}",
        state=JobState.FAILED,
        error="The disk is full.\n\nTraceback (most recent call last): ...",
    )
    return World(
        dataset, case, waiting, image, network, run, _explanation(network, image), job, part,
        record(actor=researcher, action="run.started", subject=run, seed=0),
    )  # fmt: skip


@pytest.fixture
def signed_in(client: Client, researcher: User) -> Client:
    """A researcher's browser."""
    client.force_login(researcher, backend="django.contrib.auth.backends.ModelBackend")
    return client


def _explanation(network: Network, image: Image) -> Explanation:
    values = np.zeros((16, 16), np.float32)
    values[:4, :4] = 1.0
    made = Explanation.objects.create(
        key="cd" * 32, network=network, image=image, method="random-map", method_version="1", label="random-map",
        is_control=True, array=put_array(values), seconds=0.25, provenance={"weights_sha256": WEIGHTS},
    )  # fmt: skip
    Score.objects.create(explanation=made, metric="deletion", label="deletion", metric_version="1", value=0.4321)
    return made


def _parts() -> Part:
    steps = {"name": "steps", "kind": "integer", "default": 20, "optional": False, "choices": [], "help": "How many."}
    Part.objects.create(
        family="evaluation.metrics", name="deletion", title="Deletion", summary="Falls when pixels go.",
        facts={"higher_is_better": False, "needs": ["model"], "caveat": "Gaps are unlike any image."},
        parameters=[steps],
    )  # fmt: skip
    Part.objects.create(
        family="explainers.methods", name="shuffled-map", title="Shuffled map", facts={"needs": ["donors"]}
    )
    cells = steps | {"name": "cells", "default": 8}
    edge = steps | {"name": "edge", "kind": "choice", "default": "soft", "choices": ["soft", "hard"]}
    return Part.objects.create(
        family="explainers.methods", name="random-map", title="Random map", summary="Nothing: noise.",
        reference="Adebayo et al. 2018", parameters=[cells, edge],
        facts={"control": True, "needs": [], "caveat": "It may hit a finding by chance."},
    )  # fmt: skip
