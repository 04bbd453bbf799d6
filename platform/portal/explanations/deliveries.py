"""Maps made elsewhere, as a folder: `<case>/<method>.npy` and `run.json`; read and checked, without Django or torch."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: What stands in the place of a method's name in the record of a map that was made elsewhere.
IMPORTED = "imported"

DESCRIPTION_FILE = "run.json"
LARGEST_DESCRIPTION = 1_000_000
METHOD_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]{0,63}")
REQUIRED = ("tool", "version", "params", "seconds")
OPTIONAL = ("weights_sha256", "methods")
OF_A_METHOD = ("params", "seconds", "control", "truth_derived")


class DeliveryError(ValueError):
    """These maps cannot be imported."""


@dataclass(frozen=True)
class Making:
    """How one method's maps were made; `seconds` is the time of one map."""

    params: dict[str, Any]
    seconds: float
    control: bool = False
    truth_derived: bool = False


@dataclass(frozen=True)
class Described:
    """What run.json says. `methods` holds the methods that are described apart from the others."""

    tool: str
    version: str
    common: Making
    methods: dict[str, Making] = field(default_factory=dict)
    weights_sha256: str | None = None

    def making(self, method: str) -> Making:
        """How a method's maps were made."""
        return self.methods.get(method, self.common)


@dataclass(frozen=True, eq=False)
class Delivered:
    """One map `(rows, columns)` float32, of a case, by a method."""

    case: str
    method: str
    values: NDArray[np.float32]


def read_description(folder: Path) -> Described:
    """`run.json` of a folder, every field checked; DeliveryError names the first that is wrong."""
    if not folder.is_dir():
        raise DeliveryError(f"There is no folder {folder}.")
    path = folder / DESCRIPTION_FILE
    if not path.is_file():
        raise DeliveryError(f"There is no {DESCRIPTION_FILE} in {folder.name}.")
    if path.stat().st_size > LARGEST_DESCRIPTION:
        raise DeliveryError(f"{DESCRIPTION_FILE} is larger than {LARGEST_DESCRIPTION:,} bytes.")
    try:
        data = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise DeliveryError(f"{DESCRIPTION_FILE} is not JSON: {error}.") from error
    return _described(data)


def map_files(folder: Path) -> list[tuple[str, str, Path]]:
    """`(case, method, file)` of every map in a folder; DeliveryError where anything else lies there."""
    found = sorted(_map_files(folder))
    if not found:
        raise DeliveryError(f"There are no maps in {folder.name}: they lie as <case>/<method>.npy.")
    return found


def read_map(case: str, method: str, path: Path, grid: tuple[int, int]) -> Delivered:
    """One map, checked: plain float32 numbers on this grid, all finite. Pickled objects are never loaded."""
    name = f"{case}/{path.name}"
    try:
        values = np.lib.format.open_memmap(path, mode="r")  # which refuses objects and archives
    except (ValueError, OSError, EOFError) as error:
        raise DeliveryError(f"{name} is not an .npy file of plain numbers.") from error
    if values.dtype != np.float32:
        raise DeliveryError(f"{name} holds {values.dtype}; a map is float32.")
    if values.shape != grid:
        raise DeliveryError(f"{name} has the shape {values.shape}; maps lie on the grid that the model reads, {grid}.")
    if not np.isfinite(values).all():
        raise DeliveryError(f"{name} holds values that are not finite.")
    return Delivered(case, method, np.array(values, dtype="<f4", order="C"))


def _map_files(folder: Path) -> Iterator[tuple[str, str, Path]]:
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith(".") or entry.name == DESCRIPTION_FILE:
            continue
        if not entry.is_dir():
            raise DeliveryError(f"{entry.name} is neither {DESCRIPTION_FILE} nor the folder of a case.")
        for path in sorted(entry.iterdir()):
            if path.name.startswith("."):
                continue
            if path.suffix != ".npy" or not path.is_file():
                raise DeliveryError(f"{entry.name}/{path.name} is no map: maps are .npy files.")
            if not METHOD_NAME.fullmatch(path.stem):
                raise DeliveryError(
                    f"{entry.name}/{path.name} does not name a method: lower-case letters, digits, +, . and -, "
                    "at most 64."
                )
            yield entry.name, path.stem, path


def _described(data: object) -> Described:
    if not isinstance(data, dict):
        raise DeliveryError(f"{DESCRIPTION_FILE} must hold an object with named fields.")
    for name in REQUIRED:
        if name not in data:
            raise DeliveryError(f"{DESCRIPTION_FILE} lacks the field {name!r}; it needs: {', '.join(REQUIRED)}.")
    _only(data, (*REQUIRED, *OPTIONAL), DESCRIPTION_FILE)
    for name in ("tool", "version"):
        if not isinstance(data[name], str) or not 0 < len(data[name]) <= 100:
            raise DeliveryError(f"The field {name!r} in {DESCRIPTION_FILE} must be a short text.")
    sha256 = data.get("weights_sha256")
    if sha256 is not None and not (isinstance(sha256, str) and re.fullmatch(r"[0-9a-f]{64}", sha256)):
        raise DeliveryError(f"The weights_sha256 in {DESCRIPTION_FILE} must be 64 hexadecimal digits.")
    common = _making({"params": data["params"], "seconds": data["seconds"]}, DESCRIPTION_FILE, None)
    methods = data.get("methods", {})
    if not isinstance(methods, dict):
        raise DeliveryError(f"The field 'methods' in {DESCRIPTION_FILE} must be an object, one entry a method.")
    apart = {name: _making(entry, f"{DESCRIPTION_FILE}, methods, {name}", common) for name, entry in methods.items()}
    return Described(data["tool"], data["version"], common, apart, sha256)


def _making(data: object, where: str, common: Making | None) -> Making:
    if not isinstance(data, dict):
        raise DeliveryError(f"{where} must be an object with named fields.")
    _only(data, OF_A_METHOD, where)
    params = data.get("params", common.params if common else {})
    seconds = data.get("seconds", common.seconds if common else None)
    if not isinstance(params, dict):
        raise DeliveryError(f"The field 'params' in {where} must be an object.")
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds < math.inf:
        raise DeliveryError(f"The field 'seconds' in {where} must be a number of seconds for one map.")
    flags = {name: data.get(name, False) for name in ("control", "truth_derived")}
    for name, value in flags.items():
        if not isinstance(value, bool):
            raise DeliveryError(f"The field {name!r} in {where} must be true or false.")
    return Making(params, float(seconds), **flags)


def _only(data: dict[str, Any], known: tuple[str, ...], where: str) -> None:
    for name in data:
        if name not in known:
            raise DeliveryError(f"{where} has no field {name!r}; it may have: {', '.join(known)}.")


def _refuse_constant(text: str) -> float:
    raise ValueError(f"{text} is no number in JSON")
