"""A lock freezes everything under one hash; the certificate is what readers get; departures tell themselves."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pandas as pd
import pytest
from django.test import Client

from portal.accounts.models import User
from studies.errors import WrongState
from studies.models import Enrolment, RunKind, Study, Trial
from studies.reporting.departures import departures
from studies.services.certify import lock_hash_of, sample_sentences
from studies.services.design import launch_study, load_protocol, lock_study, new_version
from studies.services.oversee import withdraw_reader
from tests.studies.ward import BLOCKS, PROTOCOL, Ward, enrolled, make_records, signed_in

pytestmark = pytest.mark.django_db

SOURCE = PROTOCOL.format(slug="ward-study", blocks="".join(BLOCKS.values()))


def people(count: int) -> list[User]:
    return [User.objects.create_user(f"reader{number}@example.org") for number in range(count)]


def answers(**columns: object) -> pd.DataFrame:
    """A long table as far as departures read it."""
    return pd.DataFrame({"reader": ["R-1"], "run_kind": ["live"], "excluded_by": [""], **columns})


def test_the_certificate_counts_what_the_planned_readers_get(ward: Ward) -> None:
    """Oracle: the stored trials of as many readers."""
    certificate = ward.study.versions.get().certificate
    enrolments = [enrolled(ward, user) for user in people(6)]
    block = next(each for each in certificate["blocks"] if each["name"] == "rate")
    trials = Trial.objects.filter(enrolment__in=enrolments, block="rate", purpose="ordinary").select_related("arm")
    cells = Counter((trial.case_id, trial.arm_id) for trial in trials)
    assert certificate["readers"] == 6
    assert block["trials"] == len(trials) == 18
    assert block["by_case_and_arm"] == [min(cells.values()), max(cells.values())]
    assert block["inserted"] == {"practice": [1, 1]}
    followed: Counter[tuple[str, str]] = Counter()
    for enrolment in enrolments:
        order = [f"lung-net/{trial.arm.label}" for trial in trials.filter(enrolment=enrolment).order_by("position")]
        followed.update(pairwise(order))
    names = [arm["name"] for arm in block["arms"]]
    assert {
        (a["name"], b): n for a in block["arms"] for b, n in zip(names, a["followed_by"], strict=True) if n
    } == followed


def test_the_sample_is_told(ward: Ward) -> None:
    told = sample_sentences(ward.study.versions.get().certificate)
    assert any(sentence.startswith("read: shortcut-net is right on 0 % of the 2 cases shown") for sentence in told)
    assert not any("enriched" in sentence for sentence in told)


def test_whatever_is_changed_changes_the_hash(ward: Ward) -> None:
    version = ward.study.versions.get()
    assert version.lock_hash == lock_hash_of(version)
    changes = {
        "hash": "0" * 64,
        "stimuli_hash": "0" * 64,
        "code_version": "0" * 64,
        "certificate": {},
        "document": {**version.document, "analysis": {**version.document["analysis"], "exclusions": ["too-fast"]}},
    }
    for name, value in changes.items():
        before = getattr(version, name)
        setattr(version, name, value)
        assert lock_hash_of(version) != version.lock_hash, name
        setattr(version, name, before)


def test_a_study_that_was_changed_behind_the_lock_is_not_launched(researcher: User) -> None:
    make_records()
    load_protocol(source=SOURCE, actor=researcher)
    study = Study.objects.get(slug="ward-study")
    version = lock_study(study=study, actor=researcher)
    version.document["quality"]["min_seconds"] = 0
    type(version).objects.filter(pk=version.pk).update(document=version.document)
    with pytest.raises(WrongState, match="was changed since; make a new version"):
        launch_study(study=study, actor=researcher)


def test_a_live_study_cannot_be_edited_and_says_what_to_do(ward: Ward, researcher: User) -> None:
    with pytest.raises(WrongState, match="make a new version of it, with a reason"):
        load_protocol(source=SOURCE.replace("planned: 6", "planned: 9"), actor=researcher)


def test_departures_tell_versions_with_their_differences_and_readers(ward: Ward, researcher: User) -> None:
    enrolled(ward, people(1)[0])
    changed = SOURCE.replace("planned: 6", "planned: 9")
    new_version(study=ward.study, source=changed, reason="more readers came", actor=researcher)
    newest = lock_study(study=ward.study, actor=researcher)
    told = departures(newest, answers(), ["usefulness-model", "agreement"])
    assert any("Version 1 was locked as well" in each and "more readers came" not in each for each in told)
    assert "1 readers took it" in " ".join(told)
    assert "From version 1 to version 2: readers.planned: 6 became 9." in told
    assert "Analyses that the plan does not name, to be read as exploratory: agreement." in told
    old = departures(ward.study.versions.get(number=1), answers(), ["agreement"])
    assert any("more readers came" in each for each in old)
    assert "Analyses that the plan names and that were not run: usefulness-model." in old


def test_departures_tell_who_was_left_out_without_a_plan(ward: Ward, researcher: User) -> None:
    enrolment = enrolled(ward, people(1)[0])
    withdraw_reader(enrolment=enrolment, reason="a technician, no reader", actor=researcher)
    version = ward.study.versions.get()
    told = departures(version, answers(excluded_by=["too-fast"]))
    assert any("taken out by a researcher" in each and "a technician, no reader" in each for each in told)
    assert "1 answers are left out by 'too-fast', which the plan does not name." in told
    assert "1 readers withdrew" in " ".join(told)


def test_the_study_page_shows_the_certificate(ward: Ward, researcher: User) -> None:
    client: Client = signed_in(researcher)
    page = client.get(f"/admin/studies/study/{ward.study.pk}/change/").content.decode()
    version = ward.study.versions.get()
    assert "Balance certificate" in page
    assert "Positions and carry-over of rate" in page
    assert version.lock_hash in page
    assert "is right on 0 % of the 2 cases shown" in page
    assert Enrolment.objects.filter(run_kind=RunKind.LIVE).count() == 0
