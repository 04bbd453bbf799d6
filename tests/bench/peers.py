"""Peers: what people use today, called alike, on networks and images of the bench's own.

The figures beside this module race us against these calls; `peer_rows` prints what each of them takes.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import importlib
import io
import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

SIDE, CLASSES = 224, 14
CAM_CHANNELS = {"densenet121": 1024, "resnet18": 512, "unet": 256}  # the networks, and how wide their CAM layer is
SEGMENTS = (torch.arange(SIDE)[:, None] // 32 * 7 + torch.arange(SIDE) // 32)[None, None]  # 49 squares


def importable() -> None:
    """Let the peers import: torchvision's wheel is built for another torch, and quantus calls what NumPy 2.4 removed.

    No peer calls torchvision's own operators, so that it is enough to declare them.
    """
    if not hasattr(torch.ops.torchvision, "nms"):
        for operator in ("nms", "qnms"):
            LIBRARY.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    if not hasattr(np, "trapz"):
        np.trapz = np.trapezoid  # type: ignore[attr-defined]


LIBRARY = torch.library.Library("torchvision", "FRAGMENT")  # what it declares lasts as long as it


class Volume(nn.Module):
    """A segmenter as the classifier that the peers need: the mean logit of each channel."""

    def __init__(self, segmenter: nn.Module) -> None:
        super().__init__()
        self.segmenter = segmenter

    def forward(self, images: Tensor) -> Tensor:
        return self.segmenter(images).mean((2, 3))


@dataclass(frozen=True)
class Setting:
    """What a task is given: a network, its CAM layer, images `(N, C, H, W)`, classes `(N,)` and masks."""

    model: nn.Module
    layer_name: str
    images: Tensor
    classes: Tensor
    masks: Tensor

    @property
    def layer(self) -> nn.Module:
        """The layer that CAM methods look at."""
        return self.model.get_submodule(self.layer_name)

    @cached_property
    def maps(self) -> np.ndarray:
        """Smooth positive maps `(N, 1, H, W)`, for metrics."""
        gradient = input_gradient(self.model, self.images, self.classes).abs().sum(1, keepdim=True)
        return functional.avg_pool2d(gradient, 9, 1, 4).numpy()

    def first(self, n: int) -> Setting:
        """The same with the first `n` images, and a network of its own: some peers leave theirs changed."""
        return dataclasses.replace(
            self,
            model=copy.deepcopy(self.model),
            images=self.images[:n],
            classes=self.classes[:n],
            masks=self.masks[:n],
        )


def images(n: int, *, side: int = SIDE, channels: int = 1, seed: int = 1) -> tuple[Tensor, Tensor]:
    """Smooth noise with a bright disc, `(n, channels, side, side)`, and the discs' masks `(n, 1, side, side)`."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.randn(n, channels, 14, 14, generator=generator)
    ground = functional.interpolate(coarse, (side, side), mode="bilinear", align_corners=False)
    ground = ground + 0.3 * torch.randn(ground.shape, generator=generator)
    y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    centres = (torch.rand(2, n, 1, 1, generator=generator) * 0.6 + 0.2) * side
    masks = (((x - centres[0]) ** 2 + (y - centres[1]) ** 2) < (side / 9) ** 2)[:, None]
    return ground + 1.5 * masks, masks


def network(name: str, *, channels: int = 1, seed: int = 0) -> tuple[nn.Module, str]:
    """A MONAI network with random weights and calibrated batch norms, and the name of its CAM layer."""
    from monai.networks.nets.basic_unet import BasicUNet
    from monai.networks.nets.densenet import DenseNet121
    from monai.networks.nets.resnet import resnet18

    torch.manual_seed(seed)
    model: nn.Module
    if name == "densenet121":
        model, layer = DenseNet121(spatial_dims=2, in_channels=channels, out_channels=CLASSES), "features"
    elif name == "resnet18":
        model = resnet18(spatial_dims=2, n_input_channels=channels, num_classes=CLASSES, conv1_t_stride=2)
        layer = "layer4.1"
    elif name == "unet":
        features = (32, 32, 64, 128, 256, 32)
        model = Volume(BasicUNet(spatial_dims=2, in_channels=channels, out_channels=2, features=features))
        layer = "segmenter.down_4"
    else:
        raise ValueError(f"There is no network {name!r} here; there are {', '.join(CAM_CHANNELS)}.")
    return calibrated(model, channels), layer


def calibrated(model: nn.Module, channels: int) -> nn.Module:
    """Statistics for the batch norms of random weights, without which activations vanish."""
    for module in model.train().modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None
    with torch.no_grad():
        for seed in range(3):
            model(images(8, channels=channels, seed=100 + seed)[0])
    return model.eval()


def setting(name: str, n: int = 16, *, channels: int = 1) -> Setting:
    """A network by name with `n` images of 224 x 224."""
    model, layer = network(name, channels=channels)
    inputs, masks = images(n, channels=channels)
    outputs = 2 if name == "unet" else CLASSES
    classes = torch.randint(0, outputs, (n,), generator=torch.Generator().manual_seed(2))
    return Setting(model, layer, inputs, classes, masks)


def forward(model: nn.Module, inputs: Tensor) -> Tensor:
    """One bare forward pass."""
    with torch.inference_mode():
        return model(inputs)


def input_gradient(model: nn.Module, inputs: Tensor, classes: Tensor) -> Tensor:
    """One forward pass and the gradient of the classes' logits by the images, without the weights' gradients."""
    needed = [(parameter, parameter.requires_grad) for parameter in model.parameters()]
    leaf = inputs.detach().clone().requires_grad_(True)
    try:
        for parameter, _ in needed:
            parameter.requires_grad_(False)
        return torch.autograd.grad(model(leaf).gather(1, classes[:, None]).sum(), leaf)[0]
    finally:
        for parameter, need in needed:
            parameter.requires_grad_(need)


def grad_cam(name: str, given: Setting, *, batch: int = 32) -> np.ndarray:
    """Maps `(N, H, W)` by a class of pytorch_grad_cam, for example `ScoreCAM`; it scales each into [0, 1]."""
    importable()
    library = importlib.import_module("pytorch_grad_cam")
    target = importlib.import_module("pytorch_grad_cam.utils.model_targets").ClassifierOutputTarget
    with (
        contextlib.redirect_stderr(io.StringIO()),  # its progress bars
        getattr(library, name)(model=given.model, target_layers=[given.layer]) as cam,
    ):
        cam.batch_size = batch
        return cam(input_tensor=given.images, targets=[target(int(c)) for c in given.classes])


def captum(name: str, given: Setting, *, layer: bool = False, **options: Any) -> Tensor:
    """Attributions `(N, C, H, W)` by a class of captum."""
    import captum.attr

    made = getattr(captum.attr, name)(given.model, *([given.layer] if layer else []))
    return made.attribute(given.images, target=given.classes, **options).detach()


def _explain(model: nn.Module, inputs: np.ndarray, targets: np.ndarray, **_: Any) -> np.ndarray:
    return input_gradient(model, torch.as_tensor(inputs).float(), torch.as_tensor(targets).long()).numpy()


def quantus(
    name: str, given: Setting, *, explains: bool = False, maps: np.ndarray | None = None, **options: Any
) -> np.ndarray:
    """Scores by a class of quantus, of the given maps or of the setting's own.

    With `explains` the metric makes its maps itself by input gradients.
    """
    importable()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        library = importlib.import_module("quantus")
        np.random.seed(0)  # the only seed that it knows
        metric = getattr(library, name)(disable_warnings=True, display_progressbar=False, **options)
        inputs, classes = given.images.numpy().copy(), given.classes.numpy()
        if explains:
            maps = _explain(given.model, inputs, classes)
        found = metric(
            model=given.model,
            x_batch=inputs,
            y_batch=classes,
            a_batch=(given.maps if maps is None else maps).copy(),
            s_batch=given.masks.numpy(),
            device="cpu",
            batch_size=64,
            **({"explain_func": _explain} if explains else {}),
        )
    return np.asarray(list(found.values()) if isinstance(found, dict) else found)


def shap_partition(given: Setting, *, evaluations: int = 200, batch: int = 16) -> np.ndarray:
    """PartitionExplainer's values `(N, H, W, C)` over a zero baseline."""
    import shap

    def model(inputs: np.ndarray) -> np.ndarray:
        return forward(given.model, torch.from_numpy(inputs.transpose(0, 3, 1, 2).astype(np.float32))).numpy()

    shape = (*given.images.shape[2:], given.images.shape[1])
    explainer = shap.PartitionExplainer(model, shap.maskers.Image(np.zeros(shape, np.float32), shape))
    inputs = given.images.numpy().transpose(0, 2, 3, 1)
    options = {"max_evals": evaluations, "batch_size": batch, "silent": True}
    return np.stack(
        [
            explainer(inputs[i : i + 1], outputs=[int(c)], **options).values[0, ..., 0]
            for i, c in enumerate(given.classes)
        ]
    )


def monai(name: str, given: Setting) -> np.ndarray:
    """Maps by a CAM class of MONAI, image by image."""
    import monai.visualize

    cam = getattr(monai.visualize, name)(given.model, target_layers=given.layer_name)
    pairs = zip(given.images, given.classes, strict=True)
    return np.stack([np.asarray(cam(x=image[None], class_idx=int(c)))[0] for image, c in pairs])
