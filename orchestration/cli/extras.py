"""Optional dependencies: name the extra that a command needs where it is not installed."""

from importlib.util import find_spec
from typing import Literal

from lake.errors import LakeError

Extra = Literal["ingest", "query", "dagster", "demo"]

_SERVING = ("fastapi", "httptools", "prometheus_client", "uvicorn", "uvloop")
_DAGSTER = ("dagster", "dagster_graphql", "dagster_webserver")
# The top-level modules of each extra's distributions in `pyproject.toml`.
MODULES: dict[Extra, tuple[str, ...]] = {
    "ingest": _SERVING,
    "query": _SERVING,
    "dagster": _DAGSTER,
    "demo": (*_SERVING, *_DAGSTER, "playwright"),
}


class ExtraMissing(LakeError):
    """A command needs an extra of the package that is not installed."""

    kind = "extra-missing"

    def __init__(self, extra: Extra, missing: list[str]) -> None:
        super().__init__(
            f"the extra `{extra}` is not installed (no {', '.join(missing)}): "
            f"pip install 'replaylake[{extra}]'"
        )
        self.extra = extra


def require(extra: Extra) -> None:
    """Check that the modules of `extra` are installed, without importing them.

    Raises:
        ExtraMissing: At least one is not.
    """
    missing = [name for name in MODULES[extra] if find_spec(name) is None]
    if missing:
        raise ExtraMissing(extra, missing)
