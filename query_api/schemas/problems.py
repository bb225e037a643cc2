"""Schema of problem responses."""

from typing_extensions import TypedDict  # typing's own lacks what pydantic needs before 3.12


class Problem(TypedDict):
    """An error, RFC 9457. `kind` never changes."""

    type: str
    title: str
    status: int
    detail: str
    kind: str
