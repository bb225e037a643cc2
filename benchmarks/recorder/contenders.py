"""The compared recorders, each set up as documented by its makers, and their scripts.

posthog-js and Sentry come from npm, by the lock file beside this module, into `node_modules`; the
first run installs them. posthog-js is loaded as its snippet does: `array.js`, which loads the
recorder when its server's configuration asks for it. Sentry is bundled, without what its
documentation calls optional code: debugging and tracing.
"""

import gzip
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import say
from ingest_api.recorder_assets import scripts_by_path

_HERE = Path(__file__).parent
_MODULES = _HERE / "node_modules"
_OURS = _HERE.parents[1] / "ingest_api" / "recorder"
BUILD = _OURS / "dist"
POSTHOG_VERSION = "1.449.2"
POSTHOG_TOKEN = "phc_benchmark"  # names a project, opens nothing


@dataclass(frozen=True)
class Contender:
    """One recorder. `tag` is what a page carries for it; `{host}` and `{website}` are filled in."""

    name: str
    tag: str
    # Paths of the requests that carry the recording, and what stands in their bodies.
    records: str = "\0"
    mark: bytes = b""


NOTHING = Contender("nothing", "")
# Any script tag has its price: the browser asks for it, and the load event waits for the answer.
EMPTY = Contender("an empty script", '<script async src="{host}/empty.js"></script>')
OURS = Contender(
    "replaylake", '<script async src="{host}/r.js" data-website="{website}"></script>', "/v1/chunks"
)
POSTHOG = Contender(
    "posthog-js",
    '<script async src="{host}/static/array.js" onload="posthog.init(\''
    + POSTHOG_TOKEN
    + "', {{api_host: '{host}', defaults: '2026-01-30'}})\"></script>",
    "/s/",
)
SENTRY = Contender(
    "Sentry", '<script async src="{host}/sentry.js"></script>', "/api/1/envelope/", b'"replay_'
)
RECORDERS = (OURS, POSTHOG, SENTRY)
ALL = (NOTHING, EMPTY, *RECORDERS)


def scripts(folder: Path, build: Path) -> dict[str, bytes]:
    """Return all scripts by the path under which they are served, installed if need be.

    `build` is the folder of ours: a loader, and what it asks for by its version.
    """
    environ = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    if not (_MODULES / ".package-lock.json").exists():
        say("installing posthog-js and Sentry")
        command = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
        subprocess.run(command, cwd=_HERE, env=environ, check=True, stdout=subprocess.DEVNULL)
    sentry = folder / "sentry.js"
    flags = ("--bundle", "--minify", "--format=iife", "--target=es2020", "--log-level=error")
    optional = ("--define:__SENTRY_DEBUG__=false", "--define:__SENTRY_TRACING__=false")
    esbuild = _OURS / "node_modules" / ".bin" / "esbuild"
    subprocess.run(
        (esbuild, _HERE / "sentry.js", *flags, *optional, f"--outfile={sentry}"),
        env=environ,
        check=True,
    )
    dist = _MODULES / "posthog-js" / "dist"
    rivals = {f"/static/{path.name}": path.read_bytes() for path in dist.glob("*.js")}
    return rivals | scripts_by_path(build) | {"/sentry.js": sentry.read_bytes(), "/empty.js": b""}


def gzipped(script: bytes) -> bytes:
    """Compress as well as gzip can."""
    return gzip.compress(script, 9, mtime=0)
