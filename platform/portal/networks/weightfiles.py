"""Looking at a weights file without trusting it and without torch: kind, size, hash, names and shapes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from portal.networks.description import WEIGHTS_FILE
from portal.networks.errors import WeightsError

LARGEST_WEIGHTS = 512 * 1024**2
_LARGEST_HEADER = 16 * 1024**2
_OTHER_FORMATS = frozenset(
    [
        ".pt",
        ".pth",
        ".pt2",
        ".ckpt",
        ".pkl",
        ".pickle",
        ".bin",
        ".onnx",
        ".h5",
        ".hdf5",
        ".keras",
        ".pb",
        ".npz",
        ".npy",
        ".joblib",
        ".model",
        ".tar",
        ".zip",
        ".mar",
    ]
)


@dataclass(frozen=True)
class WeightsFile:
    """A weights file whose header was read: its hash, its size in bytes, and the shape of each tensor."""

    path: Path
    sha256: str
    size: int
    shapes: dict[str, tuple[int, ...]]

    @property
    def parameters(self) -> int:
        """The number of stored values."""
        total = 0
        for shape in self.shapes.values():
            count = 1
            for side in shape:
                count *= side
            total += count
        return total


def find_weights(folder: Path) -> Path:
    """The weights in a model's folder; a folder that holds only other formats is refused by name."""
    path = folder / WEIGHTS_FILE
    if path.is_file():
        return path
    others = sorted(found.name for found in folder.iterdir() if found.suffix.lower() in _OTHER_FORMATS)
    if others:
        refuse_format(folder / others[0])
    raise WeightsError(f"There is no {WEIGHTS_FILE} in {folder.name}.")


def refuse_format(path: Path) -> None:
    """Raise unless the file's name says safetensors."""
    if path.suffix.lower() != ".safetensors":
        raise WeightsError(f"{path.name} is refused: weights are accepted as safetensors only, which cannot hold code.")


def inspect_weights(path: Path, largest: int = LARGEST_WEIGHTS) -> WeightsFile:
    """Check that `path` is a safetensors file of at most `largest` bytes and read its header."""
    refuse_format(path)
    if path.is_symlink() or not path.is_file():
        raise WeightsError(f"{path.name} is not an ordinary file.")
    size = path.stat().st_size
    if size > largest:
        raise WeightsError(f"{path.name} has {size:,} bytes; at most {largest:,} are accepted.")
    with path.open("rb") as stream:
        shapes = _shapes(path.name, stream.read(8), stream.read(min(size, _LARGEST_HEADER)), size)
        stream.seek(0)
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return WeightsFile(path, digest, size, shapes)


def _shapes(name: str, start: bytes, rest: bytes, size: int) -> dict[str, tuple[int, ...]]:
    """The header of the format: its length in 8 bytes, then JSON that names each tensor's type, shape and place."""
    _refuse_disguise(name, start, rest)
    length = int.from_bytes(start, "little")
    if len(start) < 8 or length > len(rest) or not rest.startswith(b"{"):
        raise WeightsError(f"{name} is not a safetensors file: its header is missing or cut off.")
    try:
        header = json.loads(rest[:length])
        header.pop("__metadata__", None)
        shapes = {str(key): tuple(int(side) for side in entry["shape"]) for key, entry in header.items()}
        ends = [int(entry["data_offsets"][1]) for entry in header.values()]
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise WeightsError(f"{name} is not a safetensors file: its header cannot be read.") from error
    if not shapes:
        raise WeightsError(f"{name} holds no weights.")
    if 8 + length + max(ends) != size:
        raise WeightsError(f"{name} is damaged: its header and its length do not agree.")
    return shapes


def _refuse_disguise(name: str, start: bytes, rest: bytes) -> None:
    kinds = {b"PK\x03\x04": "a zip archive", b"\x80": "a pickle", b"\x89HDF": "an HDF5 file", b"\x1f\x8b": "gzip"}
    for magic, kind in kinds.items():
        # A header of 128 bytes begins with 0x80 too: only JSON after the length tells it from a pickle.
        if start.startswith(magic) and not rest.startswith(b'{"'):
            raise WeightsError(f"{name} is refused: it is {kind} under another name, and such files can carry code.")
