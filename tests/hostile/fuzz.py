"""Search for a chunk that costs too much, guided by which code it reaches: `make fuzz`.

Not a test: it runs as long as requested (`FUZZ="-max_total_time=3600"`) and ends at the first find,
whose bytes libFuzzer leaves in a file.
"""

import sys
import time

import atheris

with atheris.instrument_imports(include=["lake"]):
    from lake.errors import LakeError
    from lake.raw.redaction import scrub_text, scrub_url
    from tests.hostile.test_01_cost_budget import CHUNKS, spend

import json
from contextlib import suppress
from pathlib import Path

_FREE_S = 0.5  # instrumented code is slow
_S_PER_BYTE_MAX = 400e-6


def fuzz_chunk(given: bytes) -> None:
    """Process a chunk of these bytes, and fail if that takes too long."""
    began_s = time.process_time()
    with suppress(LakeError):
        spend(given)
    text = given.decode("utf-8", "replace")
    scrub_url(text)
    scrub_text(text, 1000)
    taken_s = time.process_time() - began_s
    if taken_s > _FREE_S + _S_PER_BYTE_MAX * len(given):
        raise AssertionError(f"{len(given)} bytes took {taken_s:.2f} s")


def main() -> None:
    """Begin with parts of the recordings that come with the project."""
    corpus = Path(sys.argv[1])
    corpus.mkdir(parents=True, exist_ok=True)
    for number, chunk in enumerate(CHUNKS):
        (corpus / f"recorded-{number}").write_text(json.dumps(chunk[:5])[:50_000])
    atheris.Setup(sys.argv, fuzz_chunk)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
