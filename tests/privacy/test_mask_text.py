"""`mask_text` and `data-mask`: what each mode leaves of a text."""

from typing import Any

import pytest

from tests.privacy.node import ROOT, evaluate

_PREVIEWED = [
    "Hello, Anna Miller",
    "Total: €1,249.00",
    "Order 48213 of 12 May",
    "Card 4111 1111 1111 1111",
    "Write to jane@example.org",
]
_MASK = """
([mode, texts]) => {
  const masks = new m.Sanitizer({ mask_emails: true, mask_patterns: true, mask_text: mode });
  const childNodes = texts.map((textContent, n) => ({ type: 3, id: n + 2, textContent }));
  const node = { type: 0, id: 1, childNodes };
  return masks.event({ type: 2, timestamp: 1, data: { node } }).data.node.childNodes
    .map((child) => child.textContent);
}
"""
_ELEMENT = """
([mode, attributes, childNodes]) => {
  const masks = new m.Sanitizer({ mask_emails: true, mask_patterns: true, mask_text: mode });
  const body = { type: 2, id: 2, tagName: "div", attributes, childNodes };
  const node = { type: 0, id: 1, childNodes: [body] };
  return masks.event({ type: 2, timestamp: 1, data: { node } }).data.node.childNodes[0];
}
"""


def masked(mode: str, *texts: str) -> list[str]:
    answer: list[str] = evaluate("privacy/index.ts", _MASK, [mode, texts])
    return answer


def element(mode: str, attributes: dict[str, str], *children: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = evaluate("privacy/index.ts", _ELEMENT, [mode, attributes, children])
    return answer


def test_numbers_hides_digits_of_any_script_and_addresses() -> None:
    texts = ["4 of 12", "12.05.2024, 10:30", "a@b, c＠d", "٤٢ ४", "x1y", "H₂O"]

    assert masked("numbers", *texts) == [
        *("*** of ***", "***, ***", "*** ***", "***", "x***y", "H***O"),
    ]


def test_all_hides_words_and_their_lengths() -> None:
    assert masked("all", "Anna", "Annabelle", " a  b\n", "x y") == [
        "*****",
        "*****",
        " *****  *****\n",
        "***** *****",
    ]


def test_an_element_may_be_stricter_than_its_website() -> None:
    text = {"type": 3, "id": 3, "textContent": "Anna 42"}

    def shown(mode: str, mask: str) -> str:
        return str(element(mode, {"data-mask": mask}, text)["childNodes"][0]["textContent"])

    assert shown("patterns", "numbers") == "Anna ***"
    assert shown("patterns", "all") == "***** *****"
    assert shown("numbers", "all") == "***** *****"
    assert shown("all", "numbers") == "***** *****"
    assert shown("patterns", "none") == "Anna 42"


def test_attributes_follow_their_mode() -> None:
    attributes = {
        "class": "row-42",
        "title": "Anna 42",
        "data-state": "open",
        "data-user": "anna",
        "data-order": "4213",
        "style": 'content: "Anna 42"; font-family: "Open Sans"',
    }

    assert element("numbers", attributes)["attributes"] == attributes | {
        "title": "Anna ***",
        "data-order": "***",
        "style": 'content: "Anna ***"; font-family: "Open Sans"',
    }
    assert element("all", attributes)["attributes"] == attributes | {
        "title": "***** *****",
        "data-user": "***",
        "data-order": "***",
        "style": 'content: "***** *****"; font-family: "Open Sans"',
    }


@pytest.mark.parametrize("mode", ["patterns", "numbers", "all"])
def test_preview_of_the_settings_shows_what_is_recorded(mode: str) -> None:
    preview = ROOT / "query_api/dashboard/src/settings/mask_preview.ts"
    lines = evaluate(str(preview), "() => m.PREVIEW", None)

    assert [line[mode] for line in lines] == masked(mode, *_PREVIEWED)
