"""The system's Chromium and its arguments for the robots."""

import shutil
import subprocess

_SHELL = "chromium-headless-shell"  # headless; starts five times as fast
_WHOLE = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--no-sandbox",  # root has no sandbox in a container; the robots only visit our pages
    "--disable-gpu",
    "--disable-quic",
    # No requests for updates and lists: the demo uses this machine alone.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # Containers give /dev/shm 64 MB, which a page can fill.
    "--disable-dev-shm-usage",
)
MISSING = "No robots walk through the shop: there is no Chromium (apt-get install chromium)."


def find(*, is_whole: bool = False) -> str | None:
    """Return Chromium's path, or None. `is_whole`: with windows and the back/forward cache."""
    names = _WHOLE if is_whole else (_SHELL, *_WHOLE)
    return next((path for name in names if (path := shutil.which(name)) and _runs(path)), None)


def _runs(path: str) -> bool:
    """Return whether a command is a browser; some systems have a stub with install advice."""
    return subprocess.run([path, "--version"], capture_output=True, check=False).returncode == 0
