"""Drawing a reader's trials, once, before the first one is served."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator, Sequence

from django.db import transaction
from django.utils import timezone

from portal.audit.services import record
from studies.designs import Planned
from studies.designs.certificate import Certificate, certificate
from studies.models import Enrolment, EnrolmentState, FurtherStimulus, ProtocolVersion, RunKind, Stimulus, Trial
from studies.protocol import Block, from_document, schedule
from studies.protocol.schedule import Scheduled
from studies.services.stale import stale_enrolments

TOKEN_BYTES = 24


def next_slot(version: ProtocolVersion, run_kind: RunKind | str) -> int:
    """The lowest slot that nobody follows; one given back by a withdrawal, or gone stale, comes first.

    A stale slot's reader keeps all that is theirs and may go on; the slot is noted as released. Call it inside a
    transaction that holds the version's row (`select_for_update`).
    """
    holders = Enrolment.objects.filter(version=version, run_kind=run_kind, released_at=None)
    taken = set(holders.exclude(state=EnrolmentState.WITHDRAWN).values_list("slot", flat=True))
    stale = {each.slot: each for each in stale_enrolments(version, run_kind)}
    slot = next(slot for slot in range(len(taken) + 1) if slot not in taken or slot in stale)
    if slot in stale:
        Enrolment.objects.filter(pk=stale[slot].pk).update(released_at=timezone.now())
        record(actor=None, action="slot.released", subject=stale[slot], slot=slot)
    return slot


def balance_of(version: ProtocolVersion, readers: int) -> dict[str, Certificate]:
    """Block to the balance of its analysed trials over this many readers, counted from the schedule itself."""
    protocol = from_document(version.document)
    slots = [schedule(protocol, version.hash, slot) for slot in range(readers)]
    return {
        block.name: certificate(_analysed(slots, block), block.cases.include, block.arms) for block in protocol.blocks
    }


def _analysed(slots: Sequence[Sequence[Scheduled]], block: Block) -> list[list[Planned]]:
    return [
        [planned for other, planned in slot if other.name == block.name and planned.purpose == "ordinary"]
        for slot in slots
    ]


@transaction.atomic
def assign_trials(*, enrolment: Enrolment) -> list[Trial]:
    """Draw and store all trials of an enrolment (practice first in each block); the stored ones if there are any."""
    enrolment = Enrolment.objects.select_for_update(of=("self",)).select_related("version").get(pk=enrolment.pk)
    stored = list(enrolment.trials.order_by("position"))
    if stored:
        return stored
    version = enrolment.version
    planned = schedule(from_document(version.document), version.hash, enrolment.slot)
    _store(enrolment, planned)
    record(actor=None, action="trials.assigned", subject=enrolment, slot=enrolment.slot, trials=len(planned))
    return list(enrolment.trials.order_by("position"))


def _store(enrolment: Enrolment, planned: Sequence[Scheduled]) -> None:
    stimuli = {
        (stimulus.arm.key, stimulus.case.slug): stimulus
        for stimulus in Stimulus.objects.filter(version=enrolment.version).select_related("arm__network", "case")
    }
    shown = [[stimuli[arm, trial.case] for arm in trial.arms] for _block, trial in planned]
    trials = Trial.objects.bulk_create(_trials(enrolment, planned, [first for first, *_rest in shown]))
    FurtherStimulus.objects.bulk_create(
        FurtherStimulus(trial=trial, place=place, stimulus=stimulus)
        for trial, (_first, *rest) in zip(trials, shown, strict=True)
        for place, stimulus in enumerate(rest, start=1)
    )


def _trials(enrolment: Enrolment, planned: Sequence[Scheduled], first: Sequence[Stimulus]) -> Iterator[Trial]:
    times: Counter[tuple[str, str, frozenset[str]]] = Counter()
    for position, (block, trial) in enumerate(planned):
        what = (block.name, trial.case, frozenset(trial.arms))
        times[what] += 1
        yield Trial(
            enrolment=enrolment,
            position=position,
            block=block.name,
            task=block.task.name,
            case=first[position].case,
            arm=first[position].arm,
            stimulus=first[position],
            occurrence=times[what],
            purpose=trial.purpose,
            period=trial.period,
            token=secrets.token_urlsafe(TOKEN_BYTES),
        )
