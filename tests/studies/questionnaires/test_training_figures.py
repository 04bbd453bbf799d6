"""The training page's figures are there, and are those that the code draws."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from studies.questionnaires import Asked, questionnaire_of
from studies.questionnaires.training import Training
from studies.questionnaires.training_figures import FIGURES, FOLDER, figure


@pytest.mark.parametrize("name", FIGURES)
def test_the_file_shows_what_the_code_draws(name: str) -> None:
    """Up to what the file's compression loses."""
    stored = np.asarray(Image.open(io.BytesIO((FOLDER / f"{name}.webp").read_bytes())).convert("RGB"), dtype=float)
    assert np.abs(stored - figure(name)).mean() < 6


def test_every_figure_that_the_page_names_is_drawn() -> None:
    page = questionnaire_of(Asked("heatmaps"))
    assert isinstance(page, Training)
    named = [section.figure for section in page.sections if section.figure]
    assert sorted(named) == sorted(FIGURES)
    assert all(section.shows.in_language("en") for section in page.sections if section.figure)
