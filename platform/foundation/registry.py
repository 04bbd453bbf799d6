"""Registries of parts: one file, one class, found by its stable name."""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import importlib.metadata
import inspect
import pkgutil
import threading
import typing
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

Part = TypeVar("Part")


class RegistryError(ValueError):
    """A part could not be registered."""


class UnknownPart(ValueError, KeyError):
    """No part has this name."""

    def __str__(self) -> str:
        return str(self.args[0])


class WrongParameter(ValueError):
    """A part was given a parameter that it does not have, or a value that it cannot take."""


@dataclasses.dataclass(frozen=True)
class Parameter:
    """One field of a part: what a form, a protocol or a command may set.

    `kind` is one of `integer`, `number`, `text`, `flag`, `choice`, `list`; `optional` says that None is allowed.
    """

    name: str
    kind: str
    default: Any
    optional: bool = False
    choices: tuple[str, ...] = ()
    help: str = ""


class Registry(Generic[Part]):
    """The parts of one family, loaded from its package (and from entry points) on first use.

    `package` is the dotted name of the package whose modules hold the parts; other distributions add theirs under
    the entry point group `heatproof.<package>`, for example `heatproof.explainers.methods`.
    """

    def __init__(self, package: str, base: Any) -> None:
        # `base` is typed loosely because the bases are abstract, which `type[Part]` does not allow.
        self.package = package
        self.base: type[Part] = base
        self._parts: dict[str, type[Part]] = {}
        self._loaded = self._complete = False
        self._loading = threading.RLock()

    def register(self, part: type[Part]) -> type[Part]:
        """Add a class to the family; a class decorator, used above `@dataclass(frozen=True)`."""
        name = getattr(part, "name", "")
        if not (inspect.isclass(part) and issubclass(part, self.base)):
            raise RegistryError(f"{part!r} is not a {self.base.__name__}.")
        if not name or not isinstance(name, str):
            raise RegistryError(f"{part.__name__} has no name.")
        known = self._parts.get(name)
        if known is not None and (known.__module__, known.__qualname__) != (part.__module__, part.__qualname__):
            raise RegistryError(f"Two parts of {self.package} are called {name!r}.")
        self._parts[name] = part
        return part

    def __getitem__(self, name: str) -> type[Part]:
        self._load()
        if name not in self._parts:
            close = difflib.get_close_matches(name, self._parts, n=3, cutoff=0.5)
            hint = f" Did you mean {', '.join(close)}?" if close else f" There are: {', '.join(sorted(self._parts))}."
            raise UnknownPart(f"There is no {self.base.__name__.lower()} called {name!r}.{hint}")
        return self._parts[name]

    def __contains__(self, name: object) -> bool:
        self._load()
        return name in self._parts

    def __iter__(self) -> Iterator[type[Part]]:
        self._load()
        return iter([self._parts[name] for name in sorted(self._parts)])

    def __len__(self) -> int:
        self._load()
        return len(self._parts)

    def choices(self) -> list[tuple[str, str]]:
        """`(name, title)` pairs, sorted by name."""
        return [(part.name, part.title) for part in self]  # type: ignore[attr-defined]

    def build(self, name: str, parameters: dict[str, Any] | None = None) -> Part:
        """An instance of the named part with these parameters, each checked against its field."""
        part = self[name]
        known = {parameter.name: parameter for parameter in parameters_of(part)}
        values = {}
        for key, value in (parameters or {}).items():
            if key not in known:
                raise WrongParameter(f"{name} has no parameter {key!r}; it has: {', '.join(known) or 'none'}.")
            values[key] = _checked(name, known[key], value)
        return part(**values)

    def _load(self) -> None:
        if not self._complete:
            with self._loading:  # a thread that comes meanwhile waits until the family is whole
                self._load_once()

    def _load_once(self) -> None:
        if self._loaded:
            return
        self._loaded = True  # at once, since parts may ask for the registry while they are imported
        try:
            package = importlib.import_module(self.package)
            for module in pkgutil.iter_modules(package.__path__):
                importlib.import_module(f"{self.package}.{module.name}")
            for entry in importlib.metadata.entry_points(group=f"heatproof.{self.package}"):
                self._plug_in(entry)
            self._complete = True
        except Exception:
            self._loaded = False
            raise

    def _plug_in(self, entry: importlib.metadata.EntryPoint) -> None:
        try:
            loaded: Any = entry.load()
        except Exception as error:  # a stranger's module may raise anything
            raise RegistryError(f"The plug-in {entry.name!r} ({entry.value}) cannot be loaded: {error}") from error
        if isinstance(loaded, type):
            self.register(loaded)


def parameters_of(part: type[Any]) -> tuple[Parameter, ...]:
    """The parameters of a dataclass part, in the order of its fields."""
    hints = typing.get_type_hints(part)
    return tuple(_parameter(field, hints[field.name]) for field in dataclasses.fields(part) if field.init)


def parameter_values(part: Any) -> dict[str, Any]:
    """The parameters of an instance as plain data, ready for JSON, for provenance and cache keys."""
    return {field.name: getattr(part, field.name) for field in dataclasses.fields(part) if field.init}


def _parameter(field: dataclasses.Field[Any], hint: Any) -> Parameter:
    arguments = typing.get_args(hint)
    optional = type(None) in arguments
    if optional:
        hint = next(argument for argument in arguments if argument is not type(None))
    default = None if field.default is dataclasses.MISSING else field.default
    if field.default_factory is not dataclasses.MISSING:
        default = field.default_factory()
    choices: tuple[str, ...] = ()
    if typing.get_origin(hint) is typing.Literal:
        kind, choices = "choice", tuple(typing.get_args(hint))
    else:
        kind = {bool: "flag", int: "integer", float: "number", str: "text"}.get(hint, "list")
    return Parameter(field.name, kind, default, optional, choices, field.metadata.get("help", ""))


def _checked(name: str, parameter: Parameter, value: Any) -> Any:
    if value is None and parameter.optional:
        return None
    wrong = WrongParameter(f"{name}: {parameter.name} cannot be {value!r}; it is {_wanted(parameter)}.")
    match parameter.kind:
        case "choice":
            if value not in parameter.choices:
                raise wrong
        case "flag":
            if not isinstance(value, bool):
                raise wrong
        case "integer":
            if isinstance(value, bool) or not isinstance(value, int):
                raise wrong
        case "number":
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise wrong
            return float(value)
        case "text":
            if not isinstance(value, str):
                raise wrong
        case "list":
            if not isinstance(value, (list, tuple)):
                raise wrong
            return tuple(value)
    return value


def _wanted(parameter: Parameter) -> str:
    if parameter.choices:
        return f"one of {', '.join(map(str, parameter.choices))}"
    return {
        "flag": "true or false",
        "integer": "a whole number",
        "number": "a number",
        "text": "a text",
        "list": "a list",
    }[parameter.kind]
