"""Server processes for the tests: started on a free port, awaited, killed.

`Server` knows nothing of what it serves: give it the command, `{port}` in it stands for the port.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

import httpx

from lake.settings import Settings, env_name

_STARTS_WITHIN_S = 60.0
_STOPS_WITHIN_S = 60.0
_CODE = """
import sys
from {api}.serve import serve
from lake.settings import from_environ
serve(from_environ(), "127.0.0.1", int(sys.argv[1]))
"""
INGEST = (sys.executable, "-c", _CODE.format(api="ingest_api"), "{port}")
QUERY = (sys.executable, "-c", _CODE.format(api="query_api"), "{port}")


class Server:
    """One running process. `log` is the file of its output."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self.log = log
        self.url = f"http://127.0.0.1:{port}"

    def wait_until_ready(self) -> None:
        """Return once `/readyz` says 200; fail if the process ends or takes too long."""
        deadline = time.monotonic() + _STARTS_WITHIN_S
        # To make one takes longer than to ask, and longest where it loads certificates.
        with httpx.Client(timeout=10, verify=False) as http:
            while not self._is_ready(http):
                code = self.process.poll()
                assert code is None, f"the server ended with {code}:\n{self.log.read_text()}"
                assert time.monotonic() < deadline, f"not ready:\n{self.log.read_text()}"
                time.sleep(0.02)

    def _is_ready(self, http: httpx.Client) -> bool:
        try:
            return http.get(f"{self.url}/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def wait(self) -> int:
        """Return its exit code once it ended; fail if it does not."""
        return self.process.wait(_STOPS_WITHIN_S)

    def kill(self) -> int:
        """End it as a power cut would."""
        self.send(signal.SIGKILL)
        return self.wait()


@contextmanager
def serving(
    settings: Settings,
    log: Path,
    *,
    command: Sequence[str] = INGEST,
    environ: Mapping[str, str] | None = None,
    port: int = 0,
    prefix: Sequence[str] = (),
) -> Iterator[Server]:
    """Run a server with `settings` in its environment; kill it in the end if it still runs.

    `prefix` goes before the command (`unshare …`, `taskset …`).
    """
    port = port or free_port()
    argv = [*prefix, *(part.replace("{port}", str(port)) for part in command)]
    with log.open("ab") as output:
        process = subprocess.Popen(
            argv,
            env=os.environ | environ_of(settings) | dict(environ or {}),
            stdout=output,
            stderr=output,
        )
    server = Server(process, port, log)
    try:
        server.wait_until_ready()
        yield server
    finally:
        if process.poll() is None:
            server.kill()


def environ_of(settings: Settings) -> dict[str, str]:
    """Return the environment from which a process reads these settings."""
    default = Settings()
    return {
        env_name(item.name): str(getattr(settings, item.name))
        for item in fields(Settings)
        if getattr(settings, item.name) != getattr(default, item.name)
    }


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
