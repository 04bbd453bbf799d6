"""What a network says of an image, stored beside its maps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from foundation.regions import predicted
from portal.catalog.models import Image
from portal.catalog.selectors import reference_mask
from portal.explanations.models import Prediction
from portal.networks.models import Network, NetworkTask
from portal.networks.work import on_image_grid
from portal.storage import put_array


def predict(network: Network, image: Image, output: Tensor) -> Prediction:
    """Store the prediction of the raw output `(1, K)` or `(1, K, H, W)`, once for these weights."""
    found = Prediction.objects.filter(network=network, image=image, weights_sha256=network.weights_sha256).first()
    if found is not None:
        return found
    classifies = network.task == NetworkTask.CLASSIFICATION
    said = _classified(output, network.target_class) if classifies else _segmented(output, network.target_class, image)
    prediction, _ = Prediction.objects.get_or_create(
        network=network, image=image, weights_sha256=network.weights_sha256, defaults=said
    )
    return prediction


def said_of(network: Network, output: Tensor) -> tuple[int, float]:
    """The call and the probability in a raw output `(1, K)` or `(1, K, H, W)`, nothing stored."""
    if network.task == NetworkTask.CLASSIFICATION:
        said = _classified(output, network.target_class)
        return said["predicted"], said["probability"]
    channel = network.target_class
    probability = output.sigmoid() if output.shape[1] == 1 else output.softmax(1)
    return int(predicted(output.float(), channel).any()), float(probability[0, channel].max())


def dice(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float | None:
    """Overlap of two masks, 0 to 1; None where both are empty."""
    total = int(first.sum()) + int(second.sum())
    return 2 * int((first & second).sum()) / total if total else None


def _classified(output: Tensor, target: int) -> dict[str, Any]:
    logits = output[0].float()
    if len(logits) == 1:
        return {
            "predicted": int(logits[0] > 0),
            "probability": float(logits[0].sigmoid()),
            "outputs": logits.tolist(),
        }
    return {
        "predicted": int(logits.argmax()),
        "probability": float(logits.softmax(0)[target]),
        "outputs": logits.tolist(),
    }


def _segmented(output: Tensor, channel: int, image: Image) -> dict[str, Any]:
    """The mask on the image's own pixels, from logits resampled bilinearly."""
    probability = output.sigmoid() if output.shape[1] == 1 else output.softmax(1)
    mask = predicted(on_image_grid(output.float(), image), channel)[0].cpu().numpy()
    truth = reference_mask(image)
    return {
        "predicted": int(mask.any()),
        "probability": float(probability[0, channel].max()),
        "mask": put_array(mask),
        "dice": dice(mask, truth) if truth is not None and truth.any() else None,
    }
