"""What the readers of a version are shown: its arms under codes drawn by lot, and the bytes of every map."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from foundation.provenance import digest_of
from portal import display
from portal.catalog.models import Image
from portal.explanations.models import Explanation
from portal.jobs.registry import Progress
from portal.networks.models import Network
from portal.storage import get_array, put_array
from studies.models import Arm, ArmKind, ProtocolVersion, Stimulus
from studies.protocol import UNAIDED, WITHOUT_MAP, Protocol
from studies.protocol.schema import Presentation
from studies.services import prepare_alterations  # noqa: F401  registers what it prepares
from studies.services.preparation import facts_for, shown_in

Key = tuple[str, str]
"""A network's slug (empty for the image alone) and a method as protocols name it."""
WITHOUT_LABEL = {WITHOUT_MAP: ArmKind.AI, UNAIDED: ArmKind.UNAIDED}
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Prepared:
    """One case in one arm, ready to be stored."""

    key: Key
    image: Image
    explanation: Explanation | None
    display: str
    record: dict[str, Any]
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By block: what its task needs to know of this case in this arm."""


def prepare_stimuli(protocol: Protocol, progress: Progress | None = None) -> list[Prepared]:
    """Make and store the displayed bytes of every (arm, case) that a settled protocol needs; safe to do again."""
    images = {
        image.case.slug: image
        for image in Image.objects.filter(case__dataset__slug=protocol.dataset, index=0).select_related("case")
    }
    wanted = sorted(set(_wanted(protocol)))
    maps = _maps(protocol, {network for (network, _), _ in wanted})
    prepared = []
    for number, (key, case) in enumerate(wanted, start=1):
        each = _prepared(key, images[case], maps.get((*key, case)), protocol.presentation)
        prepared.append(replace(each, facts=facts_for(protocol, key, each.image, each.explanation)))
        if progress:
            progress(number, len(wanted), case)
    return prepared


def store_stimuli(version: ProtocolVersion, prepared: list[Prepared]) -> str:
    """Store the arms and stimuli of a version; the hash over all stimuli."""
    arms = _store_arms(version, prepared)
    stimuli = [
        Stimulus(
            version=version,
            arm=arms[each.key],
            case=each.image.case,
            explanation=each.explanation,
            display=each.display,
            display_record=each.record,
            prepared=each.facts,
        )
        for each in prepared
    ]
    for stimulus in stimuli:
        stimulus.full_clean(validate_unique=False)
    Stimulus.objects.bulk_create(stimuli)
    return digest_of([_facts(each) for each in prepared])


def _wanted(protocol: Protocol) -> Iterator[tuple[Key, str]]:
    for block in protocol.blocks:
        for arm, case in shown_in(block):
            network, label = arm.split("/", 1)
            yield (network, label), case


def _maps(protocol: Protocol, networks: set[str]) -> dict[tuple[str, str, str], Explanation]:
    """The newest map of each network's present weights, by network, label and case."""
    found: dict[tuple[str, str, str], Explanation] = {}
    for network in Network.objects.filter(slug__in=networks):
        maps = Explanation.objects.filter(
            network=network,
            image__index=0,
            image__case__dataset__slug=protocol.dataset,
            provenance__weights_sha256=network.weights_sha256,
        )
        for explanation in maps.select_related("image__case").order_by("id"):
            found[network.slug, explanation.label, explanation.image.case.slug] = explanation
    return found


def _prepared(key: Key, image: Image, explanation: Explanation | None, presentation: Presentation) -> Prepared:
    if explanation is None:
        return Prepared(key, image, None, "", {})
    make: Callable[..., display.Stimulus] = display.native if presentation.mode == "native" else display.harmonised
    shown = make(get_array(explanation.array), rows=image.rows, columns=image.columns, sign=presentation.sign)
    return Prepared(key, image, explanation, put_array(shown.array), shown.record)


def _store_arms(version: ProtocolVersion, prepared: list[Prepared]) -> dict[Key, Arm]:
    keys = sorted({each.key for each in prepared})
    controls = {each.key for each in prepared if each.explanation and each.explanation.is_control}
    networks = Network.objects.in_bulk([network for network, _ in keys if network], field_name="slug")
    codes = _codes(len(keys))
    # By lot, not by the seed: whoever reads the protocol could work out codes that follow from it.
    secrets.SystemRandom().shuffle(codes)
    arms: dict[Key, Arm] = {}
    for code, key in zip(codes, keys, strict=True):
        network, label = key
        arm = Arm(
            version=version,
            code=code,
            kind=WITHOUT_LABEL.get(label, ArmKind.EXPLAINED),
            network=networks[network] if network else None,
            label="" if label in WITHOUT_LABEL else label,
            is_control=key in controls,
        )
        arm.full_clean()
        arm.save()
        arms[key] = arm
    return arms


def _codes(count: int) -> list[str]:
    """A to Z, then AA, AB...: as many as there are arms."""
    codes = list(LETTERS)
    while len(codes) < count:
        codes += [first + second for first in codes[-26:] for second in LETTERS]
    return codes[:count]


def _facts(each: Prepared) -> list[Any]:
    said = [
        *each.key,
        each.image.case.slug,
        each.image.array,
        each.explanation.key if each.explanation else "",
        each.display,
    ]
    return [*said, each.facts] if each.facts else said
