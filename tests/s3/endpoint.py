"""A real S3 endpoint on this machine: Cloudflare's local R2 behind the proxy of `tests.s3.proxy`.

    with S3Endpoint() as endpoint:
        store = open_store(endpoint.settings())

It starts in about a second, keeps its objects in a folder of its own and takes both with it.
R2 in miniflare is durable and atomic like the real one, and bounds nothing but a page to 1,000.
"""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from lake.settings import Settings
from tests.s3.proxy import Fault, FaultProxy, Faults

__all__ = ["BUCKET", "Fault", "S3Endpoint"]

BUCKET = "lake"
_HERE = Path(__file__).parent
_ACCESS_KEY = "test-access-key"
_SECRET = "test-secret-0123456789abcdef"
_READY_S_MAX = 60


class S3Endpoint:
    """A context manager. One server serves any number of lakes, each under its own prefix."""

    url: str
    folder: Path
    proxy: FaultProxy
    faults: Faults
    operations: Counter[str]

    def __enter__(self) -> Self:
        node = Path(sys.executable).parent / "node"
        if not node.exists() or not (_HERE / "node_modules").is_dir():
            raise RuntimeError("node or its packages are missing: run deploy/setup.sh")
        self._temporary = tempfile.TemporaryDirectory(
            prefix="replaylake-s3-", ignore_cleanup_errors=True
        )
        self.folder = Path(self._temporary.name)
        self._log = tempfile.TemporaryFile("w+")
        self._server = subprocess.Popen(
            [node, "server.mjs", self.folder, _ACCESS_KEY, _SECRET],
            cwd=_HERE,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            start_new_session=True,  # Ctrl-C is for us; and `node` starts others, killed with it
        )
        try:
            port, path = self._wait_until_ready()
            self.proxy = FaultProxy(port, _SECRET)
        except BaseException:
            self._stop_server()
            raise
        self.faults = self.proxy.faults
        self.operations = self.proxy.operations
        self.url = f"http://127.0.0.1:{self.proxy.port}{path}"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.proxy.stop()
        self._stop_server()

    def settings(self, prefix: str = "", **others: Any) -> Settings:
        """Settings of a lake under `prefix`; without one, of a fresh lake."""
        settings = Settings(
            lake=f"s3://{BUCKET}/{prefix or uuid4().hex}",
            aws_access_key_id=_ACCESS_KEY,
            aws_secret_access_key=_SECRET,
            aws_endpoint_url=self.url,
            ingest_linger_ms=25,  # these writes cost nothing
        )
        return replace(settings, **others)

    def environ(self, settings: Settings) -> dict[str, str]:
        """The environment by which another process finds the same lake."""
        return {
            "REPLAY_LAKE": settings.lake,
            "AWS_ACCESS_KEY_ID": settings.aws_access_key_id,
            "AWS_SECRET_ACCESS_KEY": settings.aws_secret_access_key,
            "AWS_ENDPOINT_URL": settings.aws_endpoint_url,
            "AWS_REGION": settings.aws_region,
        }

    def reset(self) -> None:
        """End all faults and count from zero."""
        self.faults.clear()
        self.operations.clear()

    def _wait_until_ready(self) -> tuple[int, str]:
        assert self._server.stdout is not None
        # A silent server is killed, which ends the reading.
        timer = threading.Timer(_READY_S_MAX, self._kill_server)
        timer.start()
        try:
            for line in self._server.stdout:
                if line.startswith("READY "):
                    _, port, path = line.split()
                    return int(port), path
        finally:
            timer.cancel()
        self._log.seek(0)
        raise RuntimeError(f"the S3 endpoint did not start: {self._log.read()}")

    def _kill_server(self) -> None:
        os.killpg(self._server.pid, signal.SIGKILL)

    def _stop_server(self) -> None:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.close()  # the server ends with it
        try:
            self._server.wait(10)
        except subprocess.TimeoutExpired:
            self._kill_server()
            self._server.wait()
        self._server.stdout.close()
        self._log.close()
        self._temporary.cleanup()
