"""A job is queued once, done under a lease, and taken over when its worker died."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from kombu.exceptions import OperationalError

from portal.jobs import services
from portal.jobs.models import Job, JobState
from portal.jobs.registry import KINDS, UnknownKind, work_of
from portal.jobs.services import MAX_ATTEMPTS, LeaseLost, cancel, enqueue, ring_waiting, run_job

pytestmark = pytest.mark.db
CALLS: list[dict[str, Any]] = []


def work(*, progress: Any, **payload: Any) -> None:
    """Stands for the work of a kind: tells progress, and does as its payload says."""
    CALLS.append(payload)
    progress(1, 2, "half")
    if payload.get("fail"):
        raise ValueError("It went wrong.")
    if payload.get("lose"):
        Job.objects.update(worker="another")
        progress(2, 2)
    if payload.get("cancel"):
        cancel(job=Job.objects.get())
        progress(2, 2)


@pytest.fixture(autouse=True)
def _kind(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    CALLS.clear()
    monkeypatch.setitem(KINDS, "test", f"{__name__}.work")
    settings.JOB_LEASE_SECONDS = 30


@pytest.fixture
def bells(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The bells that were rung, instead of work done at once."""
    rung: list[int] = []

    def ring(job_id: int) -> bool:
        rung.append(job_id)
        return True

    monkeypatch.setattr(services, "ring", ring)
    return rung


def job(**changes: Any) -> Job:
    return Job.objects.create(**({"kind": "test", "work_key": "k"} | changes))


@pytest.mark.django_db(transaction=True)
def test_it_is_done_at_once_where_jobs_are_eager() -> None:
    enqueue(kind="test", payload={"a": 1}, work_key="k")
    done = Job.objects.get()
    assert CALLS == [{"a": 1}]
    assert (done.state, done.done, done.total, done.attempts) == (JobState.DONE, 2, 2, 1)
    assert done.finished_at is not None


@pytest.mark.django_db(transaction=True)
def test_the_same_work_is_queued_once(bells: list[int]) -> None:
    first = enqueue(kind="test", payload={}, work_key="k")
    assert enqueue(kind="test", payload={}, work_key="k").pk == first.pk
    assert Job.objects.count() == 1
    assert run_job(first.pk)
    assert not run_job(first.pk), "a second bell for finished work does nothing"
    assert enqueue(kind="test", payload={"again": True}, work_key="k").state == JobState.QUEUED
    assert run_job(first.pk)
    assert CALLS == [{}, {"again": True}]


@pytest.mark.django_db
def test_a_running_job_is_not_taken_twice() -> None:
    held = job(state=JobState.RUNNING, lease_until=timezone.now() + timedelta(seconds=30))
    assert not run_job(held.pk)
    assert CALLS == []


@pytest.mark.django_db
def test_an_expired_lease_is_taken_over(bells: list[int]) -> None:
    lost = job(state=JobState.RUNNING, lease_until=timezone.now() - timedelta(seconds=1), attempts=1)
    alive = job(work_key="other", state=JobState.RUNNING, lease_until=timezone.now() + timedelta(seconds=9))
    assert ring_waiting() == 1
    assert bells == [lost.pk]
    alive.refresh_from_db()
    assert alive.state == JobState.RUNNING
    assert run_job(lost.pk)
    lost.refresh_from_db()
    assert (lost.state, lost.attempts) == (JobState.DONE, 2)


@pytest.mark.django_db
def test_a_job_that_kills_its_workers_is_given_up() -> None:
    deadly = job(attempts=MAX_ATTEMPTS)
    assert not run_job(deadly.pk)
    deadly.refresh_from_db()
    assert deadly.state == JobState.FAILED
    assert "Given up" in deadly.error


@pytest.mark.django_db
def test_a_failure_is_kept_and_raised_where_jobs_are_eager() -> None:
    failing = job(payload={"fail": True})
    with pytest.raises(ValueError, match="went wrong"):
        run_job(failing.pk)
    failing.refresh_from_db()
    assert failing.state == JobState.FAILED
    assert failing.error.startswith("It went wrong.")


@pytest.mark.django_db
@pytest.mark.parametrize("fate", ["lose", "cancel"])
def test_work_stops_when_the_job_is_no_longer_ours(fate: str) -> None:
    assert not run_job(job(payload={fate: True}).pk)
    assert Job.objects.get().state == (JobState.CANCELLED if fate == "cancel" else JobState.RUNNING)


@pytest.mark.django_db(transaction=True)
def test_a_deaf_broker_loses_no_job(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    class Deaf:
        def send_task(self, name: str, arguments: list[int]) -> None:
            raise OperationalError("nobody there")

    settings.JOBS_EAGER = False
    monkeypatch.setattr(services, "import_string", lambda _path: Deaf())
    enqueue(kind="test", payload={}, work_key="k")
    assert Job.objects.get().state == JobState.QUEUED
    assert ring_waiting() == 0


@pytest.mark.django_db
def test_unknown_kinds_are_refused() -> None:
    with pytest.raises(UnknownKind):
        enqueue(kind="nonsense", payload={}, work_key="k")
    with pytest.raises(UnknownKind):
        work_of("nonsense")


def test_a_lost_lease_is_no_failure() -> None:
    assert not issubclass(LeaseLost, ValueError)
