"""The links of invitations as a CSV file, for those who send them themselves."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import datetime

COLUMNS = ("email", "note", "language", "link", "works_until")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a cell that begins so for a formula and runs it."""


def links_as_csv(rows: Iterable[tuple[str, str, str, str, datetime]]) -> str:
    """(e-mail, note, language, link, until) a line, as text; cells that a spreadsheet would run get an apostrophe."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for *words, until in rows:
        writer.writerow([*(harmless(str(word)) for word in words), until.isoformat(timespec="minutes")])
    return buffer.getvalue()


def harmless(cell: str) -> str:
    """The cell's text, never a formula."""
    return f"'{cell}" if cell.lstrip().startswith(FORMULA) or cell.startswith(FORMULA) else cell
