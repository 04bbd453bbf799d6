"""The base of all explainers: arguments checked, target bound, network left as it was, maps detached."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, TypeVar

import torch
from torch import Tensor, nn

from explainers.errors import ExplainError, ImageError, MissingInputError
from foundation.forwards import Forwards, Perturb, untouched
from foundation.targets import Target

Shared = TypeVar("Shared")
Record = list[dict[str, Any]]


@dataclass(frozen=True)
class Explained:
    """Maps `(B, H, W)` float32 and, for each image, what the provenance should say about how they were made."""

    maps: Tensor
    record: Record


@dataclass(frozen=True)
class Request:
    """A checked request: network in evaluation mode, target bound, and the work that methods can share.

    Of a request for some of the images, `whole` is the target as bound to all of them and `places (B,)` says which
    these are: by both, outputs are recognised that another method has already asked for.
    """

    model: nn.Module
    images: Tensor
    target: Target
    masks: Tensor | None = None
    donors: Tensor | None = None
    seed: int = 0
    memory_mb: float = 1024
    cache: dict[Any, Any] = field(default_factory=dict)
    whole: Target | None = None
    places: Tensor | None = None
    passes: dict[str, Forwards] = field(default_factory=dict)

    def shared(self, key: Any, make: Callable[[], Shared]) -> Shared:
        """What `make` returns, made once for all methods that ask under this key."""
        if key not in self.cache:
            self.cache[key] = make()
        result: Shared = self.cache[key]
        return result

    def with_model(self, model: nn.Module) -> Request:
        """The same request for another network; nothing is shared with the first."""
        return replace(self, model=model, cache={}, passes={})

    def with_target(self, target: Target) -> Request:
        """The same request for another bound target; only the forward passes are shared with the first."""
        return replace(self, target=target, cache={}, whole=None, places=None)

    def only(self, i: int) -> Request:
        """The same request for image `i` alone."""
        return self.taken([i])

    def taken(self, chosen: list[int]) -> Request:
        """The same request for the chosen images."""
        index = torch.tensor(chosen, device=self.images.device)
        masks, donors = (None if item is None else item[index.to(item.device)] for item in (self.masks, self.donors))
        return replace(
            self,
            images=self.images[index],
            target=self.target.take(index),
            masks=masks,
            donors=donors,
            cache={},
            whole=self.whole or self.target,
            places=index if self.places is None else self.places[index],
        )

    def forwards(self) -> Forwards:
        """The network as it is used where no gradients are needed."""
        if "forwards" not in self.passes:
            self.passes["forwards"] = Forwards(self.model, self.images, self.memory_mb)
        return self.passes["forwards"]

    def stream(self, count: int, perturb: Perturb) -> Tensor:
        """Target values `(B, count)` of perturbed copies of the images; see `foundation.forwards.Forwards`."""
        return self.forwards().stream(self.images, self.whole or self.target, count, perturb, places=self.places)

    def values_of(self, images: Tensor) -> Tensor:
        """Target values `(B,)` of changed versions of the images, in their order."""
        return self.stream(1, lambda image, _: images[image])[:, 0]

    def values(self) -> Tensor:
        """Target values `(B,)` of the images themselves."""
        return self.shared("values", lambda: self.values_of(self.images))


class Explainer(ABC):
    """Makes saliency maps. Subclasses are frozen dataclasses whose fields are the method's parameters.

    A subclass states its facts as class attributes and writes `compute`; `explain` is the one verb for callers.
    """

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    reference: ClassVar[str] = ""
    #: One sentence: what the map shows.
    summary: ClassVar[str] = ""
    #: One sentence: when the map misleads.
    caveat: ClassVar[str] = ""
    #: Raised when the same arguments would give other values; part of provenance and cache keys.
    version: ClassVar[str] = "1"
    #: A map that explains nothing, for other methods to be compared with.
    control: ClassVar[bool] = False
    #: Made from the reference standard: never to be shown as if a network had made it.
    truth_derived: ClassVar[bool] = False
    #: Beyond images: a subset of "masks" and "donors".
    needs: ClassVar[frozenset[str]] = frozenset()
    #: False where the network is never asked; the target is then checked with one forward pass of one image.
    asks_network: ClassVar[bool] = True
    #: True where, explained together with others, it can read what they have made: the others then go first.
    later: ClassVar[bool] = False
    #: Negative values mean evidence against. (The CAM methods have it as a parameter.)
    signed: bool = False

    @abstractmethod
    def compute(self, request: Request) -> Explained:
        """The maps of a checked request; called with gradients enabled and the network in evaluation mode."""

    def bind(self, request: Request) -> Target:
        """The request's target, bound; a method may do so on the way of a pass that it makes anyway."""
        return request.target.bind(request.model, request.images)

    def explain(
        self,
        model: nn.Module,
        images: Tensor,
        target: Target,
        *,
        masks: Tensor | None = None,
        donors: Tensor | None = None,
        seed: int = 0,
    ) -> Tensor:
        """Saliency maps `(B, H, W)` of images `(B, C, H, W)`: float32, raw, without a graph.

        `masks` and `donors` are `(B, H, W)`. The map of an image depends on it and on `seed`, never on its batch.
        Raises ValueError for wrong arguments; the network is left exactly as it was found.
        """
        return self.explain_with_record(model, images, target, masks=masks, donors=donors, seed=seed).maps

    def explain_with_record(
        self,
        model: nn.Module,
        images: Tensor,
        target: Target,
        *,
        masks: Tensor | None = None,
        donors: Tensor | None = None,
        seed: int = 0,
        memory_mb: float = 1024,
    ) -> Explained:
        """As `explain`, with the provenance each image's map should carry (conservation, completeness, ...)."""
        return explain_together(
            model, images, target, {"": self}, masks=masks, donors=donors, seed=seed, memory_mb=memory_mb
        )[""]

    def run(self, request: Request) -> Explained:
        """`compute`, with its maps detached and checked: what a method built on another one calls."""
        made = self.compute(request)
        maps = made.maps.detach().to(device=request.images.device, dtype=torch.float32).contiguous()
        if maps.shape != (len(request.images), *request.images.shape[2:]):
            raise RuntimeError(f"{self.name} made maps of shape {tuple(maps.shape)}.")
        if not torch.isfinite(maps).all():
            wrong = int((~torch.isfinite(maps).flatten(1).all(1)).nonzero()[0, 0])
            raise ExplainError(f"{self.title} gave values that are not finite for image {wrong}.")
        return Explained(maps, made.record)

    def without_record(self, maps: Tensor) -> Explained:
        """Maps about whose making there is nothing to add."""
        return Explained(maps, [{} for _ in range(len(maps))])


def explain_together(
    model: nn.Module,
    images: Tensor,
    target: Target,
    methods: dict[str, Explainer],
    *,
    masks: Tensor | None = None,
    donors: Tensor | None = None,
    seed: int = 0,
    memory_mb: float = 1024,
) -> dict[str, Explained]:
    """Maps and records of several methods, the work shared; values as from one call a method."""
    check_images(images)
    if not memory_mb > 0:
        raise ExplainError(f"The memory budget must be positive, not {memory_mb} MiB.")
    for method in methods.values():
        _check_inputs(method, images, masks, donors)
    with untouched(model):
        images = images.detach().clone()
        try:
            request = Request(model, images, target, masks, donors, seed, memory_mb)
            ordered = sorted(methods.items(), key=lambda item: item[1].later)
            bound = ordered[0][1].bind(request) if ordered else target.bind(model, images)
            request = replace(request, target=bound)
            if not any(method.asks_network for method in methods.values()):
                _check_target(model, images, request.target)
            made = {label: method.run(request) for label, method in ordered}
            return {label: made[label] for label in methods}
        except RuntimeError as error:
            _blame_images(model, images, error)
            raise


def check_images(images: Tensor) -> None:
    """Raise ImageError unless these are finite floating-point images `(B, C, H, W)`, at least one."""
    if not isinstance(images, Tensor) or images.ndim != 4:
        shape = tuple(images.shape) if isinstance(images, Tensor) else type(images).__name__
        raise ImageError(f"Images must be a tensor (B, C, H, W), not {shape}.")
    if not images.is_floating_point():
        raise ImageError(f"Images must hold floating-point numbers, not {images.dtype}.")
    if images.numel() == 0:
        raise ImageError(f"There is nothing to explain in images of shape {tuple(images.shape)}.")
    finite = torch.isfinite(images).flatten(1).all(1)
    if not finite.all():
        raise ImageError(f"Image {int((~finite).nonzero()[0, 0])} holds values that are not finite.")


def _check_inputs(method: Explainer, images: Tensor, masks: Tensor | None, donors: Tensor | None) -> None:
    for name, given in (("masks", masks), ("donors", donors)):
        if name not in method.needs:
            continue
        if given is None:
            raise MissingInputError(f"{method.title} needs {name}, and none were given.")
        wanted = (len(images), *images.shape[2:])
        if given.shape != wanted:
            raise MissingInputError(f"{method.title} needs {name} of shape {wanted}, not {tuple(given.shape)}.")
        if given.is_floating_point() and not torch.isfinite(given).all():
            raise MissingInputError(f"The {name} for {method.title} hold values that are not finite.")


def _check_target(model: nn.Module, images: Tensor, target: Target) -> None:
    with torch.no_grad():
        target.take(torch.zeros(1, dtype=torch.long, device=images.device))(model(images[:1]))


def _blame_images(model: nn.Module, images: Tensor, error: RuntimeError) -> None:
    """Raise ImageError if the network alone fails on one of these images as well."""
    try:
        with torch.no_grad():
            model(images[:1])
    except RuntimeError as refusal:
        reason = " ".join(str(refusal).split())[:200]
        raise ImageError(f"The network cannot take images of shape {tuple(images.shape)}: {reason}") from error
