"""What every metric of a saliency map is: facts, one verb, and scores that say why they are undefined."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from evaluation.metrics.inputs import MEMORY_MB, Explain, Inputs, MetricError, as_found, prepare
from evaluation.metrics.ranks import Ranks
from foundation.registry import parameters_of
from foundation.seeds import derive
from foundation.targets import Target

__all__ = ["Explain", "Inputs", "Metric", "MetricError", "Scored", "Sign", "ranked", "signed_maps"]

Family = Literal["faithfulness", "robustness", "randomisation", "localisation", "complexity"]
Sign = Literal["positive", "absolute", "signed"]

# Seeds that a standard error comes from where a metric has no draws of its own to find it from.
REPEATS = 8


@dataclass(frozen=True)
class Scored:
    """Scores `(B,)` float32 on the CPU or the images' device, NaN where undefined; `reasons` are "" where defined.

    `errors (B,)` are the Monte Carlo standard errors of the scores, in the scores' unit: what chance adds, not how
    images differ. None where they were not found; ask with `Metric.score_with_errors`.
    """

    values: Tensor
    reasons: tuple[str, ...]
    errors: Tensor | None = None

    @classmethod
    def of(cls, values: Tensor, *undefined: tuple[Tensor, str], errors: Tensor | None = None) -> Scored:
        """Blank the scores for which a condition `(B,)` holds; the first condition that holds gives the reason."""
        values = values.double().clone()
        reasons = [""] * len(values)
        for condition, reason in (*undefined, (~torch.isfinite(values), "The model's output is not finite.")):
            for place in condition.nonzero()[:, 0].tolist():
                reasons[place] = reasons[place] or reason
                values[place] = torch.nan
        if errors is not None:
            errors = errors.double().masked_fill(torch.isnan(values), torch.nan).float()
        return cls(values.float(), tuple(reasons), errors)

    @classmethod
    def joined(cls, parts: Sequence[Scored]) -> Scored:
        """The scores of several parts of a batch, one after the other."""
        if len(parts) == 1:
            return parts[0]
        errors = [part.errors for part in parts if part.errors is not None]
        return cls(
            torch.cat([part.values for part in parts]),
            tuple(reason for part in parts for reason in part.reasons),
            torch.cat(errors) if len(errors) == len(parts) else None,
        )


class Metric(abc.ABC):
    """Judges saliency maps, one number an image.

    Subclasses are frozen dataclasses: class attributes are facts, fields are parameters. Maps are read as
    contributions: the effect of removing a region is the map's sum over it.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    reference: ClassVar[str]
    family: ClassVar[Family]
    higher_is_better: ClassVar[bool]
    co12: ClassVar[tuple[str, ...]]
    """Co-12 properties the metric speaks to (Nauta et al. 2023, doi:10.1145/3583558)."""
    needs: ClassVar[frozenset[str]]
    """Which of `model`, `mask` and `explain` it cannot do without; `explain` implies a model and a target."""
    summary: ClassVar[str]
    """One sentence: what it measures."""
    caveat: ClassVar[str]
    """One sentence: how it is known to fail."""
    formula: ClassVar[str] = ""
    """The formula in words and signs; f is the explained output, x the image."""
    span: ClassVar[str] = ""
    """The values that it can take."""
    undefined_when: ClassVar[str] = ""
    """One sentence: when the score is NaN."""
    version: ClassVar[str] = "1"
    """Changes whenever the same arguments would give another value."""
    stochastic: ClassVar[bool] = False
    """Whether the seed changes the value (with the default parameters)."""
    precision: ClassVar[str] = ""
    """How many draws or seeds bring the Monte Carlo standard error to 0.02, where the seed changes the value."""

    def __post_init__(self) -> None:
        """Refuse parameters outside their choices or below their minimum."""
        fields = {field.name: field for field in dataclasses.fields(self)}  # type: ignore[arg-type]
        for parameter in parameters_of(type(self)):
            value = getattr(self, parameter.name)
            if parameter.choices and value not in parameter.choices:
                raise MetricError(
                    f"{self.name}: {parameter.name} must be one of {', '.join(parameter.choices)}, not {value!r}."
                )
            minimum = fields[parameter.name].metadata.get("minimum")
            if minimum is not None and not value >= minimum:
                raise MetricError(f"{self.name}: {parameter.name} must be at least {minimum}, not {value!r}.")

    def score(
        self,
        model: nn.Module | None,
        images: Tensor,
        maps: Tensor,
        target: Target | None,
        *,
        masks: Tensor | None = None,
        explain: Explain | None = None,
        seed: int = 0,
    ) -> Tensor:
        """The scores of `maps (B, H, W)` of `images (B, C, H, W)`: `(B,)` float32, NaN where undefined.

        A score depends on its own image and `seed` alone. `masks (B, H, W)` are the true regions; `explain(model,
        images, target) -> (B, H, W)` makes such maps anew. Model and target may be None where they are not needed.
        The model runs in evaluation mode and is left as found. Raises ValueError for arguments that do not fit.
        """
        return self.score_with_reasons(model, images, maps, target, masks=masks, explain=explain, seed=seed).values

    def score_with_reasons(
        self,
        model: nn.Module | None,
        images: Tensor,
        maps: Tensor,
        target: Target | None,
        *,
        masks: Tensor | None = None,
        explain: Explain | None = None,
        seed: int = 0,
        memory_mb: int = MEMORY_MB,
    ) -> Scored:
        """As `score`, with a sentence for each undefined score."""
        with as_found(model):
            inputs = prepare(
                model,
                images,
                maps,
                target,
                needs=self.needs,
                masks=masks,
                explain=explain,
                seed=seed,
                memory_mb=memory_mb,
            )
            return Scored.joined([self.judge(part) for part in self.parts_of(inputs)])

    def score_with_errors(
        self,
        model: nn.Module | None,
        images: Tensor,
        maps: Tensor,
        target: Target | None,
        *,
        masks: Tensor | None = None,
        explain: Explain | None = None,
        seed: int = 0,
        memory_mb: int = MEMORY_MB,
        repeats: int = REPEATS,
    ) -> Scored:
        """As `score_with_reasons`, with the Monte Carlo standard error of each score in `errors`.

        It is 0 for a metric without chance, comes from the draws where a score is a mean or a correlation of them, and
        is otherwise the s.d. of the scores for `repeats` seeds (`repeats` times the work, and known to about
        1 / sqrt(2 (repeats - 1)) of itself). Raises ValueError as `score` does, and for fewer than 2 repeats.
        """
        if repeats < 2:
            raise MetricError("An error from repeats needs at least 2 of them.")
        with as_found(model):
            inputs = prepare(
                model,
                images,
                maps,
                target,
                needs=self.needs,
                masks=masks,
                explain=explain,
                seed=seed,
                memory_mb=memory_mb,
            )
            return Scored.joined([self.judge_with_errors(part, repeats) for part in self.parts_of(inputs)])

    def judge_with_errors(self, inputs: Inputs, repeats: int = REPEATS) -> Scored:
        """The scores of validated inputs with their Monte Carlo standard errors."""
        scored = self.judge(inputs)
        if scored.errors is not None:
            return scored
        if not self.by_chance:
            return replace(scored, errors=torch.where(torch.isnan(scored.values), torch.nan, 0.0))
        others = [
            self.judge(inputs.with_seed(derive(inputs.seed, "repeat", repeat))).values for repeat in range(1, repeats)
        ]
        return replace(scored, errors=torch.stack([scored.values, *others]).std(0))

    def parts_of(self, inputs: Inputs) -> list[Inputs]:
        """The inputs, some images at a time where the budget asks for it; `explain` may count on all of them."""
        return [inputs] if "explain" in self.needs else inputs.parts()

    @property
    def by_chance(self) -> bool:
        """Whether the seed changes the value with these parameters: a uniform baseline is drawn, too."""
        return self.stochastic or getattr(self, "baseline", "") == "uniform"

    @abc.abstractmethod
    def judge(self, inputs: Inputs) -> Scored:
        """The scores of validated inputs; the model is in evaluation mode."""


def signed_maps(maps: Tensor, sign: Sign) -> Tensor:
    """The maps `(B, H, W)` as flat rows `(B, P)` under a sign policy: positive part, magnitude, or as they are."""
    rows = maps.flatten(1)
    if sign == "positive":
        return rows.clamp(min=0)
    return rows.abs() if sign == "absolute" else rows


def ranked(inputs: Inputs, sign: Sign) -> Ranks:
    """The ranks of the maps' pixels under a sign policy, found once for all metrics of these maps."""
    key = ("ranks", sign)
    if key not in inputs.by_map:
        inputs.by_map[key] = Ranks.of(signed_maps(inputs.maps, sign))
    ranks: Ranks = inputs.by_map[key]
    return ranks
