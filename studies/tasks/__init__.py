"""The tasks that readers are given: one file, one class each."""

from __future__ import annotations

from foundation.registry import Registry
from studies.tasks.base import Feedback, InvalidAnswers, Option, Question, Row, Step, Task, Truth

registry: Registry[Task] = Registry("studies.tasks", Task)

__all__ = ["Feedback", "InvalidAnswers", "Option", "Question", "Row", "Step", "Task", "Truth", "registry"]
