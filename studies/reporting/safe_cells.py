"""Texts of readers as cells of a CSV file: no cell starts a formula, none breaks a line."""

from __future__ import annotations

import re

FORMULA = ("=", "+", "-", "@", "\t", "\r")
BREAK = re.compile(r"\s*[\r\n\v\f\x85\u2028\u2029]+\s*")
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


def safe_cell(text: str) -> str:
    """The text on one line, breaks as ' ¶ '; a first character that a spreadsheet takes for a formula is quoted.

    Source: OWASP, CSV injection.
    """
    flat = CONTROL.sub("", BREAK.sub(" ¶ ", text.strip()))
    return f"'{flat}" if flat.lstrip(" '\"").startswith(FORMULA) or flat.startswith(FORMULA) else flat
