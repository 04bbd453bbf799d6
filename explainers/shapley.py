"""Shapley values from the outputs for coalitions, by weighted least squares (Lundberg & Lee 2017, theorem 2)."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor


class Coalitions(NamedTuple):
    """Which players are present, `(N, M)` bool, and the weight of each coalition in the fit, `(N,)` float64.

    `pairs (N,)` numbers the draws: a coalition and its complement are one draw.
    """

    present: Tensor
    weights: Tensor
    pairs: Tensor
    complete: bool


class Fit(NamedTuple):
    """Shapley values `(M,)` float64 and their standard errors; these are 0 where nothing was sampled."""

    values: Tensor
    errors: Tensor


def all_fit(players: int, samples: int) -> bool:
    """Whether there are no more than `samples` coalitions besides the empty and the full one."""
    return players < 30 and 2**players - 2 <= samples


def draw_coalitions(players: int, samples: int, seed: int) -> Coalitions:
    """All coalitions but the empty and the full one if `samples` allow it, else a paired sample of them.

    Sampled: sizes with the Shapley kernel's probability, members at random, each coalition together with its
    complement. Sizes whose coalitions all fit into their share of the samples are taken whole, outermost first.
    """
    sizes = torch.arange(1, players, dtype=torch.float64)
    kernel = 1 / (sizes * (players - sizes))
    kernel = kernel / kernel.sum() if players > 1 else kernel
    if all_fit(players, samples):
        codes = torch.arange(1, 2**players - 1)
        present = (codes[:, None] >> torch.arange(players)[None, :]) & 1 == 1
        size = present.sum(1)
        each = torch.tensor([math.comb(players, int(s)) for s in size], dtype=torch.float64)
        return Coalitions(present, kernel[size - 1] / each, codes, complete=True)
    return _sampled(players, samples, kernel, torch.Generator().manual_seed(seed))


def fit_shapley(coalitions: Coalitions, values: Tensor, empty: float, full: float) -> Fit:
    """The weighted least-squares fit whose values add up to `full - empty` exactly.

    `values (N,)` are the outputs for the coalitions. Efficiency is a constraint, not a penalty: the fit runs in the
    space of vectors that add up to zero, around an even share. Where the coalitions leave directions open, the
    solution nearest to the even share is taken. Standard errors are heteroscedasticity-consistent, by pairs.
    """
    present, weights = coalitions.present.double(), coalitions.weights
    players = present.shape[1]
    even = (full - empty) / players
    if players == 1:
        return Fit(torch.tensor([full - empty], dtype=torch.float64), torch.zeros(1, dtype=torch.float64))
    root = weights.sqrt()[:, None]
    design = (present - present.mean(1, keepdim=True)) * root
    wanted = (values.double() - empty - even * present.sum(1))[:, None] * root
    inverse = torch.linalg.pinv(design, rtol=1e-10)
    shift = inverse @ wanted
    shift = shift - shift.mean()
    if coalitions.complete:
        errors = torch.zeros(players, dtype=torch.float64)
    else:
        rest = wanted - design @ shift
        freedom = len(present) / max(1, len(present) - players + 1)
        draws = torch.zeros((players, int(coalitions.pairs.max()) + 1), dtype=torch.float64)
        draws.index_add_(1, coalitions.pairs, inverse * rest.T)
        errors = (draws.square().sum(1) * freedom).sqrt()
    return Fit(even + shift[:, 0], errors)


def _sampled(players: int, samples: int, kernel: Tensor, generator: torch.Generator) -> Coalitions:
    left, mass, present, weights = samples, 1.0, [], []
    halves: list[int] = []
    smallest = 1
    while smallest < players - smallest:
        share = float(kernel[smallest - 1] * 2)
        count = 2 * math.comb(players, smallest)
        if count > left * share / mass:
            break
        whole = _all_of_size(players, smallest)
        present += [whole, ~whole]
        halves.append(len(whole))
        weights.append(torch.full((count,), share / count, dtype=torch.float64))
        left, mass, smallest = left - count, mass - share, smallest + 1
    pairs = max(1, left // 2)
    chances = kernel[smallest - 1 : players - smallest]
    sizes = torch.multinomial(chances, pairs, replacement=True, generator=generator) + smallest
    order = torch.rand((pairs, players), generator=generator).argsort(1).argsort(1)
    drawn = order < sizes[:, None]
    present += [drawn, ~drawn]
    halves.append(pairs)
    numbers = torch.arange(sum(halves)).split(halves)
    weights.append(torch.full((2 * pairs,), mass / (2 * pairs), dtype=torch.float64))
    return Coalitions(
        torch.cat(present), torch.cat(weights), torch.cat([part.repeat(2) for part in numbers]), complete=False
    )


def _all_of_size(players: int, size: int) -> Tensor:
    members = torch.combinations(torch.arange(players), size)
    return torch.zeros((len(members), players), dtype=torch.bool).scatter_(1, members, True)
