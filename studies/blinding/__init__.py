"""What may reach a reader's browser, and nothing else."""

from __future__ import annotations

from studies.blinding.serializer import Advice, ShownOption, ShownQuestion, ShownTrial, shown_trial, translated

__all__ = ["Advice", "ShownOption", "ShownQuestion", "ShownTrial", "shown_trial", "translated"]
