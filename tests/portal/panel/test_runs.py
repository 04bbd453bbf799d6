"""Runs from the form to their end, and jobs with their buttons."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import User
from portal.audit.models import Entry
from portal.explanations.models import Run
from portal.jobs import services
from portal.jobs.models import Job, JobState
from portal.panel.job_lines import job_line, spoken
from portal.panel.run_form import RunForm
from tests.portal.panel.conftest import World

pytestmark = pytest.mark.django_db


def at(name: str, *args: object) -> str:
    return reverse(f"admin:{name}", args=args)


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Jobs that were rung for, instead of done."""
    bells: list[int] = []

    def ring(job_id: int) -> bool:
        bells.append(job_id)
        return True

    monkeypatch.setattr(services, "ring", ring)
    return bells


def asked(world: World, **changes: Any) -> dict[str, Any]:
    defaults = {"method-random-map-cells": 8, "method-random-map-edge": "soft", "metric-deletion-steps": 20}
    return {"network": world.network.pk, "dataset": world.dataset.pk, "seed": 3, **defaults, **changes}


def test_a_run_is_planned_as_ticked(
    signed_in: Client, world: World, rung: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    form = asked(world, **{"method-random-map": "on", "metric-deletion": "on", "method-random-map-cells": 5})
    with django_capture_on_commit_callbacks(execute=True):
        answer = signed_in.post(at("explanations_run_new"), form)
    run = Run.objects.get(seed=3)
    assert answer["Location"] == at("explanations_run_change", run.pk)
    assert run.methods == [{"label": "random-map", "method": "random-map", "parameters": {"cells": 5}}]
    assert run.metrics == [{"label": "deletion", "metric": "deletion", "parameters": {}}]
    assert rung == [Job.objects.get(work_key=f"explain:{run.pk}").pk]


def test_a_run_without_a_method_is_refused(signed_in: Client, world: World) -> None:
    page = signed_in.post(at("explanations_run_new"), asked(world)).content.decode()
    assert "Tick at least one method." in page
    assert not Run.objects.filter(seed=3).exists()


def test_a_wrong_parameter_matters_only_where_it_is_used(world: World) -> None:
    wrong = {"method-random-map": "on", "metric-deletion-steps": "many"}
    assert RunForm(asked(world, **wrong)).is_valid()
    form = RunForm(asked(world, **wrong, **{"metric-deletion": "on"}))
    assert not form.is_valid()
    assert set(form.errors) == {"metric-deletion-steps"}


def test_methods_that_need_other_cases_are_offered_like_the_others(world: World) -> None:
    assert [choice.part.name for choice in RunForm().methods] == ["shuffled-map", "random-map"]


def test_the_form_says_what_misleads(signed_in: Client, world: World) -> None:
    page = signed_in.get(at("explanations_run_new")).content.decode()
    assert "It may hit a finding by chance." in page
    assert "How many." in page


def test_a_run_counts_what_is_stored(signed_in: Client, world: World) -> None:
    answer = signed_in.get(at("explanations_run_line", world.run.pk)).json()
    assert "1 of 2" in answer["html"]  # two of the three cases are approved, one has its map
    assert "1 of 2 scores" in answer["html"]
    assert answer["active"] is False


def test_the_error_is_one_sentence_and_its_traceback_folded(signed_in: Client, world: World) -> None:
    page = signed_in.get(at("explanations_run_change", world.run.pk)).content.decode()
    assert '<p class="trouble">The disk is full.</p>' in page
    assert page.index("<details") < page.index("Traceback (most recent call last)")


def test_a_run_is_cancelled_and_resumed(
    signed_in: Client, world: World, rung: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        signed_in.post(at("explanations_run_again", world.run.pk))
    world.job.refresh_from_db()
    assert (world.job.state, rung) == (JobState.QUEUED, [world.job.pk])
    signed_in.post(at("explanations_run_cancel", world.run.pk))
    world.job.refresh_from_db()
    assert world.job.state == JobState.CANCELLED
    assert list(Entry.objects.values_list("action", flat=True))[-2:] == ["run.resumed", "run.cancelled"]


def test_a_failed_job_is_tried_again(signed_in: Client, world: World, rung: list[int], researcher: User) -> None:
    signed_in.post(at("jobs_job_retry", world.job.pk))
    world.job.refresh_from_db()
    assert (world.job.state, world.job.error) == (JobState.QUEUED, "")
    assert Entry.objects.get(action="job.retried").actor == researcher


def test_a_job_that_is_done_is_neither_retried_nor_cancelled(signed_in: Client, world: World) -> None:
    Job.objects.update(state=JobState.DONE)
    signed_in.post(at("jobs_job_retry", world.job.pk))
    signed_in.post(at("jobs_job_cancel", world.job.pk))
    world.job.refresh_from_db()
    assert world.job.state == JobState.DONE


def test_pace_and_time_left() -> None:
    """10 of 40 steps in 20 s: 60 s for the other 30."""
    now = timezone.now()
    job = Job(
        kind="explain", state=JobState.RUNNING, done=10, total=40, message="case-1 lrp, 0.25 images/s",
        started_at=now - timedelta(seconds=20),
    )  # fmt: skip
    line = job_line(job, now)
    assert (line.percent, line.rate, line.seconds_left, line.time_left) == (25, 0.25, 60.0, "60 s")
    assert spoken(600) == "10 min"
    assert spoken(7800) == "2 h 10 min"
