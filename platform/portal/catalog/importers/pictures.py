"""PNG and JPEG."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from portal.catalog.importers.base import Imported, ImportRefused, Limits, Pixels, contiguous, full_window

_DEEP_COLOUR = {2, 6}  # PNG colour types with red, green and blue
_MODES = {"1": "L", "P": "RGB", "PA": "RGBA"}


def read_picture(path: Path, name: str, limits: Limits) -> tuple[Imported, ...]:
    """One still picture, 8 bits or 16 bits grey; nothing of its metadata but the way it is turned."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is checked below
            with Image.open(path, formats=("PNG", "JPEG")) as picture:
                limits.check(name, picture.height, picture.width)
                pixels = _pixels(picture, path, name)
    except Image.DecompressionBombError:
        raise ImportRefused(
            f"{name} is too large: it claims more pixels than the {limits.pixels:,} that are read."
        ) from None
    except UnidentifiedImageError as error:
        raise ImportRefused(f"{name} is damaged, or no PNG or JPEG picture.") from error
    except ImportRefused:
        raise
    except Exception as error:  # a damaged file can break the decoder anywhere
        raise ImportRefused(f"{name} is damaged: its pixels cannot be read.") from error
    pixels = contiguous(pixels)[None]
    bits = 8 * pixels.dtype.itemsize
    photometric = "RGB" if pixels.ndim == 4 else "MONOCHROME2"
    return (Imported(pixels, bits=bits, photometric=photometric, windows=full_window(pixels)),)


def _pixels(picture: Image.Image, path: Path, name: str) -> Pixels:
    if getattr(picture, "n_frames", 1) > 1:
        raise ImportRefused(f"{name} is an animation; give its pictures one by one.")
    if picture.format == "PNG" and _png_header(path) in {(16, kind) for kind in _DEEP_COLOUR}:
        raise ImportRefused(f"{name} has colours of 16 bits, which are not read.")
    picture.load()
    turned = ImageOps.exif_transpose(picture)
    turned = turned.convert(_MODES[turned.mode]) if turned.mode in _MODES else turned
    if turned.mode in {"I;16", "I;16B", "I"}:
        return np.asarray(turned).astype(np.uint16)
    array = np.asarray(turned)
    if turned.mode in {"LA", "RGBA"}:
        if (array[..., -1] != 255).any():
            raise ImportRefused(f"{name} is transparent in places; an image's pixels must be opaque.")
        array = array[..., 0] if turned.mode == "LA" else array[..., :3]
    elif turned.mode not in {"L", "RGB"}:
        raise ImportRefused(f"{name} has the colour mode {turned.mode}, which is not read.")
    return array


def _png_header(path: Path) -> tuple[int, int]:
    """Bit depth and colour type, which Pillow hides where it reduces 16 bits to 8."""
    with path.open("rb") as stream:
        head = stream.read(26)
    return (head[24], head[25]) if len(head) == 26 else (0, 0)
