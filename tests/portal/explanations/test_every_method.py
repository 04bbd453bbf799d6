"""Every registered method can be chosen in the panel and in a protocol, and runs as a job to the end."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from explainers.base import Explainer
from explainers.methods import registry
from portal.catalog.demo import store_reading_set
from portal.catalog.models import Dataset
from portal.explanations.models import Explanation, Run
from portal.explanations.selectors import map_of
from portal.explanations.services import plan_run
from portal.jobs.models import Job, JobState
from portal.jobs.services import enqueue, run_job
from portal.networks.models import Network
from portal.panel.run_form import RunForm
from portal.parts.services import sync_registry
from studies.world import known_methods

pytestmark = pytest.mark.django_db

EVERY = pytest.mark.parametrize("method", list(registry), ids=lambda part: part.name)


@pytest.fixture(autouse=True)
def _parts(db: None) -> None:
    sync_registry(registry)


@pytest.fixture
def two_cases(db: None) -> Dataset:
    """One phantom with a nodule, one without."""
    dataset = store_reading_set(cases=4, size=64, slug="two")
    by_label: dict[int | None, int] = {}
    for case in dataset.cases.all():
        by_label.setdefault(case.reference_standards.get().label, case.pk)
    dataset.cases.exclude(pk__in=by_label.values()).update(approval="rejected")
    return dataset


def run_to_the_end(run: Run) -> Job:
    job = enqueue(kind="explain", payload={"run": run.pk}, work_key=f"explain:{run.pk}")
    assert run_job(job.pk)
    job.refresh_from_db()
    return job


@EVERY
def test_it_runs_as_a_job(classifier: Network, two_cases: Dataset, method: type[Explainer]) -> None:
    run = plan_run(network=classifier, dataset=two_cases, methods=[method.name])
    job = run_to_the_end(run)
    assert job.state == JobState.DONE, job.error
    made = list(Explanation.objects.all())
    assert [explanation.method for explanation in made] == [method.name] * 2
    for explanation in made:
        values = map_of(explanation)
        assert values.shape == (32, 32)
        assert values.dtype == np.float32
        assert np.isfinite(values).all()
        assert explanation.is_control == method.control


@EVERY
def test_it_runs_on_a_segmenter(segmenter: Network, two_cases: Dataset, method: type[Explainer]) -> None:
    job = run_to_the_end(plan_run(network=segmenter, dataset=two_cases, methods=[method.name]))
    assert job.state == JobState.DONE, job.error
    assert Explanation.objects.count() == 2


@EVERY
def test_it_is_on_offer_in_the_panel_and_in_a_protocol(method: type[Explainer]) -> None:
    assert method.name in {choice.part.name for choice in RunForm().methods}
    facts = known_methods()[method.name]
    assert (facts.title, facts.is_control) == (method.title, method.control)


def test_a_shuffled_map_is_another_cases_own_map(classifier: Network, phantoms: Dataset) -> None:
    """Each case gets the Grad-CAM of exactly one other; nobody's own, and the seed decides whose."""
    methods = ["grad-cam", "shuffled-map"]
    run_to_the_end(plan_run(network=classifier, dataset=phantoms, methods=methods, seed=5))
    own = {made.image_id: made.array for made in Explanation.objects.filter(label="grad-cam")}
    laid = {made.image_id: made.array for made in Explanation.objects.filter(label="shuffled-map")}
    assert sorted(own.values()) == sorted(laid.values())
    assert all(own[image] != laid[image] for image in own)
    made = Explanation.objects.filter(label="shuffled-map").earliest("pk")
    donor = made.provenance["donor_sha256"]
    assert own[phantoms.cases.get(images__array=donor).images.get().pk] == made.array


def test_a_dataset_of_one_case_has_no_other(classifier: Network, two_cases: Dataset, settings: Any) -> None:
    settings.JOBS_EAGER = False
    case = two_cases.cases.filter(approval="approved").earliest("pk")
    two_cases.cases.exclude(pk=case.pk).update(approval="rejected")
    job = run_to_the_end_or_fail(plan_run(network=classifier, dataset=two_cases, methods=["shuffled-map", "edge-map"]))
    assert job.state == JobState.FAILED
    assert job.error.startswith("1 of the maps could not be made: shuffled-map on")
    assert "no other image" in job.error
    assert list(Explanation.objects.values_list("label", flat=True)) == ["edge-map"]


def run_to_the_end_or_fail(run: Run) -> Job:
    job = enqueue(kind="explain", payload={"run": run.pk}, work_key=f"explain:{run.pk}")
    run_job(job.pk)
    job.refresh_from_db()
    return job
