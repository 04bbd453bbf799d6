"""Drawing a reader's trials, once, before the first one is served."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator

from django.db import transaction

from foundation.seeds import derive
from portal.audit.services import record
from studies.designs import Planned
from studies.designs.certificate import Certificate, certificate
from studies.designs.order import shuffled
from studies.models import Arm, Enrolment, EnrolmentState, ProtocolVersion, Purpose, RunKind, Stimulus, Trial
from studies.protocol import WITHOUT_MAP, Block, Protocol, from_document

TOKEN_BYTES = 24


def next_slot(version: ProtocolVersion, run_kind: RunKind | str) -> int:
    """The lowest slot that nobody follows; one given back by a withdrawal comes first.

    Call it inside a transaction that holds the version's row (`select_for_update`).
    """
    enrolments = Enrolment.objects.filter(version=version, run_kind=run_kind)
    taken = set(enrolments.exclude(state=EnrolmentState.WITHDRAWN).values_list("slot", flat=True))
    return next(slot for slot in range(len(taken) + 1) if slot not in taken)


def schedule(protocol: Protocol, protocol_hash: str, slot: int) -> list[tuple[Block, Planned, bool]]:
    """Block, trial, and whether it is practice, in the order of a slot; the same for the same arguments."""
    return [
        (block, planned, is_practice)
        for block in protocol.blocks
        for planned, is_practice in _of_block(block, derive(protocol.seed, protocol_hash, block.name), slot)
    ]


def balance_of(version: ProtocolVersion, readers: int) -> dict[str, Certificate]:
    """Block to the balance of its analysed trials over this many readers, counted from the schedule itself."""
    protocol = from_document(version.document)
    slots = [schedule(protocol, version.hash, slot) for slot in range(readers)]
    return {
        block.name: certificate(
            [[plan for other, plan, practice in slot if other.name == block.name and not practice] for slot in slots],
            block.cases.include,
            block.arms,
        )
        for block in protocol.blocks
    }


@transaction.atomic
def assign_trials(*, enrolment: Enrolment) -> list[Trial]:
    """Draw and store all trials of an enrolment (practice first in each block); the stored ones if there are any."""
    enrolment = Enrolment.objects.select_for_update(of=("self",)).select_related("version").get(pk=enrolment.pk)
    stored = list(enrolment.trials.order_by("position"))
    if stored:
        return stored
    version = enrolment.version
    planned = schedule(from_document(version.document), version.hash, enrolment.slot)
    Trial.objects.bulk_create(_trials(enrolment, planned))
    record(actor=None, action="trials.assigned", subject=enrolment, slot=enrolment.slot, trials=len(planned))
    return list(enrolment.trials.order_by("position"))


def _of_block(block: Block, seed: int, slot: int) -> Iterator[tuple[Planned, bool]]:
    arms = shuffled(block.arms, seed, "practice")
    for number, case in enumerate(block.practice):
        first = number + slot
        shown = tuple(arms[(first + step) % len(arms)] for step in range(block.task.arms_per_trial))
        yield Planned(case, shown), True
    for planned in block.design.assign(block.cases.include, block.arms, slot, seed):
        yield planned, False


def _trials(enrolment: Enrolment, planned: list[tuple[Block, Planned, bool]]) -> Iterator[Trial]:
    stimuli = {
        (_key(stimulus.arm), stimulus.case.slug): stimulus
        for stimulus in Stimulus.objects.filter(version=enrolment.version).select_related("arm__network", "case")
    }
    times: Counter[tuple[str, str, frozenset[str]]] = Counter()
    for position, (block, trial, is_practice) in enumerate(planned):
        shown = [stimuli[arm, trial.case] for arm in trial.arms]
        second = shown[1] if len(shown) > 1 else None
        what = (block.name, trial.case, frozenset(trial.arms))
        times[what] += 1
        yield Trial(
            enrolment=enrolment,
            position=position,
            block=block.name,
            task=block.task.name,
            case=shown[0].case,
            arm=shown[0].arm,
            stimulus=shown[0],
            second_arm=second.arm if second else None,
            second_stimulus=second,
            occurrence=times[what],
            purpose=Purpose.PRACTICE if is_practice else Purpose.ORDINARY,
            token=secrets.token_urlsafe(TOKEN_BYTES),
        )


def _key(arm: Arm) -> str:
    """The arm as a protocol's block names it."""
    return f"{arm.network.slug if arm.network else ''}/{arm.label or WITHOUT_MAP}"
