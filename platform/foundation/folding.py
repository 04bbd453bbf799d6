"""A faster copy of a network for forward passes, with equal values: batch norms folded, channels last."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from foundation.probing import Probe, probe

# How far the logits of the prepared copy may lie from the original's, relative to the largest logit.
EQUAL_VALUED = 2e-5


def prepared(model: nn.Module, images: Tensor, seen: Probe | None = None) -> nn.Module:
    """A copy for forward passes only, faster at equal values: conv-BN folded, channels last.

    `model` is in evaluation mode; `seen` is its probe by the first image where the caller has one. Where folding
    applies nowhere, the copy would not pay, or its logits for the first image are not those of the original within
    `EQUAL_VALUED`, the answer is `model` itself.
    """
    image = images[:1]
    seen = probe(model, image) if seen is None else seen
    if not seen.pairs:
        return model
    with torch.no_grad():
        faster = copy.deepcopy(model)
        modules = dict(faster.named_modules())
        for conv, norm in seen.pairs:
            fused = torch.nn.utils.fuse_conv_bn_eval(modules[conv], modules[norm])
            _replace(faster, conv, fused)
            _replace(faster, norm, nn.Identity())
        faster = faster.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        found = faster(image.contiguous(memory_format=torch.channels_last))
    if (found - seen.output).abs().max() > EQUAL_VALUED * seen.output.abs().max():
        return model
    return faster


def _replace(model: nn.Module, name: str, module: nn.Module) -> None:
    parent, _, child = name.rpartition(".")
    setattr(model.get_submodule(parent), child, module)
