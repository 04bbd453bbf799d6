"""A reader's trials are drawn once, balanced, and stored before the first one is served."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from portal.accounts.models import User
from studies.models import Arm, Enrolment, EnrolmentState, ProtocolVersion, Reader, RunKind, Trial, TrialState
from studies.protocol import from_document, schedule
from studies.services.assign import assign_trials, balance_of, next_slot
from tests.studies.ward import Ward, make_study

pytestmark = [pytest.mark.django_db, pytest.mark.db]


@pytest.fixture
def version(researcher: User) -> ProtocolVersion:
    ward: Ward = make_study(researcher)
    return ward.study.versions.get()


def enrol(version: ProtocolVersion, slot: int, run_kind: str = RunKind.LIVE) -> Enrolment:
    reader = Reader.objects.create(study=version.study, pseudonym=f"R-{run_kind}-{Reader.objects.count()}")
    return Enrolment.objects.create(version=version, reader=reader, run_kind=run_kind, slot=slot)


def key(arm: Arm) -> str:
    return f"{arm.network.slug if arm.network else ''}/{arm.label or 'none'}"


def test_the_stored_trials_follow_the_schedule(version: ProtocolVersion) -> None:
    """Oracle: the pure schedule of the slot."""
    trials = assign_trials(enrolment=enrol(version, slot=2))
    planned = schedule(from_document(version.document), version.hash, 2)
    assert [trial.position for trial in trials] == list(range(len(planned)))
    for trial, (block, plan) in zip(trials, planned, strict=True):
        arms = [key(stimulus.arm) for stimulus in trial.stimuli]
        assert (trial.block, trial.task, trial.case.slug) == (block.name, block.task.name, plan.case)
        assert (tuple(arms), trial.purpose, trial.period) == (plan.arms, plan.purpose, plan.period)
        assert trial.state == TrialState.PENDING
        assert (trial.stimulus.arm, trial.stimulus.case) == (trial.arm, trial.case)
        assert {stimulus.case for stimulus in trial.stimuli} == {trial.case}


def test_practice_comes_first_in_its_block(version: ProtocolVersion) -> None:
    trials = [trial for trial in assign_trials(enrolment=enrol(version, 0)) if trial.block == "rate"]
    assert [trial.is_practice for trial in trials] == [True, False, False, False]
    assert trials[0].case.slug == "ward-010"


def test_trials_are_drawn_once(version: ProtocolVersion) -> None:
    enrolment = enrol(version, 0)
    first = assign_trials(enrolment=enrolment)
    again = assign_trials(enrolment=enrolment)
    assert [(trial.pk, trial.token) for trial in again] == [(trial.pk, trial.token) for trial in first]
    assert Trial.objects.count() == len(first)


def test_the_same_slot_has_the_same_order_and_other_tokens(version: ProtocolVersion) -> None:
    live = assign_trials(enrolment=enrol(version, 1))
    bot = assign_trials(enrolment=enrol(version, 1, RunKind.BOT))
    other = assign_trials(enrolment=enrol(version, 0))

    def shown(trials: list[Trial]) -> list[tuple[int, int]]:
        return [(trial.case_id, trial.arm_id) for trial in trials]

    assert shown(live) == shown(bot) != shown(other)
    tokens = [trial.token for trial in (*live, *bot, *other)]
    assert len(set(tokens)) == len(tokens)
    assert all(re.fullmatch(r"[\w-]{32}", token) for token in tokens)


def test_consecutive_readers_are_balanced(version: ProtocolVersion) -> None:
    """Three readers on a latin square of three arms: each case in each arm once."""
    rated: Counter[tuple[str, str]] = Counter()
    for slot in range(3):
        for trial in assign_trials(enrolment=enrol(version, slot)):
            if trial.block == "rate" and not trial.is_practice:
                rated[trial.case.slug, key(trial.arm)] += 1
    assert len(rated) == 9
    assert set(rated.values()) == {1}


def test_the_certificate_counts_what_readers_get(version: ProtocolVersion) -> None:
    """Oracle: the stored trials of as many readers."""
    promised = balance_of(version, 4)["rate"]
    rated: Counter[tuple[str, str]] = Counter()
    for slot in range(4):
        for trial in assign_trials(enrolment=enrol(version, slot)):
            if trial.block == "rate" and not trial.is_practice:
                rated[trial.case.slug, key(trial.arm)] += 1
    assert promised.cells == dict(rated)
    assert (promised.readers, promised.trials, promised.is_balanced) == (4, 12, True)


def test_another_protocol_hash_draws_another_order(version: ProtocolVersion) -> None:
    protocol = from_document(version.document)
    orders = {tuple(plan for _, plan in schedule(protocol, hashed, 0)) for hashed in ("a" * 64, "b" * 64, "c" * 64)}
    assert len(orders) > 1


def test_the_lowest_free_slot_is_given_and_withdrawn_ones_first(version: ProtocolVersion) -> None:
    assert next_slot(version, RunKind.LIVE) == 0
    enrolments = [enrol(version, slot) for slot in range(3)]
    assert next_slot(version, RunKind.LIVE) == 3
    assert next_slot(version, RunKind.BOT) == 0, "kinds of runs have slots of their own"
    Enrolment.objects.filter(pk=enrolments[1].pk).update(state=EnrolmentState.WITHDRAWN)
    assert next_slot(version, RunKind.LIVE) == 1
    enrol(version, 1)
    assert next_slot(version, RunKind.LIVE) == 3
