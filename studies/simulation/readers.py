"""The simulated reader: pure numpy, every answer a function of (seed, reader, case, map), all effects known.

Ratings are a latent judgement cut at fixed thresholds, the model that a cumulative link mixed model estimates:

    latent coverage = leniency of the reader + effect of the case + weight * (plausibility - 0.5) + noise

A map's plausibility is what can be seen of it beside the truth: the share of the finding under its brightest tenth.
No method has an effect of its own: methods differ in so far as their maps are plausible. Readers are of three kinds:
`calibrated` ones weigh plausibility fully, `trusting` ones half and find everything a little better, `lazy` ones
hardly look and stay near the middle. In a diagnosis the first answer follows the reader's skill and how visible the
finding is; the second moves towards the AI by the reader's reliance, which a plausible map raises.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from foundation.seeds import derive

Kind = Literal["calibrated", "trusting", "lazy"]
KINDS: tuple[Kind, ...] = ("calibrated", "trusting", "calibrated", "lazy")
"""Half of all readers are calibrated; kinds follow the reader's number, so that small samples hold all of them."""
THRESHOLDS = (-1.5, -0.5, 0.5, 1.5)


class SimulationError(ValueError):
    """Readers cannot be simulated like this."""


@dataclass(frozen=True)
class Effects:
    """What holds for all readers; standard deviations are on the latent scale, where the noise is logistic-like."""

    leniency_sd: float = 0.6
    case_sd: float = 0.5
    noise_sd: float = 0.9
    plausibility: float = 4.0
    trusting_shift: float = 0.6
    skill: float = 1.6
    skill_sd: float = 0.3
    reliance: float = 0.35
    reliance_by_plausibility: float = 0.3


EFFECTS = Effects()


@dataclass(frozen=True)
class Stimulus:
    """What a simulated reader sees: shares are 0 to 1 (None: no finding, or no map), `level` 1 obvious to 5 hardly."""

    case: str
    map: str = ""
    label: int | None = None
    level: int | None = None
    covered: float | None = None
    extraneous: float | None = None

    @property
    def plausibility(self) -> float:
        """Of the map; a map over an image without a finding has nothing right to show."""
        return 0.25 if self.covered is None else self.covered


@dataclass(frozen=True)
class SimulatedReader:
    """One reader and what is known of them."""

    seed: int
    index: int
    kind: Kind
    leniency: float
    skill: float
    reliance: float
    effects: Effects = EFFECTS

    def rate(self, shown: Stimulus, occurrence: int = 1) -> dict[str, int]:
        """Coverage and extraneous, 1 to 5 each."""
        extra = 0.75 if shown.extraneous is None else shown.extraneous
        good = self._judgement(shown, shown.plausibility, "coverage", occurrence)
        clean = self._judgement(shown, 1 - extra, "extraneous", occurrence)
        return {"coverage": _cut(good), "extraneous": 6 - _cut(clean)}

    def compare(self, first: Stimulus, second: Stimulus, occurrence: int = 1) -> dict[str, str | int]:
        """Which of two maps is preferred, and how clearly; small differences are ties."""
        weight = self._weight()
        difference = weight * (first.plausibility - second.plausibility)
        difference += self._noise("pair", first.case, first.map, second.map, occurrence)
        if abs(difference) < 0.5:
            return {"preferred": "tie"}
        strength = 1 + int(abs(difference) > 1.25) + int(abs(difference) > 2.5)
        return {"preferred": "first" if difference > 0 else "second", "strength": strength}

    def order(self, shown: Sequence[Stimulus], occurrence: int = 1) -> list[int]:
        """The places in `shown` of several maps of a case, the most liked first."""
        liked = [
            self._weight() * each.plausibility + self._noise("order", each.case, each.map, occurrence) for each in shown
        ]
        return sorted(range(len(shown)), key=lambda place: -liked[place])

    def read(self, shown: Stimulus) -> float:
        """The first probability of a finding, 0 to 100, without the AI."""
        return _percent(self._evidence(shown))

    def read_again(self, shown: Stimulus, initial: float, advice: float | None, has_map: bool) -> float:
        """The second probability, once the AI's probability (0 to 1) and maybe its map are seen."""
        if advice is None:
            return initial
        reliance = self.reliance
        if has_map:
            seen = shown.plausibility - 0.5 if self.kind == "calibrated" else 0.25
            reliance = float(np.clip(reliance + self.effects.reliance_by_plausibility * seen, 0.0, 1.0))
        own = _logit(initial / 100)
        return _percent((1 - reliance) * own + reliance * _logit(advice))

    def seconds(self, case: str, step: str, position: int) -> float:
        """How long this reader takes: log-normal, quicker with practice, lazy readers quicker still."""
        usual = {"initial": 22.0, "final": 12.0, "compare": 14.0}.get(step, 16.0)
        pace = {"calibrated": 1.0, "trusting": 0.9, "lazy": 0.55}[self.kind]
        drawn = np.exp(self.rng("seconds", case, step).normal(0.0, 0.3))
        return round(float(usual * pace * (0.8 + 0.4 / (1 + position / 10)) * drawn), 2)

    def _judgement(self, shown: Stimulus, quality: float, question: str, occurrence: int) -> float:
        case = self.effects.case_sd * _stream(self.seed, "case", shown.case).normal()
        shift = self.effects.trusting_shift if self.kind == "trusting" else 0.0
        noise = self._noise(question, shown.case, shown.map, occurrence)
        middle = 0.4 if self.kind == "lazy" else 1.0
        return middle * (self.leniency + case + shift + self._weight() * (quality - 0.5)) + noise

    def _weight(self) -> float:
        return self.effects.plausibility * {"calibrated": 1.0, "trusting": 0.5, "lazy": 0.3}[self.kind]

    def _evidence(self, shown: Stimulus) -> float:
        """On the logit scale, above zero where a finding is seen; harder ones give less."""
        visible = 1.0 if shown.level is None else 1.5 - 0.25 * shown.level
        sign = 1.0 if shown.label == 1 else -1.0
        case = self.effects.case_sd * _stream(self.seed, "read", shown.case).normal()
        return sign * self.skill * visible + case + self._noise("read", shown.case)

    def _noise(self, *names: str | int) -> float:
        return float(self.effects.noise_sd * self.rng(*names).normal())

    def rng(self, *names: str | int) -> np.random.Generator:
        """The reader's own stream of chance for these names."""
        return _stream(self.seed, "reader", self.index, *names)


def reader_of(seed: int, index: int, effects: Effects = EFFECTS) -> SimulatedReader:
    """The reader of this number: the same for the same seed, whatever the number of readers."""
    if index < 0:
        raise SimulationError("Readers are counted from 0.")
    rng = _stream(seed, "traits", index)
    kind = KINDS[index % len(KINDS)]
    reliance = effects.reliance + {"calibrated": 0.0, "trusting": 0.35, "lazy": 0.15}[kind]
    return SimulatedReader(
        seed=seed,
        index=index,
        kind=kind,
        leniency=float(effects.leniency_sd * rng.normal()),
        skill=float(effects.skill + effects.skill_sd * rng.normal()) * (0.7 if kind == "lazy" else 1.0),
        reliance=float(np.clip(reliance + 0.08 * rng.normal(), 0.0, 1.0)),
        effects=effects,
    )


def _stream(seed: int, *names: str | int) -> np.random.Generator:
    return np.random.default_rng(derive(seed, "simulation", *names))


def _cut(latent: float) -> int:
    return 1 + int(np.searchsorted(THRESHOLDS, latent))


def _logit(probability: float) -> float:
    inside = float(np.clip(probability, 0.01, 0.99))
    return float(np.log(inside / (1 - inside)))


def _percent(logit: float) -> float:
    return round(100 / (1 + float(np.exp(-logit))), 1)
