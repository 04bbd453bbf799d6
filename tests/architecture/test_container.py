"""The container's files fit the repository, and its commands run with production settings."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SECRETS = {
    "SECRET_KEY": "a key that is long enough to be one, and that no installation uses anywhere else",
    "PSEUDONYM_KEY": "another key, likewise",
    "ALLOWED_HOSTS": "example.org",
}


def run(tmp_path: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """The entrypoint, as the container would run it."""
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}",
        "APP_DIR": str(ROOT),
        "VAR_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "portal.config.settings.production",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'db.sqlite3'}",
        **more,
    }
    entrypoint = ["sh", str(ROOT / "docker" / "entrypoint.sh"), *arguments]
    return subprocess.run(entrypoint, env=environment, capture_output=True, text=True, check=False)


def test_the_image_copies_what_is_there() -> None:
    lines = (ROOT / "docker" / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = [source for line in lines if line.startswith("COPY ") for source in line.split()[1:-1]]
    assert copied
    assert [source for source in copied if not (ROOT / source).exists()] == []


def test_compose_names_services_volumes_and_secrets_that_it_defines() -> None:
    compose = yaml.safe_load((ROOT / "docker" / "compose.yml").read_text(encoding="utf-8"))
    services = compose["services"]
    assert set(services) == {"database", "broker", "migrate", "web", "worker"}
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        assert set(service.get("secrets", [])) <= set(compose["secrets"])
        assert {volume.split(":")[0] for volume in service.get("volumes", [])} <= set(compose["volumes"])


def test_every_variable_of_compose_is_read_by_the_settings() -> None:
    compose = yaml.safe_load((ROOT / "docker" / "compose.yml").read_text(encoding="utf-8"))
    settings = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "platform/portal/config").rglob("*.py"))
    named = {name.removesuffix("_FILE") for name in compose["x-app"]["environment"]}
    assert [name for name in sorted(named) if not re.search(rf'"{name}"', settings)] == []


def test_production_refuses_to_start_without_its_secrets(tmp_path: Path) -> None:
    done = run(tmp_path, "check")
    assert done.returncode != 0
    assert "SECRET_KEY must be set in production." in done.stderr


@pytest.mark.slow
def test_the_production_settings_pass_djangos_own_deployment_checks(tmp_path: Path) -> None:
    done = run(tmp_path, "check", "--deploy", "--fail-level", "WARNING", "--tag", "security", **SECRETS)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_container_prepares_its_database_and_static_files(tmp_path: Path) -> None:
    assert run(tmp_path, "migrate", **SECRETS).returncode == 0
    assert run(tmp_path, "collectstatic", "--no-input", **SECRETS).returncode == 0
    assert any((tmp_path / "static").rglob("viewer*.js"))
