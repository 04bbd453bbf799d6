"""What a report says of blinding: whether methods are named, since when, by whom and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

import numpy as np

from portal.accounts.models import Role
from portal.storage import get_array
from studies.blinding.analysts import network_codes, unblinding_of
from studies.blinding.leak import Leak, leak
from studies.models import ProtocolVersion, Stimulus, StudyState, Unblinding
from studies.reporting import blocks
from studies.reporting.blocks import Block

BLINDED = (
    "Analysts are still blinded: methods are called by their arms' letters, networks by numbers, and controls are not "
    "told from explanations. Automatic metrics stand under the letters too; an odd control may be known by them."
)
ROLES = {Role.RESEARCHER.value: "a researcher", Role.ADMINISTRATOR.value: "an administrator"}


def blinding_blocks(version: ProtocolVersion) -> Iterator[Block]:
    """The section on blinding."""
    act = unblinding_of(version.study)
    if act is None:
        yield blocks.text(BLINDED, "warning")
        return
    yield blocks.text(told(act))
    if act.study_state != StudyState.CLOSED:
        yield blocks.text("The methods were told before the study was closed, while readers could answer.", "warning")


def leaks_of(version: ProtocolVersion) -> dict[str, Leak]:
    """How well looks give arms away, by network; networks go by their first letter while analysts are blinded.

    Every map of the version that any reader may be shown counts, catch trials and foils as well.
    """
    named = unblinding_of(version.study) is not None
    stimuli = Stimulus.objects.filter(version=version).exclude(display="").select_related("arm__network", "case")
    groups: dict[str, list[Stimulus]] = defaultdict(list)
    for stimulus in stimuli.order_by("arm__code", "case__slug"):
        groups[stimulus.arm.network.slug if stimulus.arm.network else ""].append(stimulus)
    codes = network_codes(version)
    found = {}
    for slug, shown in groups.items():
        maps = [np.asarray(get_array(each.display)) for each in shown]
        arms = [each.arm.label if named else f"arm {each.arm.code}" for each in shown]
        result = leak(maps, arms, [each.case.slug for each in shown], seed=int(version.document["seed"]) % 2**32)
        if result is not None:
            found[slug if named else codes[slug]] = result
    return found


def leak_blocks(found: Mapping[str, Leak], mode: str) -> Iterator[Block]:
    """What the classifier could tell, with chance beside it, and which arms it took for which."""
    yield blocks.heading("Does the look of a map tell its method?")
    if not found:
        yield blocks.text("There are too few maps or arms to say whether looks tell them apart.", "quiet")
        return
    yield blocks.text(
        f"Maps were shown in the presentation “{mode}”. A classifier (linear discriminants of compressed size, "
        "texture, edges, entropy and area of the shown bytes) guesses each map's arm from maps of other cases."
    )
    for name, each in found.items():
        yield blocks.text(f"[{name}] {each.sentence}", "warning" if each.low > each.chance else "")
        yield blocks.table(f"Maps of {name}: arms (rows) and what they were taken for", each.confusion)


def told(act: Unblinding) -> str:
    """The unblinding in one sentence: who by role, when, why; names stand in the audit trail."""
    when = f"{act.confirmed_at:%d %B %Y, %H:%M} UTC"
    if act.rule == "on-closing":
        return f"Analysts were told the methods when the study was closed ({when}), as the protocol states."
    asked = ROLES.get(act.asked_role, "somebody")
    if act.rule == "one-person":
        return (
            f"Analysts were told the methods on {when} by {asked} alone, as the protocol states. Reason: {act.reason}"
        )
    second = ROLES.get(act.confirmed_role, "somebody")
    return (
        f"Analysts were told the methods on {when}: {asked} asked for it and {second}, another person, confirmed it. "
        f"Reason: {act.reason}"
    )
