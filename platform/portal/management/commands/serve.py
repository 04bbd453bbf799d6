"""Serve the site together with one worker, on one machine, with nothing else."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

PYTHON_PATH = os.pathsep.join([str(settings.BASE_DIR), str(settings.BASE_DIR / "platform")])


class Command(BaseCommand):
    """`manage.py serve --port 8000`."""

    help = "Serve the site and run one worker; stop both with Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--workers", type=int, default=2, help="Web processes.")

    def handle(self, *args: Any, host: str, port: int, workers: int, **options: Any) -> None:
        refuse_taken_port(host, port)
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        self.stdout.write(f"Serving at http://{host}:{port}/ (Ctrl-C stops)")
        processes = [_start(command) for command in commands(host, port, workers)]
        try:
            ended = _first_to_end(processes)
        finally:
            _stop(processes)
        if ended not in (0, -signal.SIGINT, -signal.SIGTERM):
            raise CommandError(f"A process ended with status {ended}.", returncode=1)


def commands(host: str, port: int, workers: int) -> list[list[str]]:
    """The two processes: gunicorn with the site, Celery with one worker."""
    web = f"gunicorn portal.config.wsgi --bind {host}:{port} --workers {workers} --threads 4 --no-control-socket"
    worker = "celery --app portal.config.celery worker --concurrency 1 --loglevel WARNING --without-gossip"
    return [[sys.executable, "-m", *text.split()] for text in (web, worker)]


def refuse_taken_port(host: str, port: int) -> None:
    """A clear sentence before anything is started."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            raise CommandError(
                f"Port {port} is taken; choose another with --port (PORT= for make).", returncode=2
            ) from None


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    environment = os.environ | {
        "PYTHONPATH": PYTHON_PATH,
        "DJANGO_SETTINGS_MODULE": os.environ["DJANGO_SETTINGS_MODULE"],
    }
    return subprocess.Popen(command, env=environment, cwd=settings.BASE_DIR)  # noqa: S603  our own fixed commands


def _first_to_end(processes: list[subprocess.Popen[bytes]]) -> int:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        while True:
            for process in processes:
                if process.poll() is not None:
                    return process.returncode
            time.sleep(0.3)
    except KeyboardInterrupt:
        return 0


def _stop(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        if process.poll() is None:
            process.terminate()
    for process in processes:
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
