"""Shapley values from the outputs along orders in which players appear, each order with its reverse."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from explainers.shapley import Fit


class Orders(NamedTuple):
    """Pairs of orders `(P, 2, M)`, the second the reverse of the first, and the coalitions along them.

    `present (N, M)` holds for each order the M - 1 coalitions that it passes through between the empty and the full.
    """

    orders: Tensor
    present: Tensor


def draw_orders(players: int, pairs: int, seed: int) -> Orders:
    """Orders drawn with equal chances."""
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.rand((pairs, players), generator=generator).argsort(1)
    orders = torch.stack([drawn, drawn.flip(1)], 1)
    rank = orders.view(-1, players).argsort(1)
    passed = rank[:, None, :] < torch.arange(1, players)[None, :, None]
    return Orders(orders, passed.reshape(-1, players))


def average_orders(orders: Orders, values: Tensor, empty: float, full: float) -> Fit:
    """The mean over orders of what each player adds, and its standard error from the spread between pairs.

    `values (N,)` are the outputs for `orders.present`. Each order's additions add up to `full - empty`, and so does
    their mean.
    """
    pairs, _, players = orders.orders.shape
    along = values.double().view(2 * pairs, players - 1)
    start, end = along.new_full((2 * pairs, 1), empty), along.new_full((2 * pairs, 1), full)
    path = torch.cat([start, along, end], 1)
    added = torch.empty((2 * pairs, players), dtype=torch.float64)
    added.scatter_(1, orders.orders.view(-1, players), path.diff(dim=1))
    by_pair = added.view(pairs, 2, players).mean(1)
    return Fit(by_pair.mean(0), by_pair.std(0) / pairs**0.5)
