"""The shape of one script, and how a module of them is made."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from benchmarks.accuracy.visitor import Visitor

Act = Callable[[Visitor], Awaitable[None]]


class Script(NamedTuple):
    """A visit. `is_hard_negative`: it looks like trouble, and is none."""

    name: str
    act: Act
    is_hard_negative: bool


class Scripts(list[Script]):
    """The scripts of a module, in the order in which they stand there."""

    def positive(self, act: Act) -> Act:
        """Register a visit with frustration."""
        self.append(Script(act.__name__, act, is_hard_negative=False))
        return act

    def negative(self, act: Act) -> Act:
        """Register a visit that only looks frustrated."""
        self.append(Script(act.__name__, act, is_hard_negative=True))
        return act
