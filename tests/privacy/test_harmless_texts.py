"""Harmless texts of shops, banks, timetables, code and tables in six languages stay readable."""

from pathlib import Path

from lake.raw.masking.secrets import mask_secrets
from tests.privacy.node import mask_all

SHARE_MAX = 0.02
TEXTS = [
    line
    for line in Path(__file__).with_name("harmless.txt").read_text().splitlines()
    if not line.startswith("# ")
]


def test_few_harmless_texts_are_masked_by_the_recorder() -> None:
    masked = [pair for pair in zip(TEXTS, mask_all(TEXTS), strict=True) if pair[0] != pair[1]]

    assert len(set(TEXTS)) >= 300
    assert len(masked) <= SHARE_MAX * len(TEXTS), masked


def test_few_harmless_texts_are_masked_by_the_servers() -> None:
    masked = [(text, mask_secrets(text)) for text in TEXTS if mask_secrets(text) != text]

    assert len(masked) <= SHARE_MAX * len(TEXTS), masked
