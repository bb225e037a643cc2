"""Redaction of secrets in short texts before the server stores them."""

import pytest

from lake.raw.redaction import scrub_text


@pytest.mark.parametrize(
    "secret",
    [
        "joe@example.com",
        "4111 1111 1111 1111",
        "078-05-1120",
        "+49 170 1234567",
        "+1 (415) 555-2671",
        "+14155552671",
        "(415) 555-2671",
        "415-555-2671",
        "415.555.2671",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N",
        "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
        "rk_test_4eC39HqLyjWDarjtT1zdp7dc",
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "xoxb-123456789012-abcdef",
        "AKIAIOSFODNN7EXAMPLE",
        "9f86d081884c7d659a2feaa0c55ad015",
        "Zm9vYmFyMTIzNDU2Nzg5MDEyMzQ1Njc4OTA=",
        "hJ5-kLm_9Qw2eRt7yUi0oPa4sDf6gHj8",
    ],
)
def test_a_secret_within_a_text_is_masked(secret: str) -> None:
    assert scrub_text(f"no answer for {secret}: again") == "no answer for ***: again"


def test_the_name_of_a_scheme_stays_before_its_secret() -> None:
    assert scrub_text("no answer for Bearer mF_9.B5f-4.1JqM") == "no answer for Bearer ***"


@pytest.mark.parametrize(
    "text",
    [
        "TypeError: Cannot read properties of undefined (reading 'price')",
        "at useProductDetailWithRecommendationsV2Query (https://a.example/assets/app.js:10:12345)",
        "at https://a.example/assets/static/js/ProductDetail-7f3a9c2b.js:1:204811",
        "session 01a1ee56-5e00-7be4-972c-9816fcdafaf7",
        "2026-11-18 11:06:40, 192.168.100.200, v10.12.3456, 415 of 5552671",
        "a bearer of good news, eyJ alone, 1 + 1234567",
    ],
)
def test_what_a_reader_needs_stays(text: str) -> None:
    assert scrub_text(text) == text


def test_a_text_is_cut_after_it_was_masked() -> None:
    """A secret that was cut first would no longer match its pattern."""
    assert scrub_text("x" * 90 + " joe@example.com", 100) == "x" * 90 + " ***"
    assert scrub_text("x" * 1000, 100) == "x" * 100
