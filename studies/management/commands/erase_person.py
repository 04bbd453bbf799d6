"""Erase a person."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from studies.errors import StudyError
from studies.services.erase import erase_person


class Command(BaseCommand):
    """`manage.py erase_person EMAIL [--answers]`."""

    help = "Delete a reader's account and its link to the pseudonym; the answers stay, as nobody's, unless told."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--answers", action="store_true", help="erase the answers as well; they cannot come back")

    def handle(self, *args: Any, email: str, answers: bool, **options: Any) -> None:
        try:
            erased = erase_person(email=email, answers=answers)
        except StudyError as error:
            raise CommandError(str(error), returncode=2) from error
        self.stdout.write(f"Erased. Pseudonyms left behind: {', '.join(erased.pseudonyms) or 'none'}.")
        if answers:
            self.stdout.write(f"{erased.answers} stored answers were erased.")
