"""Ends the demo's processes when the demo ends, even by `kill -9`.

It leads their process group and waits for the end of its stdin, which only the demo holds open. A
script rather than a module, because it runs as long as the demo and should need little memory.
"""

import os
import signal
import sys
import time
from pathlib import Path

GRACE_S = 10.0  # for open requests and commits


def others() -> list[int]:
    """Return the other running processes of this group."""
    pids = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            state, _, group = (folder / "stat").read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue  # it ended meanwhile
        if int(group) == os.getpgrp() and state != "Z":
            pids.append(int(folder.name))
    return pids


def main() -> None:
    """Wait for the demo's end, then terminate all processes and kill those that remain."""
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
