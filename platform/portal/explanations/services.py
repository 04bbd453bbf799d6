"""Starting explanation runs; the work itself is done by jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from portal.accounts.models import User
from portal.audit.services import record
from portal.catalog.models import Dataset
from portal.catalog.selectors import approved_images
from portal.explanations.errors import ExplanationError, NothingToExplain, WrongRegion
from portal.explanations.models import Run
from portal.explanations.plans import Asked, displayed_plan, method_plan, metric_plan
from portal.jobs.models import Job
from portal.jobs.services import enqueue
from portal.networks.models import Network, NetworkTask


@transaction.atomic
def start_run(
    *,
    network: Network,
    dataset: Dataset,
    methods: Asked,
    metrics: Asked = (),
    displayed: Sequence[str] | Mapping[str, Sequence[str]] = (),
    seed: int = 0,
    actor: User | None = None,
) -> Run:
    """Plan a run and queue its work: maps first, then their scores. The same plan again resumes the same run."""
    run = plan_run(
        network=network, dataset=dataset, methods=methods, metrics=metrics, displayed=displayed, seed=seed, actor=actor
    )
    enqueue_explaining(run=run, actor=actor)
    return run


@transaction.atomic
def plan_run(
    *,
    network: Network,
    dataset: Dataset,
    methods: Asked,
    metrics: Asked = (),
    displayed: Sequence[str] | Mapping[str, Sequence[str]] = (),
    seed: int = 0,
    actor: User | None = None,
) -> Run:
    """Write down a run without queuing its work; names and parameters are checked against the known parts.

    `displayed` names the presentations whose maps are scored too, see `plans.displayed_plan`.
    """
    if actor is not None and not actor.is_researcher:
        raise PermissionDenied("Only researchers may start runs.")
    if not methods:
        raise ExplanationError("Name at least one method.")
    if not approved_images(dataset).exists():
        raise NothingToExplain(f"The dataset {dataset.slug!r} has no approved cases.")
    plan: dict[str, Any] = {"methods": method_plan(methods), "metrics": metric_plan(metrics)}
    if network.task == NetworkTask.CLASSIFICATION and any("region" in entry for entry in plan["methods"]):
        raise WrongRegion(f"{network.slug!r} is a classifier: its maps explain a class, not a region.")
    plan["displayed"] = displayed_plan(displayed, plan["metrics"])
    for run in Run.objects.filter(network=network, dataset=dataset, seed=seed):
        if all(getattr(run, name) == planned for name, planned in plan.items()):
            return run
    run = Run(network=network, dataset=dataset, seed=seed, created_by=actor, **plan)
    run.full_clean(exclude=["metrics", "displayed"])
    run.save()
    record(actor=actor, action="run.started", subject=run, seed=seed, **_labels(plan))
    return run


def enqueue_explaining(*, run: Run, actor: User | None = None) -> Job:
    """Queue the maps of a run; the job queues the scores when it is done."""
    return enqueue(kind="explain", payload={"run": run.pk}, work_key=f"explain:{run.pk}", requested_by=actor)


def enqueue_scoring(*, run: Run, actor: User | None = None) -> Job:
    """Queue the scores of a run's maps."""
    return enqueue(kind="score", payload={"run": run.pk}, work_key=f"score:{run.pk}", requested_by=actor)


def _labels(plan: dict[str, Any]) -> dict[str, list[str]]:
    labels = {family: [entry["label"] for entry in plan[family]] for family in ("methods", "metrics")}
    return labels | {"displayed": list(plan["displayed"])}
