"""What is read of a study: how far a reader has come, and what they agreed to."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any, cast

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, FilteredRelation, OuterRef, Q, QuerySet, Subquery

from foundation.provenance import digest_of
from portal.accounts.models import User
from studies.models import Enrolment, EnrolmentState, ProtocolVersion, Response, RunKind, Session, Trial, TrialState
from studies.pacing import Window, window_of
from studies.protocol import Block, Protocol, from_document
from studies.protocol.schema import WITHDRAWAL
from studies.tasks import Scene
from studies.tasks.base import Aid

_TRIAL_WITH: tuple[str, ...] = (
    "enrolment__version__study",
    "enrolment__reader",
    "case",
    "arm__network",
    "stimulus__explanation",
    "sitting",
)
_NOT_FOR_READING = (
    "enrolment__version__source",
    "enrolment__version__certificate",
    "enrolment__reader__profile",
    "case__attributes",
    "arm__network__description",
    "arm__network__arguments",
    "arm__network__preprocessing",
    "arm__network__performance",
    "stimulus__display_record",
    "stimulus__explanation__parameters",
    "stimulus__explanation__target",
    "stimulus__explanation__provenance",
)
"""Large, and of no use for serving or answering a trial."""
_PROTOCOLS: dict[str, Protocol] = {}
_MOST_PROTOCOLS = 64


@dataclass(frozen=True)
class TrialRow:
    """One trial of a reader's order, as far as finding one's place needs it."""

    pk: int
    token: str
    position: int
    block: str
    task: str
    state: str
    period: int
    is_practice: bool
    served_at: datetime | None
    completed_at: datetime | None

    @property
    def is_done(self) -> bool:
        """Every step is answered."""
        return self.state == TrialState.DONE

    @property
    def seconds(self) -> float | None:
        """From the first look to the last answer, by the server's clock."""
        if self.served_at is None or self.completed_at is None:
            return None
        return (self.completed_at - self.served_at).total_seconds()


def comes_next(current: TrialRow, later: TrialRow | Trial) -> bool:
    """Whether a reader goes from one trial straight to the other, without instructions, forms or weeks between."""
    return (current.block, current.period) == (later.block, later.period)


@dataclass(frozen=True)
class Place:
    """Where a reader stands among their trials; `minutes_left` is None once nothing is left.

    `window` says when the next session may be begun, where that is what comes next.
    """

    rows: tuple[TrialRow, ...]
    current: TrialRow | None
    done: int
    total: int
    minutes_left: int | None
    window: Window | None = None

    @property
    def percent(self) -> int:
        """How much is done."""
        return 100 * self.done // self.total if self.total else 100

    @property
    def blocks(self) -> tuple[str, ...]:
        """The blocks in the reader's order."""
        return tuple(dict.fromkeys(row.block for row in self.rows))

    def before(self, position: int) -> TrialRow | None:
        """The trial before the one at this position."""
        return next((row for row in self.rows if row.position == position - 1), None)

    @property
    def ahead(self) -> TrialRow | None:
        """The trial after the current one, where nothing stands between the two: same block, same session."""
        left = [row for row in self.rows if not row.is_done][:2]
        return left[1] if len(left) == 2 and comes_next(left[0], left[1]) else None


@dataclass(frozen=True)
class ReadingStudy:
    """A study on a reader's first page."""

    enrolment: Enrolment
    place: Place


def protocol_of(version: ProtocolVersion) -> Protocol:
    """The protocol of a version, parsed once for each content hash."""
    return _protocol(version.document)


def block_of(version: ProtocolVersion, name: str) -> Block:
    """One block of a version's protocol."""
    return protocol_of(version).block(name)


def scene_of(trial: Trial) -> Scene:
    """What the trial's steps depend on beside its task: what its arm gives, and what was prepared for its block."""
    return Scene(cast(Aid, str(trial.arm.kind)), trial.stimulus.prepared.get(trial.block) or {})


def consent_hash(protocol: Protocol) -> str:
    """Identifies the very words that a reader agrees to, in every language they are offered in."""
    consent = protocol.consent
    agreed: list[Any] = [protocol.title, consent.version, consent.contact, consent.ethics, consent.text.as_dict()]
    if consent.withdrawal != WITHDRAWAL:
        agreed.append(list(consent.withdrawal))
    return digest_of(agreed)


def consent_in_force(enrolment: Enrolment) -> Protocol:
    """The protocol whose consent holds for this reader: that of the study's newest locked version."""
    document = getattr(enrolment, "newest_document", None)
    if document is None:
        versions = ProtocolVersion.objects.filter(study_id=enrolment.version.study_id, locked_at__isnull=False)
        document = versions.order_by("-number").values_list("document", flat=True).first()
    return _protocol(document or enrolment.version.document)


def has_consented(enrolment: Enrolment) -> bool:
    """Whether the reader has agreed to the text as it stands now."""
    return bool(enrolment.consent_hash) and enrolment.consent_hash == consent_hash(consent_in_force(enrolment))


def readers_enrolments(user: User | AnonymousUser) -> QuerySet[Enrolment]:
    """What this person takes part in, newest first, with the consent that holds now."""
    found = Enrolment.objects.filter(reader__user_id=user.pk) if user.is_authenticated else Enrolment.objects.none()
    return (
        found.select_related("version__study", "reader")
        .annotate(newest_document=_newest_document("version__study_id"))
        .order_by("-created_at", "-id")
    )


def readers_trials(user: User | AnonymousUser, sittings: Collection[int] = ()) -> QuerySet[Trial]:
    """The trials of this person, each with all that tells whether it may be seen: one query for one trial.

    `sittings` are those that the browser knows; the one of the trial's enrolment comes along, see `known_sitting`.
    """
    found = Trial.objects.filter(enrolment__reader__user_id=user.pk) if user.is_authenticated else Trial.objects.none()
    unfinished = Trial.objects.filter(enrolment_id=OuterRef("enrolment_id")).exclude(state=TrialState.DONE)
    # No sitting has the key 0.
    known = Q(enrolment__sessions__pk__in=[0, *sittings])
    found = found.annotate(sitting=FilteredRelation("enrolment__sessions", condition=known))
    return (
        found.select_related(*_TRIAL_WITH)
        .defer(*_NOT_FOR_READING)
        .annotate(
            newest_document=_newest_document("enrolment__version__study_id"),
            waits=Exists(unfinished.filter(position__lt=OuterRef("position"))),
            next_token=Subquery(
                unfinished.filter(position__gt=OuterRef("position")).order_by("position").values("token")[:1]
            ),
        )
    )


def receipt_of(enrolment: Enrolment) -> list[dict[str, str]]:
    """Each stored answer: the key that the browser drew for it, when it was stored, a checksum of what it says."""
    rows = Response.objects.filter(trial__enrolment=enrolment).order_by("id")
    return [
        {"key": str(key), "saved_at": at.isoformat(timespec="seconds"), "sha256": digest_of(answers)}
        for key, at, answers in rows.values_list("key", "received_at", "answers")
    ]


def is_ahead(trial: Trial) -> bool:
    """Whether this pending trial is the one after the trial that its reader has on the screen; one query.

    Its image may then be fetched early, so that it stands there when the answer is sent; see studies.views.payloads. It
    stays so between that answer and the page of this trial: a quick reader's browser asks for it just then.
    """
    earlier = _rows(Trial.objects.filter(enrolment_id=trial.enrolment_id, position__lt=trial.position))
    left = [row for row in earlier if not row.is_done]
    if not earlier or len(left) > 1:
        return False
    shown = left[0] if left else earlier[-1]
    return shown.state in {TrialState.OPEN, TrialState.DONE} and comes_next(shown, trial)


def known_sitting(trial: Trial) -> Session | None:
    """The sitting that came along with a trial of `readers_trials`."""
    return getattr(trial, "sitting", None)


def place_of(enrolment: Enrolment) -> Place:
    """Where a reader stands, from one query."""
    return _place(list(_rows(Trial.objects.filter(enrolment=enrolment))), enrolment)


def is_timed(enrolment: Enrolment) -> bool:
    """Gaps and breaks hold for people whose answers count: nobody waits for weeks in a preview, nor does a bot."""
    return enrolment.run_kind in {RunKind.LIVE, RunKind.PILOT}


def must_wait(enrolment: Enrolment, place: Place, now: datetime) -> bool:
    """The reader's next session is not open yet, or open no more."""
    window = place.window
    return is_timed(enrolment) and window is not None and (window.is_early(now) or window.is_late(now))


def reading_studies(user: User) -> list[ReadingStudy]:
    """A reader's studies with their progress, from two queries."""
    enrolments = list(readers_enrolments(user).exclude(state=EnrolmentState.WITHDRAWN))
    rows: dict[int, list[TrialRow]] = {enrolment.pk: [] for enrolment in enrolments}
    trials = Trial.objects.filter(enrolment__in=enrolments).order_by("enrolment_id", "position")
    for owner, *values in trials.values_list("enrolment_id", *_COLUMNS):
        rows[owner].append(TrialRow(*values))
    return [ReadingStudy(enrolment, _place(rows[enrolment.pk], enrolment)) for enrolment in enrolments]


_COLUMNS = ("pk", "token", "position", "block", "task", "state", "period", "is_practice", "served_at", "completed_at")


def _rows(trials: QuerySet[Trial]) -> Sequence[TrialRow]:
    return [TrialRow(*values) for values in trials.order_by("position").values_list(*_COLUMNS)]


def _place(rows: Sequence[TrialRow], enrolment: Enrolment) -> Place:
    left = [row for row in rows if not row.is_done]
    return Place(
        rows=tuple(rows),
        current=left[0] if left else None,
        done=len(rows) - len(left),
        total=len(rows),
        minutes_left=_minutes(rows, left, protocol_of(enrolment.version)) if left else None,
        window=window_of(rows, protocol_of(enrolment.version)) if left else None,
    )


def _minutes(rows: Sequence[TrialRow], left: Sequence[TrialRow], protocol: Protocol) -> int:
    """Own median for each task, and the task's usual time before there is one."""
    seconds = 0.0
    for block in dict.fromkeys(row.block for row in left):
        own = [row.seconds for row in rows if row.block == block and row.seconds is not None and not row.is_practice]
        usual = median(own) if len(own) >= 3 else protocol.block(block).task.seconds
        seconds += usual * sum(row.block == block for row in left)
    return max(1, round(seconds / 60))


def _newest_document(study: str) -> Subquery:
    versions = ProtocolVersion.objects.filter(study_id=OuterRef(study), locked_at__isnull=False)
    return Subquery(versions.order_by("-number").values("document")[:1])


def _protocol(document: dict[str, Any]) -> Protocol:
    key = digest_of(document)
    if key not in _PROTOCOLS:
        if len(_PROTOCOLS) >= _MOST_PROTOCOLS:
            _PROTOCOLS.clear()
        _PROTOCOLS[key] = from_document(document)
    return _PROTOCOLS[key]
