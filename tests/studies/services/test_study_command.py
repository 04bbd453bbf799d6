"""`manage.py study` takes a study through its life; a user's mistake is one clear sentence and status 2."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from studies.models import Study, StudyState
from tests.studies.services.test_design import SOURCE
from tests.studies.ward import make_records

pytestmark = [pytest.mark.django_db, pytest.mark.db]


@pytest.fixture
def protocol(db: None, tmp_path: Path) -> Path:
    make_records()
    path = tmp_path / "protocol.yaml"
    path.write_text(SOURCE, encoding="utf-8")
    return path


def run(action: str, named: object, *more: str) -> str:
    out = StringIO()
    call_command("study", action, str(named), *more, stdout=out)
    return out.getvalue()


def refused(action: str, named: object) -> str:
    with pytest.raises(CommandError) as caught:
        run(action, named)
    assert caught.value.returncode == 2
    return str(caught.value)


def test_a_study_lives_from_the_command_line(protocol: Path) -> None:
    assert "no mistakes" in run("check", protocol)
    assert not Study.objects.exists(), "checking writes nothing"
    assert "version 1 is loaded" in run("load", protocol)
    assert "version 1 is locked" in run("lock", "ward-study")
    assert "live" in run("launch", "ward-study")
    assert "closed" in run("close", "ward-study")
    assert Study.objects.get().state == StudyState.CLOSED


def test_it_can_be_done_by_file_and_again_without_harm(protocol: Path) -> None:
    for action in ("lock", "lock", "launch", "launch", "lock"):
        run(action, protocol)
    study = Study.objects.get()
    assert study.state == StudyState.LIVE
    assert study.versions.count() == 1


def test_a_frozen_protocol_is_followed_by_a_new_version_for_a_reason(protocol: Path) -> None:
    run("lock", protocol)
    protocol.write_text(SOURCE.replace("planned: 6", "planned: 9"), encoding="utf-8")
    assert "make a new version of it, with a reason" in refused("load", protocol)
    assert "version 2 is loaded" in run("load", protocol, "--reason", "More readers")


def test_all_mistakes_are_told_with_their_lines(protocol: Path) -> None:
    source = SOURCE.replace("grad-cam, random-map, kernel-shap]", "grad-kam, random-map]").replace(
        "ward-002", "ward-001"
    )
    protocol.write_text(source, encoding="utf-8")
    line = source[: source.index("cases: [ward-001, ward-001")].count("\n") + 1
    for action in ("check", "load", "lock"):
        told = refused(action, protocol)
        assert f"line {line}: The case 'ward-001' is named twice." in told
        assert "There is no method called 'grad-kam'. Did you mean 'grad-cam'?" in told
    assert not Study.objects.exists()


def test_mistakes_of_form_do_not_hide_those_of_substance(protocol: Path) -> None:
    protocol.write_text(SOURCE.replace("seed: 7", "seed: 7\nwashuot_days: 3").replace("ward-002", "ward-001"), "utf-8")
    told = refused("check", protocol)
    assert "There is no key 'washuot_days'. Did you mean 'washout_days'?" in told
    assert "The case 'ward-001' is named twice." in told


@pytest.mark.parametrize(
    "action, named, sentence",
    [
        ("check", "nowhere.yaml", "There is no file 'nowhere.yaml'."),
        ("load", "ward-study", "name its protocol's file (.yaml)"),
        ("lock", "ward-study", "There is no study called 'ward-study'; there are: none."),
        ("launch", "ward-study", "There is no study called 'ward-study'"),
        ("close", "ward-study", "There is no study called 'ward-study'"),
    ],
)
def test_what_does_not_exist_is_said_so(action: str, named: str, sentence: str) -> None:
    assert sentence in refused(action, named)


def test_a_file_that_is_no_text_is_refused(protocol: Path) -> None:
    protocol.write_bytes(b"\xff\xfe\x00study")
    assert "is not a text in UTF-8" in refused("check", protocol)


def test_a_draft_is_not_launched(protocol: Path) -> None:
    assert "is a draft; lock it first." in refused("launch", protocol)
