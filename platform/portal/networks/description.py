"""The model.json beside a network's weights: what it is, what it reads, what it answers. Needs no torch."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from portal.networks.errors import DescriptionError

DESCRIPTION_FILE = "model.json"
WEIGHTS_FILE = "weights.safetensors"

Task = Literal["classification", "segmentation"]
_LARGEST_DESCRIPTION = 1_000_000
_LARGEST_SIDE = 4096


@dataclass(frozen=True)
class Preprocessing:
    """From an image's stored pixels to a network's input.

    The image is resampled to `size` (height, width), a value `v` becomes `(v / highest - mean) / std`; `channels` is
    1 (colour is averaged) or 3 (grey is repeated).
    """

    size: tuple[int, int]
    highest: float
    mean: float = 0.0
    std: float = 1.0
    channels: int = 1

    def __post_init__(self) -> None:
        numbers = (self.highest, self.mean, self.std)
        if not all(isinstance(number, (int, float)) and math.isfinite(number) for number in numbers):
            raise DescriptionError("The preprocessing's highest, mean and std must be finite numbers.")
        if self.highest <= 0 or self.std <= 0:
            raise DescriptionError("The preprocessing's highest and std must be above 0.")
        if len(self.size) != 2 or not all(isinstance(side, int) and 8 <= side <= _LARGEST_SIDE for side in self.size):
            raise DescriptionError(f"The preprocessing's size must be two whole numbers from 8 to {_LARGEST_SIDE}.")
        if self.channels not in (1, 3):
            raise DescriptionError(f"A network reads 1 or 3 channels, not {self.channels}.")


@dataclass(frozen=True)
class Description:
    """What a model.json says. `classes` name the output's channels in order; `target` is the one that is explained."""

    slug: str
    title: str
    architecture: str
    task: Task
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    arguments: dict[str, Any] = field(default_factory=dict)
    target: int = 1
    layer: str | None = None
    version: str = "1"
    notes: str = ""
    sha256: str | None = None
    command: str | None = None
    training: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.slug):
            raise DescriptionError(f"The slug {self.slug!r} must be lower-case letters, digits and single hyphens.")
        if self.task not in get_args(Task):
            raise DescriptionError(f"The task {self.task!r} is not one of {', '.join(get_args(Task))}.")
        if not self.classes or len(set(self.classes)) != len(self.classes):
            raise DescriptionError("The classes must be a list of different names, one for each output.")
        if not 0 <= self.target < len(self.classes):
            raise DescriptionError(f"The target {self.target} is not one of the {len(self.classes)} classes.")
        if self.sha256 is not None and not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            raise DescriptionError("The sha256 must be 64 hexadecimal digits.")

    def as_json(self) -> dict[str, Any]:
        """Plain data, as it stands in a model.json."""
        return json.loads(json.dumps(dataclasses.asdict(self)))


def read_description(folder: Path) -> Description:
    """The description in a model's folder."""
    path = folder / DESCRIPTION_FILE
    if not path.is_file():
        raise DescriptionError(f"There is no {DESCRIPTION_FILE} in {folder.name}.")
    if path.stat().st_size > _LARGEST_DESCRIPTION:
        raise DescriptionError(f"{DESCRIPTION_FILE} is larger than {_LARGEST_DESCRIPTION:,} bytes.")
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise DescriptionError(f"{DESCRIPTION_FILE} is not JSON: {error}.") from error
    return parse_description(data)


def parse_description(data: object) -> Description:
    """A description from plain data, every field checked."""
    if not isinstance(data, dict):
        raise DescriptionError(f"{DESCRIPTION_FILE} must hold an object with named fields.")
    values = _fields(Description, data, DESCRIPTION_FILE)
    _expect(values, {"arguments": dict, "training": dict, "preprocessing": dict, "classes": list, "target": int})
    _expect(values, dict.fromkeys(("slug", "title", "architecture", "task", "version", "notes"), str))
    _expect(values, dict.fromkeys(("layer", "sha256", "command"), (str, type(None))))
    if not all(isinstance(name, str) for name in values["classes"]):
        raise DescriptionError("The classes must be names.")
    values["classes"] = tuple(values["classes"])
    steps = _fields(Preprocessing, values["preprocessing"], "preprocessing")
    _expect(steps, {"size": list, "channels": int})
    values["preprocessing"] = Preprocessing(**(steps | {"size": tuple(steps["size"])}))
    return Description(**values)


def _fields(kind: type[Any], data: dict[str, Any], where: str) -> dict[str, Any]:
    known = {item.name: item for item in dataclasses.fields(kind)}
    unknown = sorted(set(map(str, data)) - set(known))
    if unknown:
        raise DescriptionError(f"{where} has no field {unknown[0]!r}; it has: {', '.join(known)}.")
    for name, item in known.items():
        required = item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING
        if required and name not in data:
            raise DescriptionError(f"{where} lacks the field {name!r}.")
    return dict(data)


def _expect(values: dict[str, Any], kinds: dict[str, Any]) -> None:
    for name, kind in kinds.items():
        if name in values and (not isinstance(values[name], kind) or isinstance(values[name], bool)):
            raise DescriptionError(f"The field {name!r} in {DESCRIPTION_FILE} cannot be {values[name]!r}.")
