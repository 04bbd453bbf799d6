"""A mixed model's fit as text: its numbers, and every doubt about them."""

from __future__ import annotations

from typing import Protocol

import pandas as pd


class Told(Protocol):
    """What the text needs of a fit."""

    @property
    def formula(self) -> str: ...
    @property
    def random_sd(self) -> pd.Series[float]: ...
    @property
    def n_groups(self) -> pd.Series[int]: ...
    @property
    def n_observations(self) -> int: ...
    @property
    def dropped(self) -> int: ...
    @property
    def messages(self) -> tuple[str, ...]: ...
    @property
    def notes(self) -> tuple[str, ...]: ...


def model_text(title: str, fit: Told, coefficients: pd.DataFrame) -> str:
    """The fit as it is printed: formula, counts, both tables, then `Note:` and `Not converged:` lines."""
    dropped = f", {fit.dropped} without an outcome left out" if fit.dropped else ""
    random = pd.DataFrame({"sd": fit.random_sd, "groups": fit.n_groups})
    lines = [title, f"{fit.formula}; {fit.n_observations} ratings{dropped}"]
    lines += [frame.round(4).to_string() for frame in (coefficients, random) if len(frame)]
    lines += [f"Note: {note}" for note in fit.notes]
    lines += [f"Not converged: {message}" for message in fit.messages]
    return "\n".join(lines)
