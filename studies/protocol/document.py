"""The normalised document of a protocol: plain data with every default filled in; its hash; the difference of two."""

from __future__ import annotations

import dataclasses
from typing import Any

from foundation.provenance import digest_of
from foundation.registry import parameter_values
from studies.designs import Design
from studies.protocol.schema import Protocol
from studies.tasks import Task
from studies.words import Words


def document_of(protocol: Protocol) -> dict[str, Any]:
    """The protocol as plain data, ready for JSON; `from_document` reads it back."""
    document: dict[str, Any] = _plain(protocol)
    return document


def hash_of(document: dict[str, Any]) -> str:
    """SHA-256 of the document's canonical JSON."""
    return digest_of(document)


@dataclasses.dataclass(frozen=True)
class Difference:
    """One thing that a later protocol says otherwise; None where it was not there before, or is there no more."""

    path: str
    old: Any
    new: Any

    def __str__(self) -> str:
        if self.old is None:
            return f"{self.path}: {self.new!r} was added."
        if self.new is None:
            return f"{self.path}: {self.old!r} was taken away."
        return f"{self.path}: {self.old!r} became {self.new!r}."


def diff(old: dict[str, Any], new: dict[str, Any]) -> list[Difference]:
    """What changed from one document to another, blocks told apart by their names, in the new document's order."""
    return _differences(old, new, "")


def _differences(old: Any, new: Any, path: str) -> list[Difference]:
    if isinstance(old, dict) and isinstance(new, dict):
        keys = [*new, *(key for key in old if key not in new)]
        return [
            difference
            for key in keys
            for difference in _differences(old.get(key), new.get(key), f"{path}.{key}" if path else str(key))
        ]
    if _are_named(old) and _are_named(new):
        before, after = {item["name"]: item for item in old}, {item["name"]: item for item in new}
        stayed = [name for name in before if name in after]
        moved = [name for name in after if name in before]
        turned = [] if stayed == moved else [Difference(f"{path} (order)", stayed, moved)]
        return turned + _differences(before, after, path)
    return [] if old == new else [Difference(path, old, new)]


def _are_named(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) and "name" in item for item in value)


def _plain(value: Any) -> Any:
    if isinstance(value, (Task, Design)):
        return {"name": value.name, **parameter_values(value)}
    if isinstance(value, Words):
        return value.as_dict()
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
