"""Balanced incomplete blocks: more arms than a case or a reader can carry, every pair of arms met equally often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations
from typing import Literal

from foundation.seeds import derive
from studies.designs import registry
from studies.designs.base import Design, DesignError, Limits, Planned
from studies.designs.feasible import require_apart
from studies.designs.order import in_order, shuffled
from studies.designs.rounds import limits_of

MOST_BLOCKS = 1000
MOST_BASES = 5000
Block = tuple[int, ...]


@registry.register
@dataclass(frozen=True)
class BalancedIncompleteBlocks(Design):
    """A block is `size` arms: those in which a reader sees one case, or those that a reader sees at all."""

    name = "balanced-incomplete-blocks"
    title = "Balanced incomplete blocks"
    reference = "Yates 1936, Incomplete randomized blocks, Ann Eugen 7:121; Bose 1939 (difference families)"
    summary = "Each block holds some of the arms; over a lap of readers every pair of arms shares as many blocks."

    size: int = field(default=2, metadata={"help": "How many arms a block holds."})
    of: Literal["case", "reader"] = field(
        default="case",
        metadata={"help": "A block's arms: of a case with a reader (ratings), or of a reader, each case once."},
    )
    longest_run: int = field(default=2, metadata={"help": "At most so many trials of an arm in a row."})
    apart: int | None = field(default=None, metadata={"help": "At least so many trials until a case comes again."})

    def __post_init__(self) -> None:
        if self.size < 2 or self.longest_run < 1 or (self.apart is not None and self.apart < 1):
            raise DesignError("A block holds at least 2 arms; longest_run and apart are at least 1.")

    def check(self, cases: Sequence[str], arms: Sequence[str]) -> None:
        """A block is smaller than all arms; there are blocks that are balanced; every slot keeps its limits."""
        super().check(cases, arms)
        if not self.size < len(arms):
            raise DesignError(
                f"Blocks of {self.size} need more arms than that; there are {len(arms)}: use a crossed design."
            )
        blocks_of(len(arms), self.size)
        if self.of == "case":
            require_apart(len(cases), self.size, self.limits(len(cases), len(arms)).apart)

    def limits(self, cases: int, arms: int) -> Limits:
        """As the parameters say."""
        return limits_of(self.longest_run, self.apart, cases)

    def repeats_cases(self, arms: int) -> bool:
        """Where a block is of a case."""
        return self.of == "case"

    def draw(
        self, cases: tuple[str, ...], arms: tuple[str, ...], slot: int, seed: int, again: int
    ) -> tuple[Planned, ...]:
        """Rounds, each case in another arm of its block; or one round in the arms of the reader's block."""
        rows, columns = shuffled(cases, seed, "cases"), shuffled(arms, seed, "arms")
        blocks = blocks_of(len(arms), self.size)
        if self.of == "case":
            numbers = _turned([blocks[(index + slot) % len(blocks)] for index in range(len(rows))])
        else:
            own, turn = blocks[slot % len(blocks)], slot // len(blocks)
            numbers = [[own[(index + turn) % self.size] for index in range(len(rows))]]
        rounds = [
            [Planned(case, (columns[arm],)) for case, arm in zip(rows, numbered, strict=True)] for numbered in numbers
        ]
        return in_order(rounds, self.limits(len(cases), len(arms)), derive(seed, "order", slot, again))

    def period(self, arms: int) -> int:
        """As many slots as blocks; for blocks of readers, each block in as many turns as it has arms."""
        if not self.size < arms:
            return 1
        return len(blocks_of(arms, self.size)) * (1 if self.of == "case" else self.size)

    def length(self, cases: int, arms: int) -> int:
        """Each case as often as a block has arms, or once."""
        return cases * (self.size if self.of == "case" else 1)


@lru_cache(maxsize=64)
def blocks_of(arms: int, size: int) -> tuple[Block, ...]:
    """Blocks of arms 0 to arms - 1 in which each arm, and each pair of arms, comes equally often.

    From one or two base blocks whose differences come equally often (shifted around the circle of arms), or else all
    blocks there are. DesignError where those would be too many.
    """
    bases = _difference_family(arms, size)
    if bases:
        return tuple(tuple(sorted((arm + shift) % arms for arm in base)) for base in bases for shift in range(arms))
    found = tuple(combinations(range(arms), size))
    if len(found) > MOST_BLOCKS:
        raise DesignError(
            f"No small set of balanced blocks of {size} out of {arms} arms is known here, and all {len(found):,} "
            "blocks are too many; choose another block size."
        )
    return found


def _difference_family(arms: int, size: int) -> tuple[Block, ...]:
    """One or two blocks whose differences cover the circle evenly; none where there are none, or too many to try."""
    bases = []
    for rest in combinations(range(1, arms), size - 1):
        bases.append((0, *rest))
        if len(bases) > MOST_BASES:
            return ()
    spectra = [(base, _differences(base, arms)) for base in bases]
    for base, counts in spectra:
        if len(set(counts)) == 1:
            return (base,)
    twice = 2 * size * (size - 1)
    if twice % (arms - 1):
        return ()
    known: dict[tuple[int, ...], Block] = {}
    for base, counts in spectra:
        wanted = tuple(twice // (arms - 1) - count for count in counts)
        if wanted in known:
            return known[wanted], base
        known.setdefault(counts, base)
    return ()


def _differences(base: Block, arms: int) -> tuple[int, ...]:
    """How often each difference 1 to arms - 1 comes between two arms of a block."""
    counts = [0] * (arms - 1)
    for first in base:
        for second in base:
            if first != second:
                counts[(first - second) % arms - 1] += 1
    return tuple(counts)


def _turned(blocks: Sequence[Block]) -> list[list[int]]:
    """Each block's arms laid out over the rounds, turned so that no round has an arm much more often than another."""
    size = len(blocks[0])
    counts = [dict[int, int]() for _ in range(size)]
    rounds: list[list[int]] = [[] for _ in range(size)]
    for block in blocks:
        turn = min(range(size), key=lambda turn: _crowd(block, turn, counts))
        for place in range(size):
            arm = block[(place + turn) % size]
            counts[place][arm] = counts[place].get(arm, 0) + 1
            rounds[place].append(arm)
    return rounds


def _crowd(block: Block, turn: int, counts: Sequence[dict[int, int]]) -> int:
    size = len(block)
    return sum(counts[place].get(block[(place + turn) % size], 0) ** 2 for place in range(size))
