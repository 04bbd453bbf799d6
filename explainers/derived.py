"""What the controls share that are made from another method's map."""

from __future__ import annotations

from dataclasses import dataclass, field

from explainers.base import Explainer
from explainers.errors import ExplainError


@dataclass(frozen=True)
class Derived(Explainer):
    """A control made from the method `of`, run with its default parameters."""

    control = True

    of: str = field(default="grad-cam", metadata={"help": "Name of the method that the control is made from."})

    def __post_init__(self) -> None:
        """Take over whether negative values mean evidence against: nothing may give the control away."""
        object.__setattr__(self, "signed", self.method().signed)

    def method(self) -> Explainer:
        """The method that the control is made from; a ValueError where it is unknown or a control itself."""
        from explainers.methods import registry  # the registry's parts subclass this class

        part = registry[self.of]
        if part.control:
            raise ExplainError(f"A control cannot be made from {self.of!r}, which is a control itself.")
        return part()
