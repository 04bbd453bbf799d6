"""The remaining methods, each against an independent derivation or another library."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from captum.attr import IntegratedGradients, Occlusion, Saliency
from scipy import ndimage
from torch import Tensor, nn
from torch.nn.functional import interpolate

from explainers import explain_all
from explainers.layers import default_layer
from explainers.methods import registry
from explainers.methods.randomised_model import randomised
from foundation.targets import ClassTarget, RegionTarget
from tests.explainers.networks import build, picture


def activation_and_gradient(model: nn.Module, images: Tensor, index: int) -> tuple[Tensor, Tensor]:
    """By autograd through hooks of the test's own."""
    kept: list[Tensor] = []
    layer = model.get_submodule(default_layer(model, images))
    handle = layer.register_forward_hook(lambda module, arguments, output: kept.append(output))
    output = model(images)[:, index].sum()
    handle.remove()
    return kept[-1].detach(), torch.autograd.grad(output, kept[-1])[0]


def upsample(maps: Tensor) -> Tensor:
    return interpolate(maps[:, None], size=(32, 32), mode="bilinear", align_corners=False)[:, 0]


def test_grad_cam_plus_plus_equals_the_published_formula() -> None:
    # Oracle: Chattopadhay et al. 2018, eq. 19, written out in double precision by channel.
    model, images = build("resnet"), picture(2)
    activation, gradient = (item.double() for item in activation_and_gradient(model, images, 1))
    wanted = torch.zeros(2, *activation.shape[2:], dtype=torch.float64)
    for i in range(2):
        for channel in range(activation.shape[1]):
            a, g = activation[i, channel], gradient[i, channel]
            alpha = torch.where(g != 0, g**2 / (2 * g**2 + a.sum() * g**3), 0)
            wanted[i] += (alpha * g.clamp(min=0)).sum() * a
    found = registry.build("grad-cam++").explain(model, images, ClassTarget(1))
    torch.testing.assert_close(found, upsample(wanted.clamp(min=0).float()), rtol=1e-4, atol=1e-7)


def test_score_cam_equals_a_loop_over_channels() -> None:
    # Oracle: Wang et al. 2020, algorithm 1, one channel at a time.
    model, images = build("resnet"), picture(2)
    activation, _ = activation_and_gradient(model, images, 1)
    wanted = []
    for i in range(2):
        scores = []
        for channel in range(activation.shape[1]):
            mask = upsample(activation[i : i + 1, channel])[0]
            span = mask.max() - mask.min()
            mask = (mask - mask.min()) / (span if span > 0 else 1)
            with torch.no_grad():
                scores.append(model(images[i : i + 1] * mask)[0, 1])
        weights = torch.softmax(torch.stack(scores), 0)
        wanted.append((weights[:, None, None] * activation[i]).sum(0).clamp(min=0))
    found = registry.build("score-cam").explain(model, images, ClassTarget(1))
    torch.testing.assert_close(found, upsample(torch.stack(wanted)), rtol=1e-4, atol=1e-6)


def test_score_cam_of_a_region_does_not_depend_on_sum_or_mean() -> None:
    model, images = build("unet"), picture(1)
    mask = torch.zeros((1, 32, 32), dtype=torch.bool)
    mask[:, 5:25, 5:25] = True
    score_cam = registry.build("score-cam")
    total, mean = (score_cam.explain(model, images, RegionTarget(1, mask, reduce)) for reduce in ("sum", "mean"))  # type: ignore[arg-type]
    torch.testing.assert_close(total, mean)


def test_saliency_equals_captum() -> None:
    model, images = build("densenet", 3), picture(2, 3)
    wanted = Saliency(model).attribute(images.clone().requires_grad_(), target=1).amax(1)
    torch.testing.assert_close(registry.build("saliency").explain(model, images, ClassTarget(1)), wanted)


@pytest.mark.parametrize("window, stride", [(8, 4), (9, 5), (7, 7)])
def test_occlusion_equals_captum(window: int, stride: int) -> None:
    model, images = build("resnet"), picture(2)
    wanted = Occlusion(model).attribute(images, (1, window, window), strides=(1, stride, stride), target=1)[:, 0]
    found = registry.build("occlusion", {"window": window, "stride": stride}).explain(model, images, ClassTarget(1))
    torch.testing.assert_close(found, wanted.detach(), rtol=1e-3, atol=1e-4 * float(wanted.detach().abs().max()))


def test_integrated_gradients_equal_captum() -> None:
    model, images = build("resnet"), picture(2)
    wanted = IntegratedGradients(model).attribute(images, target=1, n_steps=20).sum(1).detach().float()
    method = registry.build("integrated-gradients", {"steps": 20, "most_steps": 20})
    found = method.explain(model, images, ClassTarget(1))
    torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-4 * float(wanted.abs().max()))


def test_integrated_gradients_take_more_steps_until_they_are_complete() -> None:
    model, images = build("densenet"), picture(2)
    coarse = registry.build("integrated-gradients", {"steps": 1, "most_steps": 1})
    fine = registry.build("integrated-gradients", {"steps": 1, "most_steps": 256, "tolerance": 0.005})
    first, second = (method.explain_with_record(model, images, ClassTarget(0)) for method in (coarse, fine))
    for rough, good, found in zip(first.record, second.record, second.maps, strict=True):
        assert good["steps"] > rough["steps"] or rough["completeness_gap"] <= 0.005
        assert good["completeness_gap"] <= 0.005 or good["steps"] == 256
        gap = abs(float(found.sum()) - good["difference"]) / abs(good["difference"])
        assert gap == pytest.approx(good["completeness_gap"], abs=1e-4)


def test_the_edge_map_equals_scipy() -> None:
    images = picture(1)
    grey = images[0, 0].double().numpy()
    wanted = (ndimage.sobel(grey, 0, mode="nearest") ** 2 + ndimage.sobel(grey, 1, mode="nearest") ** 2) ** 0.5 / 8
    found = registry.build("edge-map").explain(build("plain"), images, ClassTarget(0))[0]
    torch.testing.assert_close(found, torch.from_numpy(wanted).float())


def test_the_random_map_is_smooth_and_depends_on_the_seed_alone() -> None:
    random = registry.build("random-map")
    first = random.explain(build("plain"), picture(2), ClassTarget(0), seed=1)
    other = random.explain(build("resnet"), 1 - picture(2), ClassTarget(1), seed=1)
    assert torch.equal(first, other)
    assert torch.equal(first[0], first[1])
    assert not torch.equal(first, random.explain(build("plain"), picture(2), ClassTarget(0), seed=2))
    steps = (first[0, 1:] - first[0, :-1]).abs().mean()
    assert steps < 0.5 * first[0].std()  # white noise has 1.13


def test_the_centre_map_has_its_peak_in_the_middle() -> None:
    found = registry.build("centre-map").explain(build("plain"), picture(1), ClassTarget(0))[0]
    assert torch.equal(found, found.flip(0))
    assert torch.equal(found, found.T)
    assert float(found.max()) == float(found[15, 15])


def test_truth_and_donors_are_handed_on() -> None:
    mask = torch.zeros((2, 32, 32), dtype=torch.bool)
    mask[1, 3:5, 6:9] = True
    truth = registry["ground-truth-mask"]
    assert truth.truth_derived
    assert torch.equal(truth().explain(build("plain"), picture(2), ClassTarget(0), masks=mask), mask.float())
    donors = torch.rand(2, 32, 32)
    shuffled = registry.build("shuffled-map").explain(build("plain"), picture(2), ClassTarget(0), donors=donors)
    assert torch.equal(shuffled, donors)


def test_the_randomised_model_changes_every_parameter_and_only_in_the_copy() -> None:
    model = build("unet")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    copy = randomised(model, seed=0)
    for (name, old), new in zip(model.named_parameters(), copy.parameters(), strict=True):
        assert not torch.equal(old, new), name
        assert torch.equal(old, before[name])


@pytest.mark.parametrize("network", ["resnet", "densenet", "plain"])
def test_a_randomised_model_never_gives_itself_away_by_an_empty_map(network: str) -> None:
    for seed in range(6):
        found = registry.build("randomised-model").explain(build(network), picture(3), ClassTarget(1), seed=seed)
        assert (found.flatten(1).amax(1) > 0).all()


def test_derived_controls_take_their_sign_from_the_method_and_refuse_controls() -> None:
    assert registry.build("inverted-map", {"of": "lrp"}).signed
    assert not registry.build("randomised-model").signed
    with pytest.raises(ValueError, match="a control itself"):
        registry.build("inverted-map", {"of": "random-map"})
    with pytest.raises(ValueError, match="Did you mean grad-cam"):
        registry.build("inverted-map", {"of": "gradcam"})


def test_an_inverted_map_reverses_the_order() -> None:
    model, images = build("resnet"), picture(1)
    usual = registry.build("grad-cam").explain(model, images, ClassTarget(1))[0]
    inverted = registry.build("inverted-map").explain(model, images, ClassTarget(1))[0]
    torch.testing.assert_close(inverted, usual.max() + usual.min() - usual)


def test_a_wrong_class_map_is_the_map_of_the_highest_other_class() -> None:
    model, images = build("resnet"), picture(3)
    with torch.no_grad():
        logits = model(images)
    logits[:, 1] = float("-inf")
    wanted = registry.build("grad-cam").explain(model, images, ClassTarget(logits.argmax(1)))
    torch.testing.assert_close(registry.build("wrong-class-map").explain(model, images, ClassTarget(1)), wanted)
    segmenter, mask = build("unet"), torch.ones((3, 32, 32), dtype=torch.bool)
    wanted = registry.build("grad-cam").explain(segmenter, images, RegionTarget(0, mask))
    found = registry.build("wrong-class-map").explain(segmenter, images, RegionTarget(1, mask))
    torch.testing.assert_close(found, wanted)
    one = nn.Sequential(nn.Conv2d(1, 1, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    with pytest.raises(ValueError, match="single output"):
        registry.build("wrong-class-map").explain(one, images, ClassTarget(0))


def test_a_plan_gives_equal_values_with_one_pass_for_the_cam_family() -> None:
    model, images, target = build("resnet"), picture(3), ClassTarget(torch.tensor([0, 1, 2]))
    plan = {name: registry.build(name) for name in ("grad-cam", "grad-cam++", "saliency", "input-x-gradient", "lrp")}
    plan["signed"] = registry.build("grad-cam", {"signed": True})
    together = explain_all(model, images, target, plan)
    for label, method in plan.items():
        torch.testing.assert_close(together[label], method.explain(model, images, target), rtol=1e-5, atol=1e-8)
    seen: list[int] = []
    handle = model.register_forward_hook(lambda module, arguments, output: seen.append(len(arguments[0])))
    explain_all(model, images, target, {name: plan[name] for name in ("grad-cam", "grad-cam++", "signed")})
    handle.remove()
    assert sum(size for size in seen if size > 1) == 3


def test_naming_the_package_does_not_load_the_heavy_libraries() -> None:
    code = (
        "import sys; sys.path[:0] = ['.', 'platform']; import explainers; assert 'torch' not in sys.modules;"
        "from explainers.methods import registry; assert len(registry) > 15;"
        "heavy = {'shap', 'captum', 'skimage', 'monai', 'django'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
