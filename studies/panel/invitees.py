"""Reading a list of people to invite: CSV with e-mail address, note and language, every mistake with its line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

MOST_INVITEES = 500
LONGEST_NOTE = 200
COLUMNS = ("email", "note", "language")
OTHER_NAMES = {"e-mail": "email", "mail": "email", "e-mail address": "email", "lang": "language"}


@dataclass(frozen=True)
class Invitee:
    """One person to invite; `email` is empty where a link without a name is wanted."""

    email: str = ""
    note: str = ""
    language: str = ""


class WrongList(ValueError):
    """The list cannot be used; `problems` are sentences, each with its line."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = list(problems)


def read_file(content: bytes, languages: Sequence[str]) -> list[Invitee]:
    """The people of a CSV file in their order, or WrongList with every mistake in it.

    The first line names the columns: `email` is needed, `note` and `language` (one of the study's) are not. Comma,
    semicolon and tabulator are understood as separators, UTF-8 as encoding.
    """
    header, rows = _table(content)
    found = _checked(((line, *_invitee(header, cells)) for line, cells in rows), languages)
    if not found:
        raise WrongList(["There is nobody in this file: below the line of headings it is empty."])
    return found


def read_lines(text: str) -> list[Invitee]:
    """One address a line, nothing else."""
    lines = ((line, each.strip()) for line, each in enumerate(text.splitlines(), start=1))
    return _checked(((line, Invitee(each.lower()), "") for line, each in lines if each), ())


def _checked(rows: Iterable[tuple[int, Invitee, str]], languages: Sequence[str]) -> list[Invitee]:
    """All of them, where none has a mistake."""
    found: dict[str, Invitee] = {}
    lines: dict[str, int] = {}
    problems: list[str] = []
    for line, invitee, trouble in rows:
        wrong = [trouble] if trouble else _mistakes(invitee, languages)
        if not wrong and invitee.email in lines:
            wrong = [f"'{invitee.email}' stands here twice: it is on line {lines[invitee.email]} already."]
        problems += [f"Line {line}: {sentence}" for sentence in wrong]
        lines.setdefault(invitee.email, line)
        found.setdefault(invitee.email, invitee)
    if len(found) > MOST_INVITEES:
        problems.append(f"At most {MOST_INVITEES} people at a time, not {len(found)}.")
    if problems:
        raise WrongList(problems)
    return list(found.values())


def _mistakes(invitee: Invitee, languages: Sequence[str]) -> list[str]:
    wrong = []
    try:
        validate_email(invitee.email)
    except ValidationError:
        wrong.append(
            f"'{invitee.email}' is not an e-mail address." if invitee.email else "The e-mail address is missing."
        )
    if len(invitee.note) > LONGEST_NOTE:
        wrong.append(f"The note has {len(invitee.note)} characters; {LONGEST_NOTE} are the most.")
    if invitee.language and invitee.language not in languages:
        wrong.append(f"The study is not in the language '{invitee.language}', only in {', '.join(languages)}.")
    return wrong


def _invitee(header: Sequence[str], cells: Sequence[str]) -> tuple[Invitee, str]:
    """Of one line, and what is wrong with its shape."""
    if len(cells) > len(header):
        return (
            Invitee(),
            f"There are {len(cells)} cells for {len(header)} columns; put a text with a separator in quotes.",
        )
    given = dict(zip(header, (cell.strip() for cell in cells), strict=False))
    return (
        Invitee(given.get("email", "").lower(), given.get("note", ""), given.get("language", "").lower()),
        "",
    )


def _table(content: bytes) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The columns' names, and every line that is not empty with its number."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise WrongList(["This file is not text in UTF-8; save it as 'CSV UTF-8'."]) from None
    if "\x00" in text:
        raise WrongList(["This is not a CSV file; in a spreadsheet choose 'Save as' and 'CSV UTF-8'."])
    first = text.split("\n", 1)[0]
    separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[tuple[int, list[str]]] = []
    before = 0
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((before + 1, cells))  # a cell in quotes may run over several lines
            before = reader.line_num
    except csv.Error as error:
        raise WrongList([f"Line {reader.line_num}: this line cannot be read ({error})."]) from None
    if not rows:
        raise WrongList(["This file is empty."])
    return _header(rows[0][1]), rows[1:]


def _header(cells: Sequence[str]) -> list[str]:
    names = [cell.strip().lower() for cell in cells]
    header = [OTHER_NAMES.get(name, name) for name in names]
    unknown = [name for name, known in zip(names, header, strict=True) if known and known not in COLUMNS]
    if "email" not in header:
        raise WrongList(["Line 1: this line names the columns, and none of them is 'email'."])
    if unknown:
        raise WrongList([f"Line 1: '{unknown[0]}' is no column of this list; it may have email, note and language."])
    if len(set(header)) != len(header):
        raise WrongList(["Line 1: a column stands here twice."])
    return header
