"""The system's Chromium, as the robots start it."""

import shutil
import subprocess

_SHELL = "chromium-headless-shell"  # without windows: it starts five times as fast
_WHOLE = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--no-sandbox",  # root, as in a container, gets none; the robots see pages of ours alone
    "--disable-gpu",
    "--disable-quic",
    # It would ask its maker for updates and lists; the demo speaks to this machine alone.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # Containers give /dev/shm 64 MB, which a page can fill.
    "--disable-dev-shm-usage",
)
MISSING = "No robots walk through the shop: there is no Chromium (apt-get install chromium)."


def find(*, is_whole: bool = False) -> str | None:
    """Return where Chromium is, or None. `is_whole`: with the back/forward cache and windows."""
    names = _WHOLE if is_whole else (_SHELL, *_WHOLE)
    return next((path for name in names if (path := shutil.which(name)) and _runs(path)), None)


def _runs(path: str) -> bool:
    """Tell a browser from a command that only tells how to install one, as some systems have."""
    return subprocess.run([path, "--version"], capture_output=True, check=False).returncode == 0
