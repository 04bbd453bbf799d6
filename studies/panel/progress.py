"""Reading how far each reader is, block by block, in four queries however many readers there are."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from django.db.models import Count, Max, Min, Q

from studies.models import Enrolment, EnrolmentState, Response, Session, Study, Trial, TrialState


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


def live_progress(study: Study) -> StudyProgress:
    """Every reader of every kind of run, those who left included."""
    enrolments = list(
        Enrolment.objects.filter(version__study=study)
        .select_related("reader", "version")
        .order_by("run_kind", "-version__number", "slot", "pk")
    )
    blocks = _blocks(study)
    columns = tuple(dict.fromkeys(block.name for each in blocks.values() for block in each))
    seen, active = _seen(study), _Active(study)
    return StudyProgress(columns, tuple(_reader(each, blocks[each.pk], columns, seen, active) for each in enrolments))


def _reader(
    enrolment: Enrolment,
    blocks: list[BlockProgress],
    columns: tuple[str, ...],
    seen: dict[int, datetime],
    active: _Active,
) -> ReaderProgress:
    known = {block.name: block for block in blocks}
    seconds = list(active.seconds[enrolment.pk].values())
    least = float(enrolment.version.document.get("quality", {}).get("min_seconds", 0))
    moments = [moment for moment in (seen.get(enrolment.pk), active.last.get(enrolment.pk)) if moment]
    return ReaderProgress(
        enrolment=enrolment,
        blocks=tuple(known.get(name, BlockProgress(name, 0, 0)) for name in columns),
        last_seen=max(moments, default=None),
        seconds=median(seconds) if seconds else None,
        too_fast=sum(each < least for each in seconds),
    )


def _blocks(study: Study) -> dict[int, list[BlockProgress]]:
    found: dict[int, list[BlockProgress]] = defaultdict(list)
    rows = (
        Trial.objects.filter(enrolment__version__study=study)
        .values("enrolment_id", "block")
        .annotate(total=Count("pk"), done=Count("pk", filter=Q(state=TrialState.DONE)), first=Min("position"))
        .order_by("enrolment_id", "first")
    )
    for row in rows:
        found[row["enrolment_id"]].append(BlockProgress(row["block"], row["done"], row["total"]))
    return found


def _seen(study: Study) -> dict[int, datetime]:
    sessions = Session.objects.filter(enrolment__version__study=study).values("enrolment_id")
    return {
        row["enrolment_id"]: row["seen"] for row in sessions.annotate(seen=Max("last_seen_at")).order_by("enrolment_id")
    }


class _Active:
    """Active seconds of each analysed trial, and the last answer, by enrolment."""

    def __init__(self, study: Study) -> None:
        self.seconds: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
        self.last: dict[int, datetime] = {}
        rows = Response.objects.filter(trial__enrolment__version__study=study).order_by("id")
        for enrolment, trial, practice, client, at in rows.values_list(
            "trial__enrolment_id", "trial_id", "trial__is_practice", "client__active_seconds", "received_at"
        ):
            self.last[enrolment] = at
            if isinstance(client, (int, float)) and not practice:
                self.seconds[enrolment][trial] += client
