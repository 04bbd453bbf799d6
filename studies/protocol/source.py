"""YAML as plain data that remembers its lines; keys given twice, tags and oversized files are refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

from studies.protocol.problems import Problem, Unreadable

LONGEST = 256 * 1024
MOST_NODES = 20_000
DEEPEST = 20

Path = tuple[str | int, ...]


@dataclass
class Lines:
    """Where each key and item of a protocol stands, and how each value was written."""

    at: dict[Path, int] = field(default_factory=dict)
    written: dict[Path, str] = field(default_factory=dict)

    def of(self, *path: str | int) -> int | None:
        """The line of this path, or of the nearest thing around it."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.at:
                return self.at[path[:length]]
        return None


@dataclass
class Source:
    """Plain data, its lines, and what was wrong with it."""

    data: Any
    lines: Lines
    problems: list[Problem]


def load(text: str) -> Source:
    """Parse YAML. Raises Unreadable where it is no YAML at all, or too much of it."""
    if len(text.encode()) > LONGEST:
        raise _unreadable(None, "This protocol is longer than 256 kB.")
    loader = None
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            raise _unreadable(None, "This protocol is empty.")
        return _Walk(loader).source(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _unreadable(mark.line + 1 if mark else None, f"This is not YAML: {error.problem}.") from None
    except yaml.reader.ReaderError as error:
        raise _unreadable(None, f"This is not YAML: {error.reason}.") from None
    except RecursionError:
        raise _unreadable(None, "This protocol is nested too deeply.") from None
    finally:
        if loader is not None:
            loader.dispose()


def _unreadable(line: int | None, message: str) -> Unreadable:
    return Unreadable((Problem("error", line, message),))


class _Walk:
    """Turns YAML's nodes into data, once through."""

    def __init__(self, loader: yaml.SafeLoader) -> None:
        self.loader = loader
        self.lines = Lines()
        self.problems: list[Problem] = []
        self.nodes = 0

    def source(self, node: yaml.Node) -> Source:
        return Source(self.value(node, ()), self.lines, self.problems)

    def value(self, node: yaml.Node, path: Path) -> Any:
        self.nodes += 1
        # Aliases can make a short file endless; counting nodes on the way stops them.
        if self.nodes > MOST_NODES or len(path) > DEEPEST:
            raise _unreadable(node.start_mark.line + 1, "This protocol is nested too deeply or names too many things.")
        self.lines.at.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, place)) for place, item in enumerate(node.value)]
        return self.scalar(node, path)

    def mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self.problems.append(Problem("error", line, "A key must be a word."))
                continue
            key = str(key_node.value)
            if key in found:
                first = self.lines.at[(*path, key)]
                self.problems.append(
                    Problem("error", line, f"The key '{key}' is given twice; it stands in line {first} already.")
                )
                continue
            self.lines.at[(*path, key)] = line
            found[key] = self.value(value_node, (*path, key))
        return found

    def scalar(self, node: yaml.Node, path: Path) -> Any:
        self.lines.written[path] = str(node.value)
        if node.tag in {f"tag:yaml.org,2002:{kind}" for kind in ("int", "float", "bool", "null")}:
            return self.loader.construct_object(node)
        return str(node.value)
