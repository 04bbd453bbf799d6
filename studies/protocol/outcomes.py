"""What the model did on a case: true or false, positive or negative, how sure it was, how large the finding is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from studies.protocol.schema import Block, Shares
from studies.protocol.world import CaseFacts

Outcome = Literal["true-positive", "false-positive", "true-negative", "false-negative", "unknown"]
OUTCOMES: tuple[Outcome, ...] = ("true-positive", "false-positive", "true-negative", "false-negative")
CORRECT: frozenset[Outcome] = frozenset({"true-positive", "true-negative"})
WRONG: frozenset[Outcome] = frozenset({"false-positive", "false-negative"})
SURE, VERY_SURE = 0.7, 0.9


def outcome_of(case: CaseFacts, finding: str, network: str) -> Outcome:
    """How the network's call compares with the reference standard; unknown where either is missing."""
    label, call = case.labels.get(finding), case.calls.get(network)
    if label is None or call is None:
        return "unknown"
    if call.advice:
        return "true-positive" if label else "false-positive"
    return "false-negative" if label else "true-negative"


def confidence_of(case: CaseFacts, network: str) -> str:
    """The band of the probability of what the network called: low below 0.7, high from 0.9."""
    call = case.calls.get(network)
    if call is None:
        return "unknown"
    probability = call.probability if call.advice else 1 - call.probability
    return "low" if probability < SURE else "middle" if probability < VERY_SURE else "high"


def size_bounds(finding: str, cases: Iterable[CaseFacts]) -> tuple[float, float]:
    """The thirds of the sizes of all findings there are, in pixels."""
    sizes = sorted(size for case in cases if (size := case.sizes.get(finding, 0)))
    if not sizes:
        return 0.0, 0.0
    return sizes[(len(sizes) - 1) // 3], sizes[2 * (len(sizes) - 1) // 3]


def size_of(case: CaseFacts, finding: str, bounds: tuple[float, float]) -> str:
    """Small, middle or large among the findings of the dataset; none without a region."""
    size = case.sizes.get(finding, 0)
    if not size:
        return "none"
    return "small" if size <= bounds[0] else "middle" if size <= bounds[1] else "large"


def stratum(block: Block, case: CaseFacts, bounds: tuple[float, float]) -> tuple[str, ...]:
    """Which pile a case is drawn from; with several networks what each of them did counts."""
    facts = {
        **case.attributes,
        "reference": case.labels.get(block.finding),
        "outcome": "/".join(outcome_of(case, block.finding, network) for network in block.networks),
        "confidence": "/".join(confidence_of(case, network) for network in block.networks),
        "size": size_of(case, block.finding, bounds),
    }
    return tuple(str(facts.get(name)) for name in block.cases.strata)


def quotas(shares: Shares, count: int) -> list[tuple[frozenset[Outcome], int]]:
    """How many cases of which outcomes; those not named make up the rest. The nearest whole numbers."""
    if shares.correct is not None:
        right = int(count * shares.correct / 100 + 0.5)
        return [(CORRECT, right), (WRONG, count - right)]
    named = {outcome: share for outcome in OUTCOMES if (share := _share(shares, outcome)) is not None}
    found: list[tuple[frozenset[Outcome], int]] = []
    total, so_far = 0.0, 0
    for outcome, share in named.items():
        total += share
        upto = int(count * total / 100 + 0.5)
        found.append((frozenset({outcome}), upto - so_far))
        so_far = upto
    rest = frozenset(OUTCOMES) - set(named)
    return [*found, (rest, count - so_far)] if rest and count > so_far else found


def named_shares(shares: Shares) -> dict[Outcome, float]:
    """The outcomes with a share of their own."""
    return {outcome: share for outcome in OUTCOMES if (share := _share(shares, outcome)) is not None}


def counted(block: Block, network: str, cases: Iterable[str], known: Mapping[str, CaseFacts]) -> dict[Outcome, int]:
    """How many of these cases have each outcome; those that are none of the dataset's are left out."""
    found: dict[Outcome, int] = dict.fromkeys((*OUTCOMES, "unknown"), 0)
    for slug in cases:
        if slug in known:
            found[outcome_of(known[slug], block.finding, network)] += 1
    return found


def _share(shares: Shares, outcome: Outcome) -> float | None:
    value: float | None = getattr(shares, outcome.replace("-", "_"))
    return value
