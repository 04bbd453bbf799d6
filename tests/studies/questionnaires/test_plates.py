"""Plates hide a figure from those who confuse its hues, and show it to everybody else."""

from __future__ import annotations

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from studies.questionnaires.plates import FIGURES, LIGHTNESS, PLATES, SIDE, hues, plate_png, srgb

# Oracle: Machado, Oliveira & Fernandes 2009, doi:10.1109/TVCG.2009.113, their matrices for severity 1.0,
# derived from a physiological model of the cones and not from copunctal points.
MACHADO = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def linear(colours: NDArray[np.uint8]) -> NDArray[np.float64]:
    scaled = colours / 255
    return np.where(scaled <= 0.04045, scaled / 12.92, ((scaled + 0.055) / 1.055) ** 2.4)


def chroma_gap(kind: str, seen_by: str | None) -> float:
    """How far apart figure and ground are in CIELAB hue (a*, b*) at equal luminance, as this person sees them."""
    rng = np.random.default_rng(1)
    n = 400
    within = np.arange(n) < n // 2
    rgb = linear(srgb(hues(kind, within, rng), np.full(n, np.mean(LIGHTNESS))))
    if seen_by:
        rgb = np.clip(rgb @ np.array(MACHADO[seen_by]).T, 0, 1)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    f = np.cbrt(rgb @ to_xyz.T / np.array([0.9505, 1.0, 1.089]))
    ab = np.stack([500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)
    return float(np.linalg.norm(ab[within].mean(axis=0) - ab[~within].mean(axis=0)))


@pytest.mark.parametrize("kind", PLATES)
def test_the_hue_all_but_vanishes_for_those_the_plate_is_for(kind: str) -> None:
    usual, dichromat = chroma_gap(kind, None), chroma_gap(kind, kind)
    assert usual > 15
    assert dichromat < 0.35 * usual


def test_red_green_plates_stay_plain_for_tritans_and_the_other_way_round() -> None:
    assert chroma_gap("protan", "tritan") > 0.7 * chroma_gap("protan", None)
    assert chroma_gap("tritan", "deutan") > 0.5 * chroma_gap("tritan", None)


def test_lightness_gives_nothing_away() -> None:
    """Figure and ground share one range of luminance: their means differ by less than the dots of either do."""
    rng = np.random.default_rng(2)
    within = rng.random(2000) < 0.4
    luminance = rng.uniform(*LIGHTNESS, 2000)
    shown = linear(srgb(hues("deutan", within, rng), luminance)) @ np.array([0.2126, 0.7152, 0.0722])
    assert shown == pytest.approx(luminance, abs=0.01)


def test_a_plate_is_the_same_again_and_another_for_another_reader() -> None:
    first = plate_png("protan", "ring", 5)
    assert plate_png("protan", "ring", 5) == first
    assert plate_png("protan", "ring", 6) != first
    picture = Image.open(io.BytesIO(first))
    assert picture.size == (SIDE, SIDE)
    assert picture.info == {}


@pytest.mark.parametrize("figure", FIGURES)
def test_the_figure_is_in_the_picture(figure: str) -> None:
    """Reddish dots lie where a drawing of the figure, made here by hand, has ink."""
    pixels = np.asarray(Image.open(io.BytesIO(plate_png("deutan", figure, 5))), dtype=int)
    reddish = pixels[..., 0] - pixels[..., 1] > 25
    points = {"ring": (0.48, 0.0), "square": (0.43, 0.0), "triangle": (0.0, 0.3), "cross": (0.0, 0.0)}
    empty = {"ring": (0.0, 0.0), "square": (0.0, 0.0), "triangle": (0.0, 0.0), "cross": (0.5, 0.5)}

    def share(at: tuple[float, float]) -> float:
        column, row = (round(SIDE / 2 * (1 + each)) for each in at)
        around = (slice(row - 20, row + 20), slice(column - 20, column + 20))
        dots = pixels[around].sum(axis=2) > 150
        return float((reddish[around] & dots).sum() / max(1, dots.sum()))

    assert share(points[figure]) > 0.5
    assert share(empty[figure]) < 0.3
