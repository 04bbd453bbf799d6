"""What a report says of blinding: whether methods are named, since when, by whom and why."""

from __future__ import annotations

from collections.abc import Iterator

from portal.accounts.models import Role
from studies.blinding.analysts import unblinding_of
from studies.models import ProtocolVersion, StudyState, Unblinding
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
