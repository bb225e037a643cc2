"""Ends the demo's processes once the demo is gone, however it went, `kill -9` included.

Leads the process group in which they all are, and waits for the end of its stdin, which only the
demo holds open. A script, not a module: it lives as long as the demo and should weigh nothing.
"""

import os
import signal
import sys
import time
from pathlib import Path

GRACE_S = 10.0  # for open requests and commits


def others() -> list[int]:
    """Return the living processes of this group but this one."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            state, _, group = (folder / "stat").read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue  # it ended while we looked
        if int(group) == os.getpgrp() and state != "Z":
            found.append(int(folder.name))
    return found


def main() -> None:
    """Wait, ask all to end, and end those that do not."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.stdin.buffer.read()
    os.killpg(os.getpgrp(), signal.SIGTERM)
    deadline = time.monotonic() + GRACE_S
    while others() and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in others():
        os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":  # an import must not end the group of whatever imports it
    main()
