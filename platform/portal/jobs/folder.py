"""The embedded broker: kombu's folder of messages, in which a message appears whole or not at all."""

from __future__ import annotations

import os
import time
import uuid
from pathlib import Path
from typing import Any

from kombu.transport import filesystem
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    """Kombu's own writes a message under its final name, where a worker may find it half written and stop."""

    def _put(  # type: ignore[override]  # kombu's own classes disagree on the names
        self, queue: str, payload: Any, **_options: Any
    ) -> None:
        name = f"{time.time_ns():020d}_{uuid.uuid4()}.{queue}.msg"
        folder = Path(self.data_folder_out)
        unfinished = folder / f"{name}.part"  # no queue's messages end so, hence nobody takes it
        unfinished.write_text(dumps(payload), encoding="utf-8")
        os.replace(unfinished, folder / name)


class Transport(filesystem.Transport):
    """Kombu's transport with these channels."""

    Channel = Channel
