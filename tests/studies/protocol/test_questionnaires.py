"""The key `questionnaires`: read with its lines, checked, and written back."""

from __future__ import annotations

import pytest

from studies.protocol import check, document_of, from_document, read
from tests.studies.protocol.small import PROTOCOL, line_of, world

ITEMS = "\n".join(f"        - Statement {number}" for number in range(1, 10))
ASKED = f"""\
questionnaires:
  start:
    - reader-profile
    - comprehension
    - trust
  after_block:
    - name: toast
      blocks: [rating]
      wording: With the publisher's leave
      items:
{ITEMS}
  end: [trust, debrief]
"""


BLOCKS = "Only questionnaires under 'after_block' name blocks."


def found(part: str, source: str = PROTOCOL) -> list[tuple[str, int | None, str]]:
    protocol, lines = read(source + part)
    return [(each.level, each.line, each.message) for each in check(protocol, world(), lines)]


def without() -> list[tuple[str, int | None, str]]:
    """What is said of the small protocol without questionnaires."""
    return found("")


def test_a_study_with_questionnaires_is_sound() -> None:
    assert found(ASKED) == without()


def test_what_was_read_comes_back_from_the_document() -> None:
    protocol, _lines = read(PROTOCOL + ASKED)
    assert from_document(document_of(protocol)) == protocol
    assert [asked.name for asked in protocol.questionnaires.start] == ["reader-profile", "comprehension", "trust"]


CHECK = """\
questionnaires:
  start:
    - name: comprehension
      needed: {needed}
      questions:
        - prompt: What is it?
          options: [One, Two]
          right: {right}
          why: Because.
"""


@pytest.mark.parametrize(
    ("part", "at", "level", "message"),
    [
        ("  start: [toat]", "toat", "error", "There is no questionnaire called 'toat'. Did you mean 'toast'?"),
        ("  end: [toast]", "toast", "error", "The wording of 'toast' may not be shipped"),
        ("  end: [{name: sus, weights: pairs}]", "sus", "error", "'sus' has no setting 'weights'."),
        ("  end: [{name: debrief, attempts: 2}]", "debrief", "error", "'debrief' has no setting 'attempts'."),
        ("  start: [trust, trust]", "trust, trust", "error", "'trust' is asked twice at the same place."),
        ("  end: [comprehension]", "comprehension", "error", "it belongs under 'start'"),
        ("  after_block: [{name: sus, blocks: [ratin]}]", "ratin]", "error", "no block called 'ratin'."),
        ("  end: [{name: sus, blocks: [rating]}]", "sus", "error", BLOCKS),
        ("  after_block: [sus, {name: sus, blocks: [rating]}]", "sus, {", "error", "asked twice after the"),
        ("  start: [trust]", "trust", "warning", "'trust' is asked at one place only"),
    ],
)  # fmt: skip
def test_mistakes_are_told_with_their_line(part: str, at: str, level: str, message: str) -> None:
    source = PROTOCOL + "questionnaires:\n" + part + "\n"
    new = [each for each in found("", source) if each not in without()]
    assert new, part
    assert any(each[0] == level and message in each[2] for each in new), new
    assert all(each[1] == line_of(source, at) for each in new), new


@pytest.mark.parametrize(
    ("needed", "right", "message"),
    [(1, 3, "'right' counts the answers from 1; there are 2."), (2, 1, "2 right answers are needed, but only 1")],
)
def test_a_check_that_cannot_be_passed_is_refused(needed: int, right: int, message: str) -> None:
    new = [each for each in found(CHECK.format(needed=needed, right=right)) if each not in without()]
    assert [each[0] for each in new] == ["error"]
    assert message in new[0][2]


def test_a_missing_translation_is_told() -> None:
    source = PROTOCOL.replace("dataset: phantoms", "languages: [en, de]\ndataset: phantoms")
    source += "questionnaires:\n  end: [sus]\n"
    messages = [message for level, _line, message in found("", source) if level == "warning"]
    assert "'sus' has no wording in: de. Readers of these languages see it in en." in messages
