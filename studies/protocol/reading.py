"""Building a protocol from data: every key and value checked, all mistakes told at once, each with its line."""

from __future__ import annotations

import dataclasses
import difflib
import re
import types
import typing
from typing import Any, Literal

from foundation.registry import WrongParameter
from studies.designs import Design
from studies.designs import registry as designs
from studies.protocol.problems import Problem, Unreadable
from studies.protocol.schema import Protocol
from studies.protocol.source import Lines, Path, load
from studies.questionnaires.asked import Asked
from studies.tasks import Task
from studies.tasks import registry as tasks
from studies.words import Words

__all__ = ["Attempt", "Lines", "attempt_to_read", "from_document", "read"]

REGISTRIES: dict[type[Any], Any] = {Task: tasks, Design: designs}
BARE_LIST = {"cases": "include"}
"""Keys whose value may be a bare list, and the key inside that it stands for."""
BARE_NAME = {Asked}
"""Records that may be given by their name alone."""
LONGEST_TEXT = 10_000
MISSING = object()


def read(source: str) -> tuple[Protocol, Lines]:
    """The protocol written in this YAML, and where each part of it stands; Unreadable with all mistakes otherwise."""
    attempt = attempt_to_read(source)
    if attempt.problems or attempt.protocol is None:
        raise Unreadable(attempt.problems)
    return attempt.protocol, attempt.lines


@dataclasses.dataclass(frozen=True)
class Attempt:
    """What could be read: None for a protocol whose mistakes leave no way to go on, and the mistakes."""

    protocol: Protocol | None
    lines: Lines
    problems: tuple[Problem, ...]


def attempt_to_read(source: str) -> Attempt:
    """Read as far as it goes: what is left out or not understood does not hide what is wrong elsewhere."""
    try:
        parsed = load(source)
    except Unreadable as error:
        return Attempt(None, Lines(), error.problems)
    builder = _Builder(parsed.lines, parsed.problems)
    protocol = builder.protocol(parsed.data)
    problems = sorted(builder.problems, key=lambda problem: problem.line or 0)
    return Attempt(protocol, parsed.lines, tuple(problems))


def from_document(document: dict[str, Any]) -> Protocol:
    """The protocol that a stored document says."""
    builder = _Builder(Lines(), [])
    protocol = builder.protocol(document)
    if builder.problems or protocol is None:
        raise Unreadable(builder.problems)
    return protocol


class _Builder:
    """Walks the schema's dataclasses along the data. A value that cannot be built is MISSING, and told as a problem."""

    def __init__(self, lines: Lines, problems: list[Problem]) -> None:
        self.lines = lines
        self.problems = list(problems)
        self.languages: tuple[str, ...] = ("en",)

    def protocol(self, data: Any) -> Protocol | None:
        if isinstance(data, dict) and isinstance(data.get("languages"), list) and data["languages"]:
            self.languages = tuple(str(language) for language in data["languages"])
        built = self.record(Protocol, data, ())
        return None if built is MISSING else typing.cast(Protocol, built)

    def wrong(self, path: Path, message: str) -> Any:
        self.problems.append(Problem("error", self.lines.of(*path), message))
        return MISSING

    def record(self, schema: type[Any], data: Any, path: Path) -> Any:
        if not isinstance(data, dict):
            return self.wrong(path, f"{_called(path)} must be a list of keys and values.")
        fields = {field.name: field for field in dataclasses.fields(schema)}
        hints = typing.get_type_hints(schema)
        self.unknown_keys(data, fields, path)
        values = {name: self.field(field, hints[name], data, path) for name, field in fields.items()}
        if any(value is MISSING for value in values.values()):
            return MISSING
        return schema(**values)

    def unknown_keys(self, data: dict[str, Any], fields: dict[str, dataclasses.Field[Any]], path: Path) -> None:
        known = [*fields, *(field.metadata["also"] for field in fields.values() if "also" in field.metadata)]
        for key in data:
            if key not in known:
                where = f" in {_called(path)}" if path else ""
                self.wrong((*path, key), f"There is no key '{key}'{where}.{close_to(key, known)}")

    def field(self, field: dataclasses.Field[Any], hint: Any, data: dict[str, Any], path: Path) -> Any:
        keys = [key for key in (field.name, field.metadata.get("also")) if key is not None and key in data]
        if len(keys) > 1:
            later = max(keys, key=lambda key: self.lines.of(*path, key) or 0)
            return self.wrong((*path, later), f"Give either '{keys[0]}' or '{keys[1]}', not both.")
        if not keys:
            if field.default is not dataclasses.MISSING:
                return field.default
            return self.wrong(path, f"{_called(path)} needs the key '{field.name}'.")
        value = data[keys[0]]
        if isinstance(value, str) and value == field.default:
            return value
        if keys[0] in BARE_LIST and isinstance(value, list) and dataclasses.is_dataclass(hint):
            value = {BARE_LIST[keys[0]]: value}
        return self.value(hint, value, (*path, keys[0]), field.metadata)

    def value(self, hint: Any, data: Any, path: Path, facts: typing.Mapping[str, Any]) -> Any:
        if isinstance(hint, types.UnionType):
            if data is None:
                return None
            hint = next(argument for argument in typing.get_args(hint) if argument is not type(None))
        if typing.get_origin(hint) is tuple:
            return self.items(typing.get_args(hint)[0], data, path, facts)
        if typing.get_origin(hint) is Literal:
            return self.choice(typing.get_args(hint), data, path)
        if hint in REGISTRIES:
            return self.part(hint, data, path)
        if hint is Words:
            return self.words(data, path)
        if hint in BARE_NAME and isinstance(data, str):
            data = {"name": data}
        if dataclasses.is_dataclass(hint):
            return self.record(typing.cast(type[Any], hint), data, path)
        return self.text(data, path, facts) if hint is str else self.number(hint, data, path, facts)

    def items(self, hint: Any, data: Any, path: Path, facts: typing.Mapping[str, Any]) -> Any:
        if isinstance(data, (str, int, float)) and not isinstance(data, bool):
            built = [self.value(hint, data, path, facts)]
        elif isinstance(data, list):
            built = [self.value(hint, item, (*path, place), facts) for place, item in enumerate(data)]
        else:
            return self.wrong(path, f"{_called(path)} must be a list.")
        return MISSING if any(item is MISSING for item in built) else tuple(built)

    def choice(self, choices: tuple[str, ...], data: Any, path: Path) -> Any:
        if data in choices:
            return data
        return self.wrong(path, f"{_called(path)} cannot be '{data}'; it is one of {', '.join(choices)}.")

    def part(self, family: type[Any], data: Any, path: Path) -> Any:
        """A registered part: its name, or a mapping of `name` and its parameters."""
        mapping = data if isinstance(data, dict) else {"name": data}
        name = mapping.get("name")
        registry = REGISTRIES[family]
        if not isinstance(name, str) or name not in registry:
            known = [part.name for part in registry]
            return self.wrong(path, f"There is no {family.__name__.lower()} called '{name}'.{close_to(name, known)}")
        try:
            return registry.build(name, {key: value for key, value in mapping.items() if key != "name"})
        except (WrongParameter, ValueError) as error:
            return self.wrong(path, str(error))

    def words(self, data: Any, path: Path) -> Any:
        """One text for the first language, or a mapping of languages to texts."""
        mapping = data if isinstance(data, dict) else {self.languages[0]: data}
        found = []
        for language, text in mapping.items():
            if language not in self.languages:
                known = ", ".join(self.languages)
                self.wrong((*path, language), f"'{language}' is not among the study's languages ({known}).")
            if not isinstance(text, str):
                return self.wrong((*path, language), f"{_called(path)} must be a text.")
            found.append((language, text.strip()))
        return Words(tuple(sorted(found, key=lambda pair: pair[0] != self.languages[0])))

    def text(self, data: Any, path: Path, facts: typing.Mapping[str, Any]) -> Any:
        if isinstance(data, (dict, list)) or data is None:
            return self.wrong(path, f"{_called(path)} must be a text.")
        # A version of 1.10 is a text that YAML took for a number: what was written counts.
        text = data if isinstance(data, str) else self.lines.written.get(path, str(data))
        text = text.strip()
        pattern = facts.get("pattern")
        if pattern and (not re.fullmatch(pattern, text) or len(text) > 64):
            return self.wrong(
                path, f"{_called(path)} cannot be '{text}'; it is made of small letters, digits and single hyphens."
            )
        if not text:
            return self.wrong(path, f"{_called(path)} is empty.")
        if len(text) > facts.get("longest", LONGEST_TEXT):
            return self.wrong(path, f"{_called(path)} is longer than {facts.get('longest', LONGEST_TEXT)} characters.")
        return text

    def number(self, hint: type[Any], data: Any, path: Path, facts: typing.Mapping[str, Any]) -> Any:
        wanted = "a whole number" if hint is int else "a number"
        if isinstance(data, bool) or not isinstance(data, int if hint is int else (int, float)):
            return self.wrong(path, f"{_called(path)} cannot be '{data}'; it is {wanted}.")
        low, high = facts.get("minimum", float("-inf")), facts.get("maximum", float("inf"))
        if not low <= data <= high:
            return self.wrong(path, f"{_called(path)} cannot be {data}; it goes from {low} to {high}.")
        return hint(data)


def close_to(name: Any, known: typing.Iterable[str]) -> str:
    """' Did you mean ...?' with close matches, or what there is; empty where there is nothing to name."""
    names = sorted(known)
    close = difflib.get_close_matches(str(name), names, n=3, cutoff=0.6)
    if close:
        return f" Did you mean {' or '.join(repr(match) for match in close)}?"
    if not names:
        return ""
    shown = ", ".join(names[:30])
    return f" There {'is' if len(names) == 1 else 'are'}: {shown}{', ...' if len(names) > 30 else ''}."


def _called(path: Path) -> str:
    if not path:
        return "The protocol"
    if isinstance(path[-1], int):
        return f"Item {path[-1] + 1} of '{path[-2]}'" if len(path) > 1 else f"Item {path[-1] + 1}"
    return f"'{path[-1]}'"
