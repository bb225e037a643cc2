"""A wall clock that a benchmark may put forward, for everything in its process: Python and Rust.

`under_own_clock` begins the program anew with a small library in front of libc, made by the C
compiler; `Clock` moves what that tells. Files keep the kernel's times: `Clock.stamp` gives those
that were written since the last call the time that the clock shows, so that who deletes by age of
file sees what he would see in a year.
"""

import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_SOURCE = r"""
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
volatile long long ahead_s = 0;
int clock_gettime(clockid_t id, struct timespec *at) {
    int failed = syscall(SYS_clock_gettime, id, at);
    if (!failed && id == CLOCK_REALTIME) at->tv_sec += ahead_s;
    return failed;
}
int gettimeofday(struct timeval *at, void *zone) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}
"""
_LIBRARY = "BENCHMARK_CLOCK"
_FIRST_AHEAD_S = 10 * 86_400  # what bears the kernel's time is thereby known


def under_own_clock(module: str) -> None:
    """Begin `python -m module` anew with its own clock, unless it has one."""
    if _LIBRARY in os.environ:
        return
    folder = Path(tempfile.mkdtemp(prefix="replaylake-clock-"))
    source, library = folder / "clock.c", folder / "clock.so"
    source.write_text(_SOURCE)
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source], check=True)
    environ = os.environ | {_LIBRARY: str(library), "LD_PRELOAD": str(library)}
    os.execve(sys.executable, [sys.executable, "-m", module, *sys.argv[1:]], environ)


class Clock:
    """The clock, ms since the Unix epoch. Stands at midnight at first, days ahead."""

    def __init__(self) -> None:
        library = Path(os.environ[_LIBRARY])
        self._ahead = ctypes.c_longlong.in_dll(ctypes.CDLL(str(library)), "ahead_s")
        shutil.rmtree(library.parent)  # it is loaded
        self._stamped_s = time.time() + _FIRST_AHEAD_S / 2
        self._ahead.value = _FIRST_AHEAD_S
        self.set((int(time.time()) // 86_400 + 1) * 86_400_000)

    def __call__(self) -> int:
        """Return what it shows."""
        return int(time.time() * 1000)

    def set(self, at_ms: int) -> None:
        """Put it forward, to the second."""
        self._ahead.value += max(0, at_ms // 1000 - int(time.time()))

    def sleep(self, seconds: float) -> None:
        """Let time pass at once."""
        self.set(self() + int(seconds * 1000) + 1000)

    def stamp(self, folder: Path) -> None:
        """Give every new file the time that the clock shows."""
        now_s = time.time()
        for where, _, names in os.walk(folder):
            for name in names:
                path = f"{where}/{name}"
                if os.stat(path).st_mtime < self._stamped_s:  # noqa: PTH116 - of 10,000 a day
                    os.utime(path, (now_s, now_s))
