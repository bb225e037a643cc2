"""A lake that looks like one in use: two weeks of the demo's shop, and a visitor who is there now.

The robots of `orchestration.demo` walk through the shop, faster than people do, and are really
recorded. Each of their visits is then imported again at other times, as somebody else's.
"""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import uvicorn
from playwright.sync_api import Browser, Error

from lake.compaction import compact_day
from lake.control import api_keys, websites
from lake.ingest import user_agents
from lake.ingest.import_recording import import_recording
from lake.reading.lake_snapshot import Lake
from lake.reading.replay import replay
from lake.reading.session_filters import SessionQuery
from lake.reading.session_list import list_sessions
from lake.settings import Settings
from lake.storage.base import Store
from lake.tables.daily_summary import summarise_day
from lake.timestamps import utc_day
from orchestration.demo import seeding
from orchestration.demo.hands import Hands
from orchestration.demo.journeys import JOURNEYS
from orchestration.demo.people import BROWSERS, NETWORKS
from orchestration.demo.ports import HOST
from orchestration.demo.proxy import running_proxy
from orchestration.demo.robots import visit
from orchestration.demo.seeding import Demo
from orchestration.demo.shop.app import create_app

DAYS = 14
_PACE = 0.3  # factor on the robots' pauses, which are made for human viewers
_DAY_MS = 86_400_000
_BUSY_HOURS = 9, 22  # UTC; visitors sleep


class Sample(NamedTuple):
    """Ids and times of the sample lake for the pictures."""

    demo: Demo
    empty_key: str


def seed(store: Store, settings: Settings, note: Path, shop_port: int) -> Sample:
    """Make the demo's website, and another one of which nothing was ever recorded."""
    now_ms = _now_ms()
    demo = seeding.seed(store, settings, note, shop_port=shop_port, now_ms=now_ms)
    other = websites.create(store, "Journal", plan="pro", origins=("*",), now_ms=now_ms)
    websites.change(store, other.website_id, {"enable_session_replay": True})
    key = api_keys.create(store, website_id=other.website_id, role="viewer", now_ms=now_ms)
    return Sample(demo, key)


@contextmanager
def shop(port: int, ingest_url: str, website_id: str) -> Iterator[str]:
    """Run the shop, and yield its address."""
    config = uvicorn.Config(
        create_app(ingest_url, website_id), host=HOST, port=port, log_config=None
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="shop", daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://{HOST}:{port}"
    server.should_exit = True
    thread.join()


def walk(browser: Browser, shop_url: str, visits: int) -> None:
    """Let the robots make so many visits, each journey as often as the others."""
    choice = random.Random(7)
    with running_proxy() as proxy:
        for number in range(visits):
            journey = JOURNEYS[number % len(JOURNEYS)]
            try:
                visit(browser, proxy, shop_url, journey, choice, pace=_PACE)
            except Error as error:  # a busy machine: what was recorded until then is a visit too
                print(f"{journey.__name__}: {error}")


@contextmanager
def somebody_there(browser: Browser, shop_url: str) -> Iterator[None]:
    """A visitor whose session still goes on."""
    person = BROWSERS[0]
    context = browser.new_context(
        viewport={"width": 1440, "height": 900}, user_agent=person.user_agent
    )
    page = context.new_page()
    page.goto(shop_url, wait_until="load")
    hands = Hands(page, random.Random(3), is_touch=False, pace=_PACE)
    hands.click("[data-consent=yes]")
    hands.scroll(600)
    page.wait_for_timeout(3_000)  # until the recorder has sent it
    yield
    context.close()


def repeat(lake: Lake, demo: Demo, folder: Path, copies: int) -> None:
    """Import what was recorded `copies` times more, spread over the last days."""
    website = websites.get(lake.store, demo.website_id)
    choice = random.Random(11)
    now_ms = _now_ms()
    rows = list_sessions(lake, website, SessionQuery(limit=200)).rows
    countries = user_agents.CountryLookup(lake.settings.geo_path)
    for row in rows:
        file = folder / "recording.ndjson"
        with file.open("wb") as out:
            for piece in replay(lake, website, row["session_id"]).pieces:
                out.write(piece.text())
        is_touch = row["device_type"] == "mobile"
        for _ in range(copies):
            import_recording(
                lake.store,
                lake.settings,
                file,
                website_id=demo.website_id,
                now_ms=now_ms,
                at_ms=_moment(choice, now_ms),
                client=user_agents.describe_client(
                    choice.choice([b for b in BROWSERS if b.is_touch == is_touch]).user_agent,
                    {},
                    country=countries.of(f"{choice.choice(NETWORKS)}.1"),
                    visitor_id=f"{choice.getrandbits(128):032x}",
                ),
            )
    countries.close()


def compact(store: Store, settings: Settings) -> None:
    """Do what Dagster would have done by now."""
    today = utc_day(_now_ms())
    for ago in range(DAYS + 2):
        day: date = today - timedelta(days=ago)
        compact_day(store, settings, day, now_ms=_now_ms())
        summarise_day(store, day)


def _moment(choice: random.Random, now_ms: int) -> int:
    """Return a random time of the last days, more often recent, rarely at night."""
    day = now_ms // _DAY_MS - int(DAYS * choice.random() ** 1.3)
    hour = choice.triangular(*_BUSY_HOURS)
    return min(int(day * _DAY_MS + hour * 3_600_000), now_ms - choice.randrange(600_000, 7_200_000))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
