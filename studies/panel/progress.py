"""Reading how far each reader is, block by block, and what asks for an eye; four queries however many there are.

Nothing here knows an arm: who looks after readers must not learn what they are shown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from django.db.models import Count, Max, Min, Q
from django.utils import timezone

from studies.models import Enrolment, EnrolmentState, Response, RunKind, Session, Study, Trial, TrialState
from studies.panel.attention import (
    RATING_DRIFT,
    SPEED_DRIFT,
    Answered,
    Flag,
    failed_catches,
    rating_drift,
    speed_drift,
    stuck,
)
from studies.tasks import Question
from studies.tasks import registry as tasks


@dataclass(frozen=True)
class BlockProgress:
    """A reader's trials of one block."""

    name: str
    done: int
    total: int

    @property
    def is_done(self) -> bool:
        """Nothing is left of it."""
        return self.done == self.total


@dataclass(frozen=True)
class ReaderProgress:
    """One reader: `seconds` is the median active time of a trial, `too_fast` how many trials took too little of it."""

    enrolment: Enrolment
    blocks: tuple[BlockProgress, ...]
    last_seen: datetime | None
    seconds: float | None
    too_fast: int
    flags: tuple[Flag, ...] = ()

    @property
    def done(self) -> int:
        """Trials done, practice included."""
        return sum(block.done for block in self.blocks)

    @property
    def total(self) -> int:
        """Trials in all, practice included."""
        return sum(block.total for block in self.blocks)

    @property
    def has_left(self) -> bool:
        """The reader has withdrawn."""
        return self.enrolment.state == EnrolmentState.WITHDRAWN

    @property
    def is_stuck(self) -> bool:
        """The reader should be reading and is not."""
        return any(flag.kind == "stuck" for flag in self.flags)


@dataclass(frozen=True)
class StudyProgress:
    """All readers of a study; `blocks` are the table's columns."""

    blocks: tuple[str, ...]
    readers: tuple[ReaderProgress, ...]

    @property
    def done(self) -> int:
        """Trials done by readers who have not left."""
        return sum(reader.done for reader in self.readers if not reader.has_left)

    @property
    def total(self) -> int:
        """Trials of readers who have not left."""
        return sum(reader.total for reader in self.readers if not reader.has_left)

    @property
    def stuck(self) -> int:
        """How many readers should be reading and are not."""
        return sum(reader.is_stuck for reader in self.readers)

    @property
    def flagged(self) -> int:
        """How many readers have something to look at."""
        return sum(bool(reader.flags) for reader in self.readers)


@dataclass
class _Found:
    """What is known of one reader's trials."""

    blocks: list[BlockProgress]
    reached: int = 0
    """The last session of the design that the reader has done a trial of."""
    next: int | None = None

    @property
    def waits(self) -> bool:
        """Nothing is left of this session of the design, and a later one is to come."""
        return self.next is not None and 0 < self.reached < self.next


def live_progress(study: Study) -> StudyProgress:
    """Every reader of every kind of run, those who left included."""
    enrolments = list(
        Enrolment.objects.filter(version__study=study)
        .select_related("reader", "version")
        .order_by("run_kind", "-version__number", "slot", "pk")
    )
    found = _found(study)
    columns = tuple(dict.fromkeys(block.name for each in found.values() for block in each.blocks))
    seen, answers = _seen(study), _answers(study)
    return StudyProgress(
        columns,
        tuple(
            _reader(each, found.get(each.pk, _Found([])), columns, seen.get(each.pk), answers.get(each.pk, []))
            for each in enrolments
        ),
    )


def _reader(
    enrolment: Enrolment,
    found: _Found,
    columns: tuple[str, ...],
    seen: datetime | None,
    answers: list[Answered],
) -> ReaderProgress:
    known = {block.name: block for block in found.blocks}
    counted = [each for each in answers if each.purpose != "practice"]
    seconds = [each.seconds for each in counted if each.seconds is not None]
    least = float(enrolment.version.document.get("quality", {}).get("min_seconds", 0))
    too_fast = sum(each < least for each in seconds)
    return ReaderProgress(
        enrolment=enrolment,
        blocks=tuple(known.get(name, BlockProgress(name, 0, 0)) for name in columns),
        last_seen=seen,
        seconds=median(seconds) if seconds else None,
        too_fast=too_fast,
        flags=tuple(_flags(enrolment, found, seen, counted, too_fast)),
    )


def _flags(
    enrolment: Enrolment, found: _Found, seen: datetime | None, counted: list[Answered], too_fast: int
) -> Iterator[Flag]:
    open_states = (EnrolmentState.ENROLLED, EnrolmentState.CONSENTED)
    finished = enrolment.state not in open_states or enrolment.run_kind not in (RunKind.LIVE, RunKind.PILOT)
    words = stuck(finished=finished, waits=found.waits, last_seen=seen, since=enrolment.created_at, now=timezone.now())
    if words:
        yield Flag("stuck", words)
    if too_fast:
        yield Flag("fast", f"{too_fast} too fast")
    failed, caught = failed_catches(counted, _MIDDLE)
    if failed:
        yield Flag("catch", f"{failed} of {caught} catch trials failed")
    drift = rating_drift(counted)
    if drift is not None and abs(drift[1]) >= RATING_DRIFT:
        yield Flag("drift", f"{drift[0]}: ratings {'rise' if drift[1] > 0 else 'fall'} by {abs(drift[1]):.1f}")
    speed = speed_drift(counted)
    if speed is not None and speed[1] < SPEED_DRIFT:
        yield Flag("drift", f"{speed[0]}: last half in {100 * speed[1]:.0f} % of the time")


_MIDDLE = 3.0


def _found(study: Study) -> dict[int, _Found]:
    found: dict[int, _Found] = {}
    done = Q(state=TrialState.DONE)
    rows = (
        Trial.objects.filter(enrolment__version__study=study)
        .values("enrolment_id", "block")
        .annotate(
            total=Count("pk"),
            done=Count("pk", filter=done),
            first=Min("position"),
            reached=Max("period", filter=done),
            next=Min("period", filter=~done),
        )
        .order_by("enrolment_id", "first")
    )
    for row in rows:
        one = found.setdefault(row["enrolment_id"], _Found([]))
        one.blocks.append(BlockProgress(row["block"], row["done"], row["total"]))
        one.reached = max(one.reached, row["reached"] or 0)
        if row["next"] is not None:
            one.next = min(one.next or row["next"], row["next"])
    return found


def _seen(study: Study) -> dict[int, datetime]:
    """The last look or the last answer, whichever came later: a sitting is noted by both."""
    rows = Session.objects.filter(enrolment__version__study=study).values("enrolment_id")
    seen = rows.annotate(seen=Max("last_seen_at"), answered=Max("responses__received_at")).order_by("enrolment_id")
    return {row["enrolment_id"]: max(filter(None, (row["seen"], row["answered"]))) for row in seen}


def _answers(study: Study) -> dict[int, list[Answered]]:
    """Each reader's answered trials in their order; active time is summed over all answers, the last rating counts."""
    columns = ("trial__enrolment_id", "trial_id", "trial__block", "trial__purpose", "client__active_seconds")
    ratings = [f"answers__{name}" for name in _rating_questions()]
    rows = Response.objects.filter(trial__enrolment__version__study=study)
    rows = rows.order_by("trial__enrolment_id", "trial__position", "id")
    found: dict[int, dict[int, Answered]] = defaultdict(dict)
    for enrolment, trial, block, purpose, seconds, *given in rows.values_list(*columns, *ratings):
        before = found[enrolment].get(trial, Answered(block, purpose, None, None))
        rating = next((value for value in given if isinstance(value, (int, float))), before.rating)
        found[enrolment][trial] = Answered(block, purpose, _sum(before.seconds, seconds), rating)
    return {enrolment: list(trials.values()) for enrolment, trials in found.items()}


def _sum(before: float | None, seconds: object) -> float | None:
    return (before or 0.0) + seconds if isinstance(seconds, (int, float)) else before


def _rating_questions() -> list[str]:
    """The first question on a five-point scale of each task: what a drift of ratings is told by."""
    names = []
    for task in tasks:
        scales = (question for step in task().steps for question in step.questions if _is_scale(question))
        names += [question.name for question in list(scales)[:1]]
    return list(dict.fromkeys(names))


def _is_scale(question: Question) -> bool:
    return question.kind == "scale" and len(question.options) == 5 and not question.reverse
