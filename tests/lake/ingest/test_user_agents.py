import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.ingest.user_agents import CountryLookup, describe_client
from lake.raw.chunk_facts import Client

PIXEL = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/120.0.0.0 Mobile Safari/537.36"
)
IPAD = (
    "Mozilla/5.0 (iPad; CPU OS 16_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/16.0 Mobile/15E148 Safari/604.1"
)


def of(user_agent: str, **hints: str) -> Client:
    named = {name.replace("_", "-"): value for name, value in hints.items()}
    return describe_client(user_agent, named, country=None, visitor_id="v")


@pytest.mark.parametrize(
    ("user_agent", "device_type", "browser", "system"),
    [
        (PIXEL, "mobile", "Chrome Mobile", "Android"),
        (PIXEL.replace(" Mobile", ""), "tablet", "Chrome", "Android"),
        (
            IPAD,
            "tablet",
            "Mobile Safari",
            "iOS",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0",
            "desktop",
            "Firefox",
            "Windows",
        ),
        (
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "bot",
            "Googlebot",
            None,
        ),
        ("", "unknown", None, None),
    ],
)
def test_a_user_agent_tells_device_browser_and_system(
    user_agent: str, device_type: str, browser: str | None, system: str | None
) -> None:
    client = of(user_agent)

    assert (client.device_type, client.browser_name, client.os_name) == (
        device_type,
        browser,
        system,
    )


def test_client_hints_win_over_a_frozen_user_agent() -> None:
    client = of(
        PIXEL,
        sec_ch_ua_model='"Pixel 8"',
        sec_ch_ua_platform='"Android"',
        sec_ch_ua_platform_version='"14.0.0"',
        sec_ch_ua_mobile="?1",
    )

    assert (client.device_model, client.os_version) == ("Pixel 8", "14.0.0")
    windows = of("", sec_ch_ua_platform='"Windows"', sec_ch_ua_platform_version='"15.0.0"')
    assert (windows.os_version, windows.device_type) == ("11", "desktop")


@given(user_agent=st.text(), model=st.text(), platform=st.text())
@pytest.mark.attack(27, 29, 30)
def test_whatever_a_client_says_is_short_text_without_controls(
    user_agent: str, model: str, platform: str
) -> None:
    """Attacks 27, 29 and 30: text without line breaks and without marks of direction."""
    client = of(user_agent, sec_ch_ua_model=f'"{model}"', sec_ch_ua_platform=f'"{platform}"')

    for text in (client.device_model, client.os_name, client.browser_name):
        assert text is None or (len(text) <= 64 and not set(text) & set("\r\n\0\x1b\u202e"))


def test_lone_surrogates_are_replaced() -> None:
    """An imported recording may contain any string that JSON allows."""
    client = describe_client(
        "Mozilla/5.0 \ud800", {"sec-ch-ua-model": '"P\udfff"'}, country=None, visitor_id="v"
    )

    assert client.device_model == "P?"


def test_missing_country_file_returns_none_and_warns_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        countries = CountryLookup(str(tmp_path / "none.mmdb"))
        assert [countries.of(ip) for ip in ("8.8.8.8", "::1", "x")] == [None] * 3

    assert len(caplog.records) == 1
    assert "REPLAY_GEO_PATH" in caplog.text
