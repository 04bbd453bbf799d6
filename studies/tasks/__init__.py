"""The tasks that readers are given: one file, one class each."""

from __future__ import annotations

from foundation.registry import Registry
from studies.tasks.base import Aid, Feedback, InvalidAnswers, Option, Question, Row, Scene, Step, Task, Truth

registry: Registry[Task] = Registry("studies.tasks", Task)

__all__ = [
    "Aid",
    "Feedback",
    "InvalidAnswers",
    "Option",
    "Question",
    "Row",
    "Scene",
    "Step",
    "Task",
    "Truth",
    "registry",
]
