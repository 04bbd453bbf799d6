"""Protocols made and edited in the panel: mistakes with their lines, nothing written, nothing that was typed lost."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from portal.accounts.models import User
from portal.audit.models import Entry
from studies.models import ProtocolVersion, Study
from studies.protocol import document_of, read
from studies.services.design import load_protocol, lock_study, new_version
from tests.studies.panel.conftest import address
from tests.studies.ward import BLOCKS, PROTOCOL, Ward, make_records

pytestmark = [pytest.mark.django_db, pytest.mark.db]
WRITE = "/admin/studies/study/write/"


def source(slug: str = "new-study") -> str:
    return PROTOCOL.format(slug=slug, blocks=BLOCKS["usefulness"] + BLOCKS["diagnosis"]).lstrip()


def filled(**changes: Any) -> dict[str, Any]:
    """The form as somebody would fill it in."""
    return {
        "title": "Do readers: like these maps?",
        "slug": "made-by-form",
        "question": "Which maps do readers find useful?\nAnd why?",
        "dataset": "wards",
        "network": "lung-net",
        "finding": "nodule",
        "methods": ["grad-cam", "kernel-shap", "random-map"],
        "diagnosis": "on",
        "diagnosis_cases": "3",
        "usefulness": "on",
        "usefulness_cases": "3",
        "preference": "on",
        "preference_cases": "2",
        "practice": "on",
        "consent_version": "1",
        "contact": "Dr. Ada Example, ada@example.org",
        "ethics": "EK 1/2026",
        "consent_text": "You read images.\r\n\r\nYou may stop.",
        "consent_text_de": "Sie lesen Bilder.",
        "planned": "6",
        "session_minutes": "30",
        "mode": "harmonised",
        "sign": "absolute",
    } | changes


@pytest.fixture
def draft(panel: Client) -> Study:
    make_records()
    assert panel.post(WRITE, {"source": source(), "act": "save"}).status_code == 302
    return Study.objects.get(slug="new-study")


def test_a_mistake_is_told_with_its_line_and_nothing_is_written(panel: Client) -> None:
    make_records()
    wrong = source().replace("lung-net", "lung-nett")
    line = next(number for number, text in enumerate(wrong.splitlines(), start=1) if "lung-nett" in text)
    page = panel.post(WRITE, {"source": wrong, "act": "save"})
    assert page.status_code == 400
    html = page.content.decode()
    assert f'<a href="#L{line}">line {line}</a>' in html
    assert f'<li id="L{line}" class="error">{line}</li>' in html
    assert "no network called &#x27;lung-nett&#x27;" in html
    assert "network: lung-nett" in html
    assert not Study.objects.exists()
    assert not ProtocolVersion.objects.exists()


@pytest.mark.parametrize(
    "right, wrong, sentence",
    [
        ("methods: [none, grad-cam]", "methods: [none, grad-camm]", "There is no method called 'grad-camm'."),
        ("cases: [ward-007, ward-008]", "cases: [ward-007, ward-007]", "The case 'ward-007' is named twice."),
        (
            "cases: [ward-007, ward-008]",
            "cases: [ward-007, ward-999]",
            "There is no case called 'ward-999'",
        ),
        ("seed: 7", "seed: seven", "'seed' cannot be 'seven'; it is a whole number."),
    ],
)
def test_each_mistake_names_its_line(panel: Client, right: str, wrong: str, sentence: str) -> None:
    make_records()
    text = source().replace(right, wrong)
    line = next(number for number, each in enumerate(text.splitlines(), start=1) if wrong in each)
    page = panel.post(WRITE, {"source": text, "act": "save"})
    assert page.status_code == 400
    (problem,) = [each for each in page.context["problems"] if each.level == "error"]
    assert problem.line == line
    assert problem.message.startswith(sentence)
    assert not Study.objects.exists()


def test_text_that_is_no_yaml_is_kept_as_typed(panel: Client) -> None:
    typed = "study: [unclosed\r\n<script>alert(1)</script>\r\n"
    page = panel.post(WRITE, {"source": typed, "act": "save"})
    assert page.status_code == 400
    html = page.content.decode()
    assert "This is not YAML" in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<script>alert" not in html


def test_checking_writes_nothing(panel: Client) -> None:
    make_records()
    page = panel.post(WRITE, {"source": source(), "act": "check"})
    assert page.status_code == 200
    assert "Checked; nothing is saved." in page.content.decode()
    assert not Study.objects.exists()


def test_a_study_that_is_there_is_not_written_over(panel: Client, draft: Study) -> None:
    other = source().replace("Do highlights help?", "Another one")
    page = panel.post(WRITE, {"source": other, "act": "save"})
    assert page.status_code == 400
    assert "There is a study called &#x27;new-study&#x27; already" in page.content.decode()
    assert '<a href="#L1">line 1</a>' in page.content.decode()
    draft.refresh_from_db()
    assert draft.title == "Do highlights help?"


def test_editing_a_draft(panel: Client, draft: Study) -> None:
    page = panel.get(f"/admin/studies/study/{draft.pk}/protocol/")
    seen = page.context["form"].initial["seen"]
    changed = source().replace("planned: 6", "planned: 9")
    answer = panel.post(f"/admin/studies/study/{draft.pk}/protocol/", {"source": changed, "seen": seen, "act": "save"})
    assert answer.status_code == 302
    assert draft.versions.get().document["readers"]["planned"] == 9


def test_two_people_do_not_overwrite_each_other(panel: Client, draft: Study) -> None:
    place = f"/admin/studies/study/{draft.pk}/protocol/"
    seen = panel.get(place).context["form"].initial["seen"]
    panel.post(place, {"source": source().replace("planned: 6", "planned: 9"), "seen": seen, "act": "save"})
    late = panel.post(place, {"source": source().replace("planned: 6", "planned: 7"), "seen": seen, "act": "save"})
    assert late.status_code == 409
    assert "Somebody else has saved this draft" in late.content.decode()
    assert "planned: 7" in late.content.decode()
    assert draft.versions.get().document["readers"]["planned"] == 9


def test_an_edit_cannot_rename_a_study_or_reach_another(panel: Client, draft: Study) -> None:
    panel.post(WRITE, {"source": source("second-study"), "act": "save"})
    place = f"/admin/studies/study/{draft.pk}/protocol/"
    seen = panel.get(place).context["form"].initial["seen"]
    changed = source("second-study").replace("planned: 6", "planned: 9")
    page = panel.post(place, {"source": changed, "seen": seen, "act": "save"})
    assert page.status_code == 400
    assert "to rename it, clone the study" in page.content.decode()
    second = ProtocolVersion.objects.get(study__slug="second-study")
    assert second.document["readers"]["planned"] == 6


def test_a_locked_protocol_is_frozen(panel: Client, ward: Ward) -> None:
    before = ward.study.versions.get().source
    page = panel.get(address(ward, "protocol/"))
    html = page.content.decode()
    assert "This protocol is frozen" in html
    assert "Make a new version" in html
    assert "<textarea" not in html
    changed = before.replace("planned: 6", "planned: 9")
    refused = panel.post(address(ward, "protocol/"), {"source": changed, "seen": "", "act": "save"})
    assert refused.status_code == 409
    assert "make a new version of it" in refused.content.decode()
    assert ward.study.versions.get().source == before


def test_a_new_version_has_a_reason_and_shows_what_changed(panel: Client, ward: Ward) -> None:
    changed = ward.study.versions.get().source.replace("planned: 6", "planned: 9")
    without = panel.post(address(ward, "version/"), {"source": changed, "reason": "", "act": "save"})
    assert without.status_code == 400
    assert ward.study.versions.count() == 1
    done = panel.post(address(ward, "version/"), {"source": changed, "reason": "More readers came", "act": "save"})
    assert done.status_code == 302
    html = panel.get(address(ward)).content.decode()
    assert "More readers came" in html
    assert "readers.planned: 6 became 9." in html
    assert "Lock version 2" in html


def test_cases_that_locking_drew_are_no_change(panel: Client, researcher: User) -> None:
    make_records()
    named = PROTOCOL.format(slug="drawn", blocks=BLOCKS["usefulness"])
    text = named.replace("cases: [ward-001, ward-002, ward-003]", "cases: {count: 3}")
    study = load_protocol(source=text, actor=researcher).study
    lock_study(study=study, actor=researcher)
    new_version(study=study, source=text.replace("planned: 6", "planned: 9"), reason="More", actor=researcher)
    newest, _first = panel.get(f"/admin/studies/study/{study.pk}/change/").context["versions"]
    assert newest[1] == ["readers.planned: 6 became 9."]


def test_a_clone_keeps_everything_but_its_name(panel: Client, ward: Ward) -> None:
    page = panel.post(address(ward, "clone/"), {"title": "It's: a copy", "slug": "ward-copy"})
    copied = page.context["form"].initial["source"]
    assert Study.objects.count() == 1
    protocol, _lines = read(copied)
    assert (protocol.study, protocol.title) == ("ward-copy", "It's: a copy")
    assert panel.post(WRITE, {"source": copied, "act": "save"}).status_code == 302
    old = document_of(read(ward.study.versions.get().source)[0])
    new = ProtocolVersion.objects.get(study__slug="ward-copy").document
    assert {key for key in old if old[key] != new[key]} == {"study", "title"}


def test_the_form_makes_a_protocol_without_mistakes(panel: Client) -> None:
    make_records()
    page = panel.post("/admin/studies/study/add/", filled())
    assert page.status_code == 200
    made = page.context["form"].initial["source"]
    assert not [each for each in page.context["problems"] if each.level == "error"]
    assert not Study.objects.exists()
    protocol, _lines = read(made)
    assert "&id" not in made, "no aliases of YAML"
    assert made.count("\n\n  - name:") == 2
    assert protocol.title == "Do readers: like these maps?"
    assert protocol.consent.text.as_dict() == {"en": "You read images.\n\nYou may stop.", "de": "Sie lesen Bilder."}
    assert [block.task.name for block in protocol.blocks] == ["diagnosis", "usefulness", "preference"]
    assert protocol.blocks[0].methods == ("none", "grad-cam", "kernel-shap")
    assert protocol.blocks[1].methods == ("grad-cam", "kernel-shap", "random-map")
    assert [block.practice for block in protocol.blocks] == [("ward-010",)] * 3
    assert (protocol.presentation.mode, protocol.presentation.sign) == ("harmonised", "absolute")
    assert protocol.analysis.floor == "random-map"
    assert panel.post(WRITE, {"source": made, "act": "save"}).status_code == 302
    assert panel.post(f"/admin/studies/study/{Study.objects.get().pk}/step/lock/").status_code == 302
    assert Study.objects.get().state == "locked"


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"slug": "No Good"}, "Use small letters, digits and single hyphens"),
        ({"methods": []}, "Choose at least one explanation."),
        ({"methods": ["grad-cam"]}, "A comparison needs two explanations."),
        ({"methods": ["random-map", "random-map"]}, "A diagnosis needs an explanation that is not a control."),
        ({"diagnosis": "", "usefulness": "", "preference": ""}, "Choose at least one task for the readers."),
        ({"usefulness_cases": ""}, "How many cases?"),
        ({"network": "no-such-net"}, "Select a valid choice"),
    ],
)
def test_the_form_says_what_is_wrong(panel: Client, changes: dict[str, Any], sentence: str) -> None:
    make_records()
    page = panel.post("/admin/studies/study/add/", filled(**changes))
    assert page.status_code == 400
    assert sentence in page.content.decode()


def test_edits_are_on_record(panel: Client, draft: Study, researcher: User) -> None:
    actions = list(Entry.objects.filter(actor=researcher).values_list("action", flat=True))
    assert actions == ["study.created", "protocol.loaded"]
