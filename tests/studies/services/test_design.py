"""A study goes from draft to locked to live to closed, and its protocol is frozen on the way."""

from __future__ import annotations

import numpy as np
import pytest
from django.core.files.storage import storages

from foundation.provenance import digest_of
from portal.accounts.models import User
from portal.audit.models import Entry
from portal.catalog.models import Approval, Case
from portal.display import harmonised, native
from portal.explanations.models import Explanation, Prediction
from portal.networks.models import Network
from portal.storage import get_array
from studies.errors import NotAllowed, ProtocolInvalid, StudyNotReady, WrongState
from studies.models import Arm, ProtocolVersion, Stimulus, Study, StudyState
from studies.protocol import from_document
from studies.services.design import (
    check_study,
    close_study,
    draft_of,
    launch_study,
    load_protocol,
    lock_study,
    new_version,
    study_of,
    version_in_force,
)
from tests.studies.ward import BLOCKS, COLUMNS, PROTOCOL, ROWS, make_records

pytestmark = [pytest.mark.django_db, pytest.mark.db]

SOURCE = PROTOCOL.format(slug="ward-study", blocks="".join(BLOCKS.values()))


@pytest.fixture(autouse=True)
def _records(db: None) -> None:
    make_records()


@pytest.fixture
def draft(researcher: User) -> Study:
    return load_protocol(source=SOURCE, actor=researcher).study


@pytest.fixture
def locked(draft: Study, researcher: User) -> Study:
    lock_study(study=draft, actor=researcher)
    return study_of(draft.slug)


def test_loading_makes_a_draft(draft: Study, researcher: User) -> None:
    assert draft.state == StudyState.DRAFT
    assert draft.owner == researcher
    version = draft_of(draft)
    assert version is not None
    assert version.hash == digest_of(version.document)
    assert version.document["washout_days"] == 28
    assert [entry.action for entry in Entry.objects.all()] == ["study.created", "protocol.loaded"]


def test_loading_again_edits_the_draft_and_says_what_changed(draft: Study) -> None:
    before = draft_of(draft)
    load_protocol(source=SOURCE)
    assert Entry.objects.count() == 2, "the same protocol again changes nothing"
    after = load_protocol(source=SOURCE.replace("planned: 6", "planned: 9").replace("Do highlights help?", "Do they?"))
    assert before is not None
    assert (after.pk, after.number) == (before.pk, 1)
    assert after.hash != before.hash
    assert study_of("ward-study").title == "Do they?"
    last = Entry.objects.order_by("-id").first()
    assert last is not None
    assert "readers.planned: 6 became 9." in last.detail["changes"]


def test_a_protocol_with_mistakes_writes_nothing() -> None:
    with pytest.raises(ProtocolInvalid) as caught:
        load_protocol(source=SOURCE.replace("[grad-cam, random-map, kernel-shap]", "[grad-kam, random-map]"))
    assert "There is no method called 'grad-kam'. Did you mean 'grad-cam'?" in str(caught.value)
    assert all(problem.line for problem in caught.value.problems)
    assert not Study.objects.exists()
    assert not Entry.objects.exists()


def test_locking_freezes_the_protocol_under_its_hash(locked: Study) -> None:
    version = version_in_force(locked)
    assert locked.state == StudyState.LOCKED
    assert version is not None
    assert version.hash == digest_of(version.document)
    assert version.locked_at is not None
    assert len(version.stimuli_hash) == len(version.code_version) == 64
    assert all(block["cases"]["include"] for block in version.document["blocks"])
    assert draft_of(locked) is None
    with pytest.raises(WrongState, match="its protocol is frozen; make a new version"):
        load_protocol(source=SOURCE.replace("planned: 6", "planned: 9"))
    with pytest.raises(WrongState, match="there is no draft to lock"):
        lock_study(study=locked)


def test_locking_makes_the_arms_under_blinded_codes(locked: Study) -> None:
    arms = {(arm.network.slug if arm.network else "", arm.label): arm for arm in Arm.objects.all()}
    assert {key: (arm.kind, arm.is_control) for key, arm in arms.items()} == {
        ("lung-net", "grad-cam"): ("explained", False),
        ("lung-net", "random-map"): ("explained", True),
        ("lung-net", "kernel-shap"): ("explained", False),
        ("shortcut-net", ""): ("ai", False),
        ("shortcut-net", "grad-cam"): ("explained", False),
    }
    assert sorted(arm.code for arm in arms.values()) == ["A", "B", "C", "D", "E"]


@pytest.mark.parametrize("mode, sign", [("native", "positive"), ("harmonised", "absolute")])
def test_locking_stores_the_very_bytes_that_readers_are_shown(mode: str, sign: str) -> None:
    """Oracle: portal.display called on the raw map."""
    source = SOURCE.replace("dataset: wards", f"dataset: wards\npresentation: {{mode: {mode}, sign: {sign}}}")
    lock_study(study=load_protocol(source=source).study)
    make = {"native": native, "harmonised": harmonised}[mode]
    # usefulness 4 cases x 3 arms, preference 3 x 3, diagnosis 2 x 2
    assert Stimulus.objects.count() == 12 + 9 + 4
    for stimulus in Stimulus.objects.exclude(explanation=None):
        assert stimulus.explanation is not None
        shown = get_array(stimulus.display)
        assert (shown.dtype, shown.shape) == (np.uint8, (ROWS, COLUMNS))
        expected = make(get_array(stimulus.explanation.array), rows=ROWS, columns=COLUMNS, sign=sign)  # type: ignore[operator]
        np.testing.assert_array_equal(shown, expected.array)
        assert stimulus.display_record == expected.record
        assert stimulus.explanation.label == stimulus.arm.label
        assert stimulus.explanation.image.case == stimulus.case


def test_an_arm_without_a_map_has_no_bytes(locked: Study) -> None:
    bare = Stimulus.objects.filter(arm__kind="ai")
    assert [(stimulus.explanation, stimulus.display) for stimulus in bare] == [(None, ""), (None, "")]


def test_the_newest_map_of_the_present_weights_is_shown(draft: Study) -> None:
    network = Network.objects.get(slug="lung-net")
    old = Explanation.objects.filter(network=network, label="grad-cam", image__case__slug="ward-001").get()
    newer = Explanation.objects.get(pk=old.pk)
    newer.pk, newer.key, newer.seed = None, "1" * 64, 5
    newer.save()
    other_weights = Explanation.objects.get(pk=old.pk)
    other_weights.pk, other_weights.key, other_weights.provenance = None, "2" * 64, {"weights_sha256": "0" * 64}
    other_weights.save()
    lock_study(study=draft)
    shown = Stimulus.objects.get(arm__network=network, arm__label="grad-cam", case__slug="ward-001")
    assert shown.explanation == newer


def test_locking_twice_from_the_same_records_gives_the_same_stimuli(locked: Study) -> None:
    other = SOURCE.replace("study: ward-study", "study: other-study")
    second = lock_study(study=load_protocol(source=other).study)
    first = version_in_force(locked)
    assert first is not None
    assert second.stimuli_hash == first.stimuli_hash
    assert second.hash != first.hash


def test_a_study_with_maps_missing_is_neither_locked_nor_launched(draft: Study) -> None:
    Explanation.objects.filter(image__case__slug="ward-002", network__slug="lung-net", label="grad-cam").delete()
    for act in (lock_study, launch_study):
        with pytest.raises(StudyNotReady) as caught:
            act(study=draft)
        assert "No map 'grad-cam' of network 'lung-net' for 1 case (ward-002)." in str(caught.value)
    assert study_of("ward-study").state == StudyState.DRAFT
    assert not Arm.objects.exists()
    assert not Stimulus.objects.exists()


def test_a_missing_prediction_stops_locking(draft: Study) -> None:
    Prediction.objects.filter(network__slug="shortcut-net", image__case__slug="ward-007").delete()
    with pytest.raises(StudyNotReady, match="No prediction of network 'shortcut-net' for 1 case"):
        lock_study(study=draft)


def test_a_draft_is_not_launched(draft: Study) -> None:
    with pytest.raises(WrongState, match="is a draft; lock it first"):
        launch_study(study=draft)


def test_it_is_launched_once_and_closed_once(locked: Study, researcher: User) -> None:
    live = launch_study(study=locked, actor=researcher)
    assert live.state == StudyState.LIVE
    assert live.launched_at is not None
    with pytest.raises(WrongState, match="cannot be launched again"):
        launch_study(study=live)
    closed = close_study(study=live, actor=researcher)
    assert closed.state == StudyState.CLOSED
    with pytest.raises(WrongState, match="only a live study can be closed"):
        close_study(study=closed)
    assert list(Entry.objects.values_list("action", flat=True))[-3:] == [
        "study.locked",
        "study.launched",
        "study.closed",
    ]


def test_bytes_lost_since_locking_stop_the_launch(locked: Study) -> None:
    stimulus = Stimulus.objects.exclude(display="").select_related("case", "arm").first()
    assert stimulus is not None
    kept = get_array(stimulus.display)
    name = f"{stimulus.display[:2]}/{stimulus.display}.npy"
    storages["arrays"].delete(name)
    try:
        with pytest.raises(StudyNotReady) as caught:
            launch_study(study=locked)
    finally:
        np.save(storages["arrays"].path(name), kept)
    assert f"The map of '{stimulus.case.slug}' in arm {stimulus.arm.code} is missing" in str(caught.value)
    assert stimulus.arm.label not in str(caught.value), "a message must not unblind"
    assert study_of(locked.slug).state == StudyState.LOCKED


def test_a_case_withdrawn_since_locking_stops_the_launch(locked: Study) -> None:
    Case.objects.filter(slug="ward-004").update(approval=Approval.REJECTED)
    with pytest.raises(StudyNotReady, match="is no longer approved"):
        launch_study(study=locked)


def test_a_change_after_locking_is_a_new_version_with_a_reason(locked: Study, researcher: User) -> None:
    live = launch_study(study=locked)
    changed = SOURCE.replace("planned: 6", "planned: 9")
    with pytest.raises(WrongState, match="needs a reason"):
        new_version(study=live, source=changed, reason=" ", actor=researcher)
    second = new_version(study=live, source=changed, reason="More readers came", actor=researcher)
    first = version_in_force(live)
    assert first is not None
    assert (first.number, second.number, second.reason) == (1, 2, "More readers came")
    with pytest.raises(WrongState, match="has a draft already"):
        new_version(study=live, source=changed, reason="Again")
    lock_study(study=live)
    assert version_in_force(live) == second
    assert study_of(live.slug).state == StudyState.LIVE, "an amendment leaves a live study live"
    assert Arm.objects.filter(version=second).count() == Arm.objects.filter(version=first).count() == 5


def test_a_new_version_keeps_the_studys_name(locked: Study) -> None:
    with pytest.raises(WrongState, match="a protocol of 'another', not of 'ward-study'"):
        new_version(study=locked, source=SOURCE.replace("study: ward-study", "study: another"), reason="Why not")


def test_a_closed_study_has_no_new_version(locked: Study) -> None:
    closed = close_study(study=launch_study(study=locked))
    with pytest.raises(WrongState, match="is closed; start another one"):
        new_version(study=closed, source=SOURCE, reason="Too late")


def test_only_researchers_design(draft: Study, reader_user: User, outsider: User) -> None:
    for person in (reader_user, outsider):
        with pytest.raises(NotAllowed):
            load_protocol(source=SOURCE, actor=person)
        with pytest.raises(NotAllowed):
            new_version(study=draft, source=SOURCE, reason="x", actor=person)
        for act in (lock_study, launch_study, close_study):
            with pytest.raises(NotAllowed):
                act(study=draft, actor=person)
    assert ProtocolVersion.objects.count() == 1


def test_a_study_is_checked_before_and_after_locking(draft: Study) -> None:
    lines = [problem.line for problem in check_study(draft)]
    assert all(lines)
    assert {problem.level for problem in check_study(draft)} <= {"warning"}
    version = lock_study(study=draft)
    assert {problem.level for problem in check_study(study_of(draft.slug))} <= {"warning"}
    assert from_document(version.document).study == "ward-study"
