"""Train the demo's networks again, or measure those that are there."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import torch
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from portal.networks.errors import NetworkError
from portal.networks.performance import WEIGHTS, write_performance
from portal.networks.recipes import RECIPES
from portal.networks.training import train_demo


class Command(BaseCommand):
    """`manage.py train_demo_networks [--only SLUG ...] [--out FOLDER] [--measure]`."""

    help = "Train the demo's networks on phantoms and write their weights, then measure them on unseen phantoms."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--only", nargs="+", help=f"Some of: {', '.join(RECIPES)}.")
        parser.add_argument(
            "--out", default=str(WEIGHTS), help="The folder to write into (default: the product's own)."
        )
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--quick", action="store_true", help="Train for seconds rather than minutes.")
        parser.add_argument("--measure", action="store_true", help="Measure only, train nothing.")

    def handle(self, *args: Any, only: list[str] | None, out: str, **options: Any) -> None:
        chosen = only or list(RECIPES)
        unknown = sorted(set(chosen) - set(RECIPES))
        if unknown:
            raise CommandError(f"There is no recipe {unknown[0]!r}; there are: {', '.join(RECIPES)}.", returncode=2)
        torch.set_num_threads(os.cpu_count() or 1)
        try:
            if not options["measure"]:
                self._train(Path(out), chosen, options["seed"], options["quick"])
            for slug in chosen:
                self.stdout.write(str(write_performance(slug, Path(out) / slug)))
        except NetworkError as error:
            raise CommandError(str(error), returncode=2) from error

    def _train(self, out: Path, chosen: list[str], seed: int, quick: bool) -> None:
        with tqdm(desc="Training", unit="step") as bar:

            def progress(slug: str, done: int, total: int) -> None:
                bar.set_description(slug)
                bar.total = total
                bar.update(done - bar.n)

            train_demo(out, chosen, progress, seed, quick)
