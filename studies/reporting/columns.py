"""What a column of a table that is handed out holds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """Its name, what kind of values it has, and what they mean."""

    name: str
    kind: str
    meaning: str
