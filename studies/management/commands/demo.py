"""Build the demo, from phantoms to a trust report, and serve it."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from portal.management.commands.serve import refuse_taken_port
from studies.demo import build


class Command(BaseCommand):
    """`manage.py demo`: what an interrupted run has done is not done again."""

    help = "Build the demo (phantoms, networks, maps, metrics, a finished study, its report) and serve it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--no-serve", action="store_true", help="Build only.")

    def handle(self, *args: Any, port: int, no_serve: bool, **options: Any) -> None:
        if not no_serve:
            refuse_taken_port("127.0.0.1", port)
        try:
            self._build(port)
        except KeyboardInterrupt:
            raise CommandError("Interrupted. Run the same command again to go on from here.", returncode=130) from None
        if not no_serve:
            call_command("serve", port=port)

    def _build(self, port: int) -> None:
        folder = settings.VAR_DIR / "demo"
        keys = build.Keys.kept(folder / "keys.json")
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        call_command("sync_parts", verbosity=0)
        build.store_networks()
        build.store_phantoms()
        build.explain_and_score()
        finished = build.open_study("finished")
        build.finish_study(finished)
        build.report_on(finished, folder)
        to_take = build.open_study("open")
        token = build.invite(to_take.study, keys, build.researcher(keys))
        keys.keep(folder / "keys.json")
        site = f"http://127.0.0.1:{port}"
        self.stdout.write(
            "\n".join(
                [
                    "",
                    "The demo is ready.",
                    f"  Report        {folder / 'report.html'} (also .pdf, .json, ratings.csv)",
                    f"  Site          {site}/",
                    f"  Researcher    {site}{reverse('admin:index')}",
                    f"                {build.RESEARCHER}   password {keys.password}",
                    f"  Reader        {site}{reverse('studies:invitation', args=[token])}",
                    "                (a study of about five minutes; the link works once)",
                    "",
                ]
            )
        )
