"""Report of a repair: what it did, and what is left to do in another way."""

from dataclasses import dataclass, field
from typing import NamedTuple


class RepairAction(NamedTuple):
    """One action that was taken, or that a dry run would take."""

    what: str
    where: str
    why: str


@dataclass(kw_only=True)
class RepairReport:
    """Actions of a repair; `left` are those that an operator has to take."""

    done: list[RepairAction] = field(default_factory=list)
    left: list[RepairAction] = field(default_factory=list)
