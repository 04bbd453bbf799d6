"""Drawing a reader's trials, once, before the first one is served."""

from __future__ import annotations

from studies.models import Enrolment, ProtocolVersion, RunKind, Trial


def next_slot(version: ProtocolVersion, run_kind: RunKind | str) -> int:
    """The lowest slot that nobody follows; one given back by a withdrawal comes first.

    Call it inside a transaction that holds the version's row (`select_for_update`).
    """
    taken = set(
        Enrolment.objects.filter(version=version, run_kind=run_kind)
        .exclude(state="withdrawn")
        .values_list("slot", flat=True)
    )
    return next(slot for slot in range(len(taken) + 1) if slot not in taken)


def assign_trials(*, enrolment: Enrolment) -> list[Trial]:
    """Draw and store all trials of an enrolment (practice first in each block); the stored ones if there are any."""
    raise NotImplementedError
