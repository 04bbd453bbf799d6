"""What a lock certifies: the balance of the planned schedule, the sample of cases, and one hash over all of it."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from foundation.provenance import digest_of
from studies.designs import Planned
from studies.designs.certificate import Certificate, certificate
from studies.models import ProtocolVersion
from studies.protocol import Block, Protocol, schedule
from studies.protocol.cases import Cases, fitting
from studies.protocol.outcomes import CORRECT, OUTCOMES, counted
from studies.protocol.schedule import Scheduled

MOST_READERS = 60
MOST_TRIALS = 20_000
"""The balance is counted over so many readers and trials at most: it repeats long before."""
CODE = (
    "studies.protocol",
    "studies.designs",
    "studies.tasks",
    "studies.questionnaires",
    "portal.display",
    "evaluation.analyses",
    "evaluation.statistics",
)


def certificate_of(protocol: Protocol, protocol_hash: str, cases: Cases) -> dict[str, Any]:
    """Counted from the very trials that the planned readers will have, as plain data.

    `protocol` is settled; `cases` are the facts of its dataset, for what the sample holds.
    """
    slots = [schedule(protocol, protocol_hash, 0)]
    readers = min(protocol.readers.planned, MOST_READERS, max(1, MOST_TRIALS // max(1, len(slots[0]))))
    slots += [schedule(protocol, protocol_hash, slot) for slot in range(1, readers)]
    return {
        "readers": readers,
        "blocks": [_of_block(block, slots) for block in protocol.blocks],
        "samples": [
            sample
            for block in protocol.blocks
            for network in block.networks
            if (sample := _sample(block, network, cases))
        ],
    }


def sample_sentences(certificate: dict[str, Any]) -> list[str]:
    """What the networks do on the cases that are shown, and whether the sample is enriched."""
    found = []
    for sample in certificate.get("samples", ()):
        counts = ", ".join(f"{count} {name.replace('-', ' ')}" for name, count in sample["outcomes"].items())
        words = (
            f"{sample['block']}: {sample['network']} is right on {sample['right_percent']:g} % "
            f"of the {sample['cases']} cases shown ({counts})"
        )
        drawn = f"; of those that could have been drawn, on {sample['dataset_right_percent']:g} %"
        enriched = ". The sample is enriched: shares do not speak of how often the network is right in practice."
        found.append(words + drawn + (enriched if sample["is_enriched"] else "."))
    return found


def lock_hash_of(version: ProtocolVersion) -> str:
    """SHA-256 over all that a lock freezes; it differs as soon as any of it does."""
    document = version.document
    return digest_of(
        {
            "protocol": version.hash,
            "stimuli": version.stimuli_hash,
            "analysis": document.get("analysis", {}),
            "exclusions": [document.get("analysis", {}).get("exclusions", []), document.get("quality", {})],
            "certificate": version.certificate,
            "code": version.code_version,
        }
    )


def code_version() -> str:
    """A hash of the code that decides what a reader is shown and asked, and how the answers are analysed."""
    found = {}
    for package in CODE:
        spec = find_spec(package)
        for folder in (spec.submodule_search_locations or []) if spec else []:
            for file in sorted(Path(folder).rglob("*.py")):
                found[f"{package}/{file.relative_to(folder)}"] = file.read_text(encoding="utf-8")
    return digest_of(found)


def _of_block(block: Block, slots: Sequence[Sequence[Scheduled]]) -> dict[str, Any]:
    everything = [[planned for other, planned in slot if other.name == block.name] for slot in slots]
    own = [[planned for planned in trials if planned.purpose == "ordinary"] for trials in everything]
    found = certificate(own, block.cases.include, block.arms)
    return {
        "name": block.name,
        "design": block.design.name,
        "sessions": [block.sessions.start, block.sessions.stop - 1],
        "trials": found.trials,
        "inserted": _inserted(everything),
        "is_balanced": found.is_balanced,
        "by_case_and_arm": [min(found.cells.values(), default=0), max(found.cells.values(), default=0)],
        "by_reader_and_arm": list(found.by_reader),
        "longest_run": found.longest_run,
        "closest_repeat": found.closest_repeat,
        "arms": [_arm(arm, found, block.arms) for arm in block.arms],
    }


def _arm(arm: str, found: Certificate, arms: Sequence[str]) -> dict[str, Any]:
    return {
        "name": arm,
        "thirds": [found.places[arm, third] for third in range(3)],
        "first_side": found.first_side[arm],
        "followed_by": [found.followed.get((arm, other), 0) for other in arms],
    }


def _inserted(slots: Sequence[Sequence[Planned]]) -> dict[str, list[int]]:
    """Purpose to the least and most trials of a reader."""
    counts = {
        purpose: [sum(planned.purpose == purpose for planned in trials) for trials in slots]
        for purpose in ("practice", "repeat", "catch", "foil")
    }
    return {purpose: [min(found), max(found)] for purpose, found in counts.items() if max(found)}


def _sample(block: Block, network: str, cases: Cases) -> dict[str, Any]:
    """What the network did on the block's cases, and on all that might have been drawn; empty where it is not known."""
    shown = counted(block, network, block.cases.include, cases)
    there = counted(block, network, [slug for slug, case in cases.items() if fitting(block, case)], cases)
    known, all_known = (sum(found[outcome] for outcome in OUTCOMES) for found in (shown, there))
    if not known:
        return {}
    return {
        "block": block.name,
        "network": network,
        "cases": known,
        "outcomes": {outcome: shown[outcome] for outcome in OUTCOMES},
        "right_percent": round(100 * sum(shown[outcome] for outcome in CORRECT) / known, 1),
        "dataset_right_percent": round(100 * sum(there[outcome] for outcome in CORRECT) / all_known, 1),
        "is_enriched": block.cases.shares is not None or {"outcome", "confidence"} & {*block.cases.strata} != set(),
    }
