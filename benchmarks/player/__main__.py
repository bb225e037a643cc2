"""Waiting times of the dashboard: the list, the first frame, a seek; and memory.

    python -m benchmarks.player [--sessions 1000000] [--long-mb 100] [--seeks 30] [--watch-s 30]

One Chromium at the real dashboard of a real query API, and at a page of the same server with
rrweb-player, and with rrweb's Replayer, as their documentation says: fetch all, then construct.
Painted means: in the document, and two pictures later. Sessions are made of recordings
(`benchmarks/recorded.py`); that of an hour has so many bytes because its visitor is that busy.
"""

import argparse
import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from playwright.sync_api import Browser, CDPSession, Page, ViewportSize

from benchmarks.machine import MB, quantile, say, scratch, show, verdict
from benchmarks.player.served import Watched, command, fill_list, fill_sessions, rival
from lake.settings import Settings
from tests.recorder.browser import launched
from tests.support.processes import serving

_WATCH = (Path(__file__).parent / "pages" / "watch.js").read_text()
_VIEW: ViewportSize = {"width": 1440, "height": 900}
_LISTS = {
    "newest first": "/sessions",
    "with errors": "/sessions?hasErrors=true",
    "highest score": "/sessions?sort=frustration",
    "address contains": "/sessions?url=section-3",
}
_ROUNDS = 5
_PLAYED_MS = 10_000
_LIST_MAX_MS, _FRAME_MAX_MS, _SEEK_MAX_MS, _HEAP_MAX_MB = 300, 500, 1000, 300
_ALL = _OURS, _PLAYER, _REPLAYER = "replaylake", "rrweb-player", "Replayer"
# Where the player is, and that nothing keeps it from showing it.
_AT = """(s) => {
  const at = Number(document.querySelector(".player-strip")?.getAttribute("aria-valuenow"));
  return Math.abs(at - s) <= 1 && !document.querySelector(".player-loading") && bench.hasFrame();
}"""
_SEEK = f"""([x, s]) => {{
  const strip = document.querySelector(".player-strip");
  const box = strip.getBoundingClientRect();
  const place = {{ clientX: box.left + x * box.width, clientY: box.top + 5, pointerId: 1 }};
  const isThere = {_AT};
  strip.setPointerCapture = () => {{}};
  return bench.after(() => {{
    for (const type of ["pointerdown", "pointerup"])
      strip.dispatchEvent(new PointerEvent(type, {{ ...place, bubbles: true, button: 0 }}));
  }}, () => isThere(s));
}}"""

Row = tuple[object, ...]


class Desk:
    """A browser at one server."""

    def __init__(self, browser: Browser, url: str, key: str) -> None:
        self._browser = browser
        self._url = url
        self._key = key

    @contextmanager
    def tab(self) -> Iterator[Page]:
        """Open a tab that is signed in."""
        context = self._browser.new_context(base_url=self._url, viewport=_VIEW)
        context.add_init_script(_WATCH)
        tab = context.new_page()
        tab.set_default_timeout(120_000)
        tab.goto(f"/#key={self._key}")
        tab.get_by_role("navigation").wait_for()
        yield tab
        context.close()


class Thread:
    """The CPU time of a tab's main thread, which other programs disturb less than the clock."""

    def __init__(self, tab: Page) -> None:
        self._tab = tab
        self._devtools: CDPSession = tab.context.new_cdp_session(tab)
        self._devtools.send("Performance.enable", {"timeDomain": "threadTicks"})

    def painted(self, path: str, is_there: str) -> tuple[float, float]:
        """Navigate, and return the ms until it is painted, and the main thread's of them."""
        self._tab.goto(path, wait_until="commit")
        begun_ms = self._ms()  # of the page's process, which may be a new one
        took: float = self._tab.evaluate(f"bench.painted({is_there})")
        return took, self._ms() - begun_ms

    def _ms(self) -> float:
        metrics = self._devtools.send("Performance.getMetrics")["metrics"]
        time_ms: float = next(
            1000 * metric["value"] for metric in metrics if metric["name"] == "ThreadTime"
        )
        return time_ms


def main(argv: Sequence[str] | None = None) -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="benchmarks.player", description=__doc__)
    parser.add_argument("--sessions", type=int, default=1_000_000, help="in the list")
    parser.add_argument("--long-mb", type=int, default=100, help="of the session of an hour")
    parser.add_argument("--seeks", type=int, default=30)
    parser.add_argument("--watch-s", type=int, default=30, help="at 8x, before the heap is read")
    parser.add_argument("--only", choices=("list", "player"))
    args = parser.parse_args(argv)
    bars: list[tuple[str, str, str, bool]] = []
    with ExitStack() as stack:
        folder = stack.enter_context(scratch())
        pages = rival(folder / "rival")
        browser = stack.enter_context(launched())
        if args.only != "player":
            key = fill_list(folder / "list", args.sessions)
            with serving(Settings(), folder / "log", command=command(pages, folder / "list")) as it:
                bars += _list(Desk(browser, it.url, key), args.sessions)
        if args.only != "list":
            watched = fill_sessions(folder / "lake", args.long_mb)
            with serving(Settings(), folder / "log", command=command(pages, folder / "lake")) as it:
                desk = Desk(browser, it.url, watched.key)
                bars += _first_frames(desk, watched)
                bars += _watching(desk, watched, args.seeks, args.watch_s)
    show("bars", ("what", "measured", "bar", ""), [(*bar, verdict(ok)) for *bar, ok in bars])


def _list(desk: Desk, sessions: int) -> Iterator[tuple[str, str, str, bool]]:
    """Navigate to the list, in several orders, by the address bar."""
    say("the list")
    rows: list[Row] = []
    every: list[float] = []
    with desk.tab() as tab:
        clock = Thread(tab)
        for name, path in _LISTS.items():
            paints = [clock.painted(path, "bench.hasRows") for _ in range(_ROUNDS + 1)]
            times = [took for took, _ in paints]
            work = quantile([worked for _, worked in paints[1:]], 0.5)
            rows.append((name, f"{times[0]:,.0f}", *_quantiles(times[1:]), f"{work:,.0f}"))
            every += times[1:]
    show(
        f"the list at {sessions:,} sessions, painted after navigation, ms",
        ("list", "first time", "p50", "most", "CPU"),
        rows,
    )
    worst = quantile(every, 0.95)
    yield (
        "list painted, p95", f"{worst:,.0f} ms", f"≤ {_LIST_MAX_MS} ms", worst <= _LIST_MAX_MS
    )  # fmt: skip


def _first_frames(desk: Desk, watched: Watched) -> Iterator[tuple[str, str, str, bool]]:
    """Open each session with each player, in turns."""
    say("first frames")
    sessions = {
        "5 minutes": watched.short,
        f"an hour, {watched.long_bytes / MB:,.0f} MB": watched.long,
        "live": watched.live,
    }
    rows: list[Row] = []
    with desk.tab() as tab:
        clock = Thread(tab)
        for name, session_id in sessions.items():
            ways = {
                _OURS: f"/sessions/{session_id}",
                _PLAYER: f"/rival/rival.html?with=player&session={session_id}",
                _REPLAYER: f"/rival/rival.html?with=replayer&session={session_id}",
            }
            took: dict[str, list[float]] = {who: [] for who in ways}
            worked: dict[str, list[float]] = {who: [] for who in ways}
            for number in range(_ROUNDS + 1):
                for who, path in ways.items():
                    painted_ms, work_ms = clock.painted(path, "bench.hasFrame")
                    if number:  # the first fills the browser's caches
                        took[who].append(painted_ms)
                        worked[who].append(work_ms)
            p50 = {who: quantile(values, 0.5) for who, values in took.items()}
            work = {who: quantile(values, 0.5) for who, values in worked.items()}
            rows.append((
                name,
                *(f"{p50[who]:,.0f}" for who in ways),
                *(f"{p50[who] / p50[_OURS]:.1f}" for who in (_PLAYER, _REPLAYER)),
                *(f"{work[who]:,.0f}" for who in ways),
            ))  # fmt: skip
            yield (
                f"first frame, {name}", f"{p50[_OURS]:,.0f} ms", f"≤ {_FRAME_MAX_MS} ms",
                p50[_OURS] <= _FRAME_MAX_MS,
            )  # fmt: skip
    show(
        "first frame after navigation, p50: ms, how many times ours, and the main thread's CPU ms",
        ("session", *_ALL, "times", "times", *("CPU" for _ in _ALL)),
        rows,
    )


def _watching(
    desk: Desk, watched: Watched, seeks: int, watch_s: int
) -> Iterator[tuple[str, str, str, bool]]:
    """Seek in the long session, watch it, and look at what is left in memory."""
    places = [random.Random(1).random() for _ in range(seeks)]
    rows: list[Row] = []
    results: dict[str, tuple[list[float], dict[str, float], float]] = {}
    for who, path, seek, speed in (
        (_OURS, f"/sessions/{watched.long}", _seek_ours, _speed_ours),
        (_PLAYER, f"/rival/rival.html?with=player&session={watched.long}", _seek, _speed),
    ):
        say(f"watching with {who}")
        with desk.tab() as tab:
            Thread(tab).painted(path, "bench.hasFrame")
            normal = tab.evaluate(f"bench.pictures({_PLAYED_MS})")
            times = [seek(tab, place) for place in places]
            speed(tab)
            fast = tab.evaluate(f"bench.pictures({_PLAYED_MS})")
            tab.wait_for_timeout(max(0, watch_s * 1000 - _PLAYED_MS))
            heap_mb = _heap_bytes(tab) / MB
        results[who] = times, fast, heap_mb
        rows.append((
            who, *_quantiles(times), f"{quantile(times, 0.95):,.0f}", f"{heap_mb:,.0f}",
            _dropped(normal), _dropped(fast), f"{fast['longestMs']:,.0f}",
        ))  # fmt: skip
    with desk.tab() as tab:
        idle = tab.evaluate(f"bench.pictures({_PLAYED_MS // 2})")
    rows.append(("nothing plays", *[""] * 4, _dropped(idle), "", f"{idle['longestMs']:,.0f}"))
    show(
        f"{seeks} seeks in the hour, ms; heap after {watch_s} s at 8x; pictures left out",
        ("player", "p50", "most", "p95", "heap MB", "dropped, 1x", "8x", "longest, ms"),
        rows,
    )
    times, _, heap_mb = results[_OURS]
    p95 = quantile(times, 0.95)
    yield "seek in the hour, p95", f"{p95:,.0f} ms", f"≤ {_SEEK_MAX_MS} ms", p95 <= _SEEK_MAX_MS
    yield (
        "heap after watching", f"{heap_mb:,.0f} MB", f"≤ {_HEAP_MAX_MB} MB",
        heap_mb <= _HEAP_MAX_MB,
    )  # fmt: skip


def _seek_ours(tab: Page, place: float) -> float:
    """Press on the timeline."""
    seconds = int(tab.locator(".player-strip").get_attribute("aria-valuemax") or 0)
    if tab.locator(".player-play[title^=Pause]").count():
        tab.keyboard.press("Space")
    took: float = tab.evaluate(_SEEK, [place, seconds * place])
    return took


def _seek(tab: Page, place: float) -> float:
    took: float = tab.evaluate(
        "(x) => bench.after(() => seekTo(x * durationMs), bench.hasFrame)", place
    )
    return took


def _speed_ours(tab: Page) -> None:
    tab.keyboard.press("Home")
    tab.get_by_role("button", name="8×").click()
    tab.keyboard.press("Space")


def _speed(tab: Page) -> None:
    tab.evaluate("watchAt(8), 0")


def _heap_bytes(tab: Page) -> float:
    """JavaScript heap after garbage collection, bytes."""
    devtools: CDPSession = tab.context.new_cdp_session(tab)
    for _ in range(2):
        devtools.send("HeapProfiler.collectGarbage")
    used = devtools.send("Runtime.getHeapUsage")
    return float(used["usedSize"]) + float(used.get("backingStorageSize", 0))


def _quantiles(times: list[float]) -> tuple[str, str]:
    return f"{quantile(times, 0.5):,.0f}", f"{max(times):,.0f}"


def _dropped(counted: dict[str, float]) -> str:
    return f"{max(0.0, 100 * counted['dropped'] / counted['due']):.0f} %"


if __name__ == "__main__":
    main()
