"""Do one part of runs that several processes share."""

from __future__ import annotations

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.explanations.errors import MapsMissing
from portal.explanations.models import Run
from portal.explanations.scoring import score_run
from portal.explanations.work import explain_run


class Command(BaseCommand):
    help = "Explain and score every PARTS-th image of the given runs, from PART on."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("runs", type=int, nargs="+", help="The runs' numbers.")
        parser.add_argument("--part", type=int, required=True)
        parser.add_argument("--parts", type=int, required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        part, parts = options["part"], options["parts"]
        self.started_by = os.getppid()
        if not 0 <= part < parts:
            raise CommandError(f"There is no part {part} of {parts}; parts are counted from 0.", returncode=2)
        try:
            for number in options["runs"]:
                self._do(number, part, parts)
        except ValueError as error:
            raise CommandError(str(error), returncode=2) from error

    def _stop_if_alone(self, done: int, total: int, message: str = "") -> None:
        """End where the command that started this part was killed: nobody waits for it any more."""
        if os.getppid() != self.started_by:
            raise CommandError("The command that started this part has ended.", returncode=1)

    def _do(self, number: int, part: int, parts: int) -> None:
        run = Run.objects.select_related("network", "dataset").filter(pk=number).first()
        if run is None:
            raise CommandError(f"There is no run {number}.", returncode=2)
        refused = None
        try:
            explain_run(run, self._stop_if_alone, part=part, parts=parts)
        except MapsMissing as error:  # what could be made is scored first
            refused = error
        if run.metrics:
            score_run(run, self._stop_if_alone, part=part, parts=parts)
        if refused:
            raise refused
