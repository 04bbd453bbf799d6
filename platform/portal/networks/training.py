"""Training the demo's networks on phantoms, from a seed: small crops first, then whole images."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from foundation.seeds import derive
from portal.networks.architectures import build
from portal.networks.description import DESCRIPTION_FILE, WEIGHTS_FILE, Description
from portal.networks.recipes import RECIPES, Recipe, recipe
from portal.networks.samples import Samples, samples
from portal.networks.weightfiles import inspect_weights
from portal.phantoms import training_set

COMMAND = "python manage.py train_demo_networks"
_CROP = 64
_SETTLING = 32  # images a batch, for the batch norms' last statistics

Progress = Callable[[str, int, int], None]


def train_demo(
    out: Path, only: Iterable[str] | None = None, progress: Progress | None = None, seed: int = 0, quick: bool = False
) -> list[Path]:
    """Train the demo's networks (those in `only`, or all) and write each to `out/<slug>/`.

    `progress` is called with a slug, the steps done and the steps to do.
    """
    chosen = [recipe(slug) for slug in (RECIPES if only is None else only)]
    return [train(each.slug, out / each.slug, seed=seed, quick=quick, progress=progress) for each in chosen]


def train(slug: str, out: Path, *, seed: int = 0, quick: bool = False, progress: Progress | None = None) -> Path:
    """Train one network and write `model.json` and `weights.safetensors` to `out`; the same seed, the same recipe."""
    chosen = recipe(slug).quick() if quick else recipe(slug)
    model = fit(chosen, seed, progress)
    out.mkdir(parents=True, exist_ok=True)
    state = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    save_file(state, out / WEIGHTS_FILE)
    (out / WEIGHTS_FILE).chmod(0o644)  # the library makes it the owner's alone
    found = inspect_weights(out / WEIGHTS_FILE)
    description = _description(chosen, found.sha256, seed, quick)
    (out / DESCRIPTION_FILE).write_text(json.dumps(description.as_json(), indent=2) + "\n", encoding="utf-8")
    return out


def fit(chosen: Recipe, seed: int, progress: Progress | None = None) -> nn.Module:
    """A trained network in evaluation mode. The global random state and number of threads are left as they were."""
    specs = training_set(
        derive(seed, chosen.slug, "phantoms"),
        chosen.anatomies * chosen.exposures,
        rho=chosen.rho,
        exposures=chosen.exposures,
    )
    data = samples(specs, chosen.preprocessing)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, chosen.slug, "weights"))
        model = build(chosen.architecture, chosen.arguments).train()
        _run(_Course(model, _Hint.of(model, chosen), chosen, data, _generator(seed, chosen.slug)), progress)
        _settle(model, data)
    return model.eval()


def _settle(model: nn.Module, data: Samples) -> None:
    """Take the batch norms' statistics anew from whole images: those of the crops and of the last steps mislead."""
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over the batches that follow
    with torch.no_grad():
        for part in data.images[: 16 * _SETTLING].split(_SETTLING):
            model(part)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


def _generator(seed: int, slug: str) -> torch.Generator:
    return torch.Generator().manual_seed(derive(seed, slug, "order"))


@dataclass(frozen=True, eq=False)
class _Hint:
    """A throw-away layer that says where the nodule is, which teaches a classifier to find small things faster."""

    layer: nn.Module
    head: nn.Conv2d

    @classmethod
    def of(cls, model: nn.Module, chosen: Recipe) -> _Hint | None:
        if chosen.hint_layer is None:
            return None
        return cls(model.get_submodule(chosen.hint_layer), nn.Conv2d(chosen.arguments["block_inplanes"][-1], 1, 1))

    def loss(self, features: Tensor, masks: Tensor) -> Tensor:
        places = self.head(features)[:, 0]
        wanted = functional.adaptive_max_pool2d(masks[:, None].float(), places.shape[1:])[:, 0]
        return functional.binary_cross_entropy_with_logits(places, wanted, pos_weight=torch.tensor(5.0))


@dataclass(frozen=True, eq=False)
class _Course:
    """Everything that a training run needs."""

    model: nn.Module
    hint: _Hint | None
    recipe: Recipe
    data: Samples
    generator: torch.Generator

    def parameters(self) -> list[nn.Parameter]:
        extra = list(self.hint.head.parameters()) if self.hint else []
        return [*self.model.parameters(), *extra]

    def batch(self, step: int) -> tuple[Tensor, Tensor, Tensor]:
        if step < self.recipe.crop_steps:
            return _crops(self.data, self.recipe.crops, self.generator)
        chosen = torch.randint(len(self.data.images), (self.recipe.images,), generator=self.generator)
        return self.data.images[chosen], self.data.masks[chosen], self.data.labels[chosen]

    def loss(self, images: Tensor, masks: Tensor, labels: Tensor) -> Tensor:
        kept: list[Tensor] = []
        handle = self.hint.layer.register_forward_hook(lambda *event: kept.append(event[2])) if self.hint else None
        output = self.model(_varied(images, self.generator))
        if self.recipe.task == "segmentation":
            return _outline_loss(output, masks)
        loss = functional.cross_entropy(output, labels)
        if self.hint and handle:
            handle.remove()
            loss = loss + self.hint.loss(kept[0], masks)
        return loss


def _run(course: _Course, progress: Progress | None) -> None:
    """AdamW with a warm-up and a cosine to nothing."""
    total = course.recipe.crop_steps + course.recipe.full_steps
    optimiser = torch.optim.AdamW(course.parameters(), weight_decay=1e-3)
    for step in range(total):
        share = step / total
        rate = course.recipe.rate * min(1.0, (share + 1 / total) / 0.1) * 0.5 * (1 + math.cos(math.pi * share))
        optimiser.param_groups[0]["lr"] = rate + 1e-5
        optimiser.zero_grad()
        course.loss(*course.batch(step)).backward()
        optimiser.step()
        if progress:
            progress(course.recipe.slug, step + 1, total)


def _crops(data: Samples, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Squares of which about half hold a nodule; a crop counts as positive when it shows at least 20 of its pixels."""
    chosen = torch.randint(len(data.images), (count,), generator=generator)
    corners = torch.randint(data.images.shape[-1] - _CROP + 1, (count, 2), generator=generator)
    jitter = torch.randint(-20, 21, (count, 2), generator=generator)
    squares = [
        _square(data, int(index), corner, shift) for index, corner, shift in zip(chosen, corners, jitter, strict=True)
    ]
    images, masks = (torch.stack(parts) for parts in zip(*squares, strict=True))
    return images, masks, (masks.flatten(1).sum(1) >= 20).long()


def _square(data: Samples, index: int, corner: Tensor, shift: Tensor) -> tuple[Tensor, Tensor]:
    if data.labels[index]:
        middle = data.masks[index].nonzero().float().mean(0).long()
        corner = (middle - _CROP // 2 + shift).clamp(0, data.images.shape[-1] - _CROP)
    top, left = corner.tolist()
    window = (slice(top, top + _CROP), slice(left, left + _CROP))
    return data.images[index][:, *window], data.masks[index][window]


def _varied(images: Tensor, generator: torch.Generator) -> Tensor:
    """Other exposures of the same pictures: gain and offset."""
    gain, offset = torch.randn((2, len(images), 1, 1, 1), generator=generator)
    return images * (1 + 0.1 * gain) + 0.1 * offset


def _outline_loss(output: Tensor, masks: Tensor) -> Tensor:
    """Weighted cross entropy plus one minus the batch's soft Dice."""
    likely = output.softmax(1)[:, 1]
    shared = (likely * masks).sum()
    dice = (2 * shared + 1) / (likely.sum() + masks.sum() + 1)
    return functional.cross_entropy(output, masks.long(), weight=torch.tensor([1.0, 8.0])) + 1 - dice


def _description(chosen: Recipe, sha256: str, seed: int, quick: bool) -> Description:
    return Description(
        slug=chosen.slug,
        title=chosen.title,
        architecture=chosen.architecture,
        arguments=chosen.arguments,
        task=chosen.task,
        classes=chosen.classes,
        preprocessing=chosen.preprocessing,
        layer=chosen.layer,
        notes=chosen.notes,
        sha256=sha256,
        command=f"{COMMAND} --only {chosen.slug} --seed {seed}{' --quick' if quick else ''}",
        training={
            "phantoms": chosen.anatomies * chosen.exposures,
            "correlation": chosen.rho,
            "crop_steps": chosen.crop_steps,
            "full_steps": chosen.full_steps,
            "seed": seed,
        },
    )
