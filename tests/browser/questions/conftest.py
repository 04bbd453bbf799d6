"""The reading room, for the kinds of questions and the tasks."""

from tests.browser.reading.conftest import open_room

__all__ = ["open_room"]
