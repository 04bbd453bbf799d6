"""The embedded broker hands over messages in order, whole, and once."""

from __future__ import annotations

from pathlib import Path
from queue import Empty

import pytest
from kombu.connection import Connection

from portal.config.celery import transport


@pytest.fixture
def connection(tmp_path: Path) -> Connection:
    folder = str(tmp_path)
    options = {"data_folder_in": folder, "data_folder_out": folder, "control_folder": folder}
    return Connection(transport="portal.jobs.folder:Transport", transport_options=options)


def test_messages_come_in_order_and_once(connection: Connection) -> None:
    with connection:
        for number in range(12):
            connection.default_channel._put("jobs", {"number": number})
        found = [connection.default_channel._get("jobs")["number"] for _ in range(12)]
        assert found == list(range(12))
        with pytest.raises(Empty):
            connection.default_channel._get("jobs")


def test_an_unfinished_message_is_left_alone(connection: Connection, tmp_path: Path) -> None:
    (tmp_path / "00000000000000000001_x.jobs.msg.part").write_text('{"numb')
    with connection:
        connection.default_channel._put("jobs", {"number": 1})
        assert connection.default_channel._get("jobs") == {"number": 1}
        with pytest.raises(Empty):
            connection.default_channel._get("jobs")


def test_the_embedded_default_uses_it() -> None:
    assert transport("filesystem://") == "portal.jobs.folder:Transport"
    assert transport("redis://127.0.0.1:6379/0") is None
