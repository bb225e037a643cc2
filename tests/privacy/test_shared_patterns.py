"""Servers and recorder mask the same: one list of patterns, tested with the same vectors."""

import json
from pathlib import Path

from deploy.secret_patterns import TARGET, shapes
from lake.raw.masking.secrets import mask_secrets
from tests.privacy.node import mask_all

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text())
MASKED: list[tuple[str, str]] = [(text, masked) for text, masked in VECTORS["masked"]]
LEFT: list[str] = VECTORS["left"]


def test_recorder_patterns_are_generated_from_the_list() -> None:
    assert TARGET.read_text() == shapes(), "run: python -m deploy.secret_patterns"


def test_server_masks_each_vector() -> None:
    assert [(text, mask_secrets(text)) for text, _ in MASKED] == MASKED
    assert [mask_secrets(text) for text in LEFT] == LEFT


def test_recorder_masks_each_vector() -> None:
    texts = [text for text, _ in MASKED]

    assert list(zip(texts, mask_all(texts), strict=True)) == MASKED
    assert mask_all(LEFT) == LEFT


def test_vectors_are_masked_within_sentences() -> None:
    whole = [(text, masked) for text, masked in MASKED if not text.startswith("-----")]
    texts = [f"Why {text} again?" for text, _ in whole]

    assert mask_all(texts) == [f"Why {masked} again?" for _, masked in whole]
    assert [mask_secrets(text) for text in texts] == mask_all(texts)
