"""Browsers and networks of the demo's visitors."""

from typing import NamedTuple


class Browser(NamedTuple):
    """A browser by its user agent."""

    user_agent: str
    is_touch: bool


BROWSERS = (
    Browser(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/142.0.0.0 Safari/537.36",
        is_touch=False,
    ),
    Browser(
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/18.6 Safari/605.1.15",
        is_touch=False,
    ),
    Browser(
        "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", is_touch=False
    ),
    Browser(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
        is_touch=False,
    ),
    Browser(
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
        "Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
        is_touch=True,
    ),
    Browser(
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/142.0.0.0 Mobile Safari/537.36",
        is_touch=True,
    ),
)

# Networks of universities and providers in several countries; no request is ever sent there.
NETWORKS = (
    "130.149.7",  # Germany
    "128.232.0",  # Great Britain
    "193.51.196",  # France
    "18.9.22",  # United States
    "133.11.11",  # Japan
    "143.107.1",  # Brazil
    "129.78.5",  # Australia
    "130.89.1",  # Netherlands
)
