"""German is complete: every sentence of the reader's pages, forms, services and tasks has its translation.

What there is to translate is found by walking Django's own parsed templates and Python's own syntax trees.
"""

from __future__ import annotations

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template
from django.templatetags.i18n import BlockTranslateNode, TranslateNode
from django.test import Client
from django.utils.translation import trim_whitespace

from portal.accounts.models import User
from studies.tasks import registry
from tests.studies.steps import go_on
from tests.studies.ward import Ward, enrolled, signed_in

ROOT = Path(settings.BASE_DIR)
CATALOGUE = ROOT / "studies" / "locale" / "de" / "LC_MESSAGES"
SOURCES = [
    "studies/views",
    "studies/services",
    "studies/blinding",
    "studies/tasks",
    "studies/questionnaires",
    "platform/portal/accounts",
]
CALLS = {"_", "gettext", "gettext_lazy", "Feedback", "InvalidAnswer", "WrongRegion"}


def templates() -> Iterator[str]:
    for folder in ("studies", "portal"):
        for file in sorted((ROOT / "templates" / folder).rglob("*.html")):
            name = str(file.relative_to(ROOT / "templates"))
            if not name.startswith(("studies/report/", "portal/api")):
                yield name
    yield from ("base.html", "404.html", "403.html", "403_csrf.html")
    yield from ("portal/accounts/password_reset_email.txt", "portal/accounts/password_reset_subject.txt")


def of_template(name: str) -> Iterator[str]:
    nodes = get_template(name).template.nodelist  # type: ignore[attr-defined]
    for node in nodes.get_nodes_by_type(TranslateNode):
        if isinstance(node.filter_expression.var.literal, str):
            yield node.filter_expression.var.literal
    for node in nodes.get_nodes_by_type(BlockTranslateNode):
        text = node.render_token_list(node.singular)[0]
        yield trim_whitespace(text) if node.trimmed else text


def of_python(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS and node.args:
            first = node.args[0]
            yield from [first.value] if isinstance(first, ast.Constant) and isinstance(first.value, str) else []
        if isinstance(node, ast.Dict) and "tasks" in file.relative_to(ROOT).parts:
            for value in node.values:
                if isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value.endswith("."):
                    yield value.value


def of_tasks() -> Iterator[str]:
    for task in registry:
        yield from filter(None, (task.title, task.instruction))
        for step in task().steps:
            for question in step.questions:
                yield from filter(None, (question.prompt, question.help))
                yield from (option.label for option in question.options)


def wanted() -> list[str]:
    found = {text for name in templates() for text in of_template(name)} | set(of_tasks())
    for folder in SOURCES:
        found |= {text for file in (ROOT / folder).glob("*.py") for text in of_python(file)}
    found |= set(of_python(ROOT / "studies" / "forms.py"))
    return sorted(found)


def catalogue() -> dict[str | tuple[str, int], str]:
    with (CATALOGUE / "django.mo").open("rb") as file:
        found: dict[str | tuple[str, int], str] = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    return found


def compiled() -> dict[str, str]:
    return {key[0] if isinstance(key, tuple) else key: text for key, text in catalogue().items()}


def test_there_is_something_to_translate() -> None:
    assert len(wanted()) > 200
    assert {"Save and go on", "Go on", "Please answer this question.", "A small part"} <= set(wanted())


def test_nothing_is_left_untranslated() -> None:
    known = compiled()
    assert [text for text in wanted() if not known.get(text)] == []


def test_placeholders_survive() -> None:
    for source, translated in compiled().items():
        if source:
            found = set(re.findall(r"%\(\w+\)[sd]|\{\w+\}", translated))
            assert found == set(re.findall(r"%\(\w+\)[sd]|\{\w+\}", source)), source


def test_the_compiled_catalogue_is_that_of_the_source() -> None:
    """The oracle is a reading of the .po file line by line."""
    source = (CATALOGUE / "django.po").read_text(encoding="utf-8")
    entries = dict.fromkeys(
        ast.literal_eval(line.removeprefix("msgid ")) for line in source.splitlines() if line.startswith("msgid ")
    )
    assert set(entries) == set(compiled())
    texts = [
        ast.literal_eval(line.split(" ", 1)[1])
        for line in source.splitlines()
        if line.startswith(("msgstr ", "msgstr["))
    ]
    assert set(texts[1:]) == {text for key, text in catalogue().items() if key}


def test_a_reader_chooses_german(ward: Ward, reader_user: User) -> None:
    enrolment = enrolled(ward, reader_user)
    client = signed_in(reader_user)
    client.post("/account/language", {"language": "de", "next": "/"})
    page = go_on(client, enrolment).content.decode()
    assert '<html lang="de">' in page
    assert "Speichern und weiter" in page
    assert "Gesucht wird: Rundherd" in page
    assert "Save and go on" not in page


@pytest.mark.django_db
def test_the_browsers_language_counts_without_a_choice() -> None:
    page = Client().get("/account/sign-in", headers={"accept-language": "de-AT,de;q=0.9"}).content.decode()
    assert "Anmelden" in page
