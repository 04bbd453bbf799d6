"""A reader at work: sittings, trials served, answers stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, Max, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.audit.services import record
from studies.errors import StudyError
from studies.models import Enrolment, EnrolmentState, Response, RunKind, Session, StudyState, Trial, TrialState
from studies.selectors import block_of, has_consented, known_sitting, must_wait, place_of, readers_trials, scene_of
from studies.services.practice import truth_of
from studies.tasks import Feedback, InvalidAnswers, Task

IDLE = timedelta(minutes=30)
SEEN_EVERY = timedelta(minutes=1)


class UnknownTrial(StudyError):
    """There is no such trial for this reader, or not yet."""


class AlreadyAnswered(StudyError):
    """The step was answered before, with another key, and cannot be changed."""


class KeyTaken(StudyError):
    """The key belongs to another answer."""


class NotReading(StudyError):
    """The reader takes no part now: no consent, withdrawn, or the study is closed."""


@dataclass(frozen=True)
class Stored:
    """An answer that is safe; `created` is False where it had been stored before."""

    response: Response
    created: bool
    trial: Trial
    feedback: Feedback | None = None


def open_to_answers(enrolment: Enrolment) -> bool:
    """Whether this reader may be shown trials and answer them."""
    study = enrolment.version.study
    if enrolment.state == EnrolmentState.WITHDRAWN or not has_consented(enrolment):
        return False
    return study.state != StudyState.CLOSED or enrolment.run_kind == RunKind.PREVIEW


def task_of(trial: Trial) -> Task:
    """The trial's task, with the parameters that its block gives it."""
    return block_of(trial.enrolment.version, trial.block).task


def may_revise(trial: Trial, task: Task) -> bool:
    """Whether the reader may go back to this trial: finished, not locked, and the last one they did."""
    return (
        trial.state == TrialState.DONE
        and not trial.is_practice
        and not any(step.locks for step in task.steps)
        and trial.enrolment.state == EnrolmentState.CONSENTED
        and not trial.enrolment.trials.filter(position__gt=trial.position, state=TrialState.DONE).exists()
    )


@transaction.atomic
def serve_trial(*, trial: Trial) -> Trial:
    """Note that the reader looks at this trial for the first time; later looks change nothing."""
    if trial.state == TrialState.PENDING:
        trial.state, trial.served_at = TrialState.OPEN, timezone.now()
        served = Trial.objects.filter(pk=trial.pk, state=TrialState.PENDING)
        served.update(state=trial.state, served_at=trial.served_at)
    return trial


@transaction.atomic
def sitting_of(*, enrolment: Enrolment, known: Session | int | None) -> Session:
    """The sitting that goes on (`known` to the browser's session), or a new one after half an hour away."""
    now = timezone.now()
    sitting = Session.objects.filter(pk=known, enrolment=enrolment).first() if isinstance(known, int) else known
    if sitting is None or now - sitting.last_seen_at > IDLE:
        return new_sitting(enrolment=enrolment)
    if now - sitting.last_seen_at > SEEN_EVERY:
        sitting.last_seen_at = now
        sitting.save(update_fields=["last_seen_at"])
    return sitting


@transaction.atomic
def new_sitting(*, enrolment: Enrolment) -> Session:
    """A new sitting, after a break or on another device."""
    Enrolment.objects.select_for_update().get(pk=enrolment.pk)
    last = Session.objects.filter(enrolment=enrolment).aggregate(last=Max("number"))["last"] or 0
    now = timezone.now()
    return Session.objects.create(enrolment=enrolment, number=last + 1, started_at=now, last_seen_at=now)


@transaction.atomic
def record_response(
    *,
    user: User,
    token: str,
    key: UUID,
    step: str,
    answers: Mapping[str, Any],
    client: Mapping[str, Any],
    revise: bool = False,
    sittings: Mapping[int, int] | None = None,
) -> Stored:
    """Store one answer; the same key sent again, even at the same moment, gives the row that is there.

    `revise` says that the reader went back to change a finished trial; `sittings` are those that the browser knows,
    by enrolment. Raises UnknownTrial, NotReading, KeyTaken,
    AlreadyAnswered, or InvalidAnswers with a sentence for each question; nothing is written then.
    """
    trial = _held(user, token, key, sittings or {})
    task = task_of(trial)
    given = _given(trial, task, step, key)
    known = next((response for response in given if response.key == key), None)
    if known is not None:
        if known.trial_id != trial.pk:
            raise KeyTaken(_("This answer belongs to another page. Reload this page, please."))
        return Stored(known, False, trial, _feedback(trial, task, known))
    if not open_to_answers(trial.enrolment):
        raise NotReading(_("This study takes no answers from you now."))
    if trial.waits:  # type: ignore[attr-defined]  # annotated by the selector
        raise UnknownTrial(_("There is no such page."))
    if _is_shut(trial):
        raise UnknownTrial(_("There is no such page."))
    before = [response for response in given if response.step == step]
    _check_step(trial, task, step, revise)
    earlier = {response.step: response.answers for response in given if response.trial_id == trial.pk}
    earlier.pop(step, None)
    clean = task.validate(step, answers, scene=scene_of(trial), earlier=earlier)
    response = Response.objects.create(
        trial=trial,
        session_id=_sitting_now(trial),
        step=step,
        revision=len(before) + 1,
        key=key,
        answers=clean,
        client=dict(client),
        received_at=timezone.now(),
    )
    if not before:
        _go_on(trial, task)
    return Stored(response, True, trial, _feedback(trial, task, response))


def _held(user: User, token: str, key: UUID, sittings: Mapping[int, int]) -> Trial:
    """The reader's own trial, locked: two answers to it are stored one after the other.

    One query brings all that a first answer needs: whether the key has been seen, and when the sitting was last.
    """
    held = readers_trials(user, sittings.values()).select_for_update(of=("self",)).filter(token=token)
    trial = held.annotate(key_is_known=Exists(Response.objects.filter(key=key))).first()
    if trial is None:
        raise UnknownTrial(_("There is no such page."))
    trial.enrolment.newest_document = trial.newest_document  # type: ignore[attr-defined]  # annotated by the selector
    return trial


def _given(trial: Trial, task: Task, step: str, key: UUID) -> list[Response]:
    """Earlier answers that matter: to this trial, or with this key.

    A step that the locked trial still waits for has none, so they are looked up for the others alone.
    """
    waited_for = trial.state != TrialState.DONE and step in [
        each.name for each in task.steps[trial.step : trial.step + 1]
    ]
    if waited_for and not trial.key_is_known:  # type: ignore[attr-defined]  # annotated by _held
        return []
    return list(Response.objects.filter(Q(trial=trial) | Q(key=key)).order_by("revision"))


def _sitting_now(trial: Trial) -> int:
    """The browser's sitting, where it goes on; the pages between answers keep noting when it was last seen."""
    sitting = known_sitting(trial)
    if sitting is not None and timezone.now() - sitting.last_seen_at <= IDLE:
        return sitting.pk
    return new_sitting(enrolment=trial.enrolment).pk


def _is_shut(trial: Trial) -> bool:
    """A trial of a later session that was never shown, and may not be shown now."""
    if trial.period == 1 or trial.state != TrialState.PENDING:
        return False
    return must_wait(trial.enrolment, place_of(trial.enrolment), timezone.now())


def _check_step(trial: Trial, task: Task, step: str, revise: bool) -> None:
    names = [known.name for known in task.steps]
    if step not in names:
        raise InvalidAnswers({"step": "This page has no such step."})
    position = names.index(step)
    if trial.state == TrialState.DONE or position < trial.step:
        if not (revise and may_revise(trial, task)):
            raise AlreadyAnswered(_("This was answered before, and that answer is kept."))
    elif position > trial.step:
        raise UnknownTrial(_("There is no such page."))


def _go_on(trial: Trial, task: Task) -> None:
    """The next step, or the end of the trial; the last trial ends the enrolment."""
    now = timezone.now()
    trial.step += 1
    trial.served_at = trial.served_at or now
    trial.state = TrialState.OPEN
    if trial.step >= len(task.steps):
        trial.state, trial.completed_at = TrialState.DONE, now
    trial.save(update_fields=["step", "state", "served_at", "completed_at"])
    if trial.state == TrialState.DONE and trial.next_token is None:  # type: ignore[attr-defined]  # annotated by the selector
        enrolment = trial.enrolment
        enrolment.state, enrolment.completed_at = EnrolmentState.COMPLETED, now
        enrolment.save(update_fields=["state", "completed_at"])
        record(actor=None, action="reader.completed", subject=enrolment)


def _feedback(trial: Trial, task: Task, response: Response) -> Feedback | None:
    if not trial.is_practice:
        return None
    return task.feedback(response.step, response.answers, truth_of(trial))
