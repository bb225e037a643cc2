"""One session as one page: the player that `vite build` made, and all that it plays.

The page names the one script that may run by its hash and no host at all, so that what was recorded
is as harmless in it as in the dashboard (`dashboard/vite.offline.config.ts`). What it holds stands
in base64, of which no letter means anything to HTML. It tells no more than a link does.
"""

import base64
from collections.abc import Iterable, Iterator

import msgspec
from isal import isal_zlib

from lake.control.websites import Website
from lake.reading import session_detail
from lake.reading.anonymize import anonymize_replay
from lake.reading.lake_snapshot import Lake
from lake.reading.replay import replay
from query_api import serializers
from query_api.routes.dashboard_files import DIST, DashboardMissing

_PLACEHOLDER = b"<!-- recording -->"
_LEVEL = 3
_GZIP = 31  # zlib's name for a gzip member


def page(lake: Lake, website: Website, session_id: str) -> Iterator[bytes]:
    """Yield the page of a session, piece by piece; the first is whole before any is sent.

    Raises:
        SessionMissing, DashboardMissing.
        Damaged, StoreUnavailable: Also while more is taken.
    """
    path = DIST / "offline.html"
    if not path.is_file():
        raise DashboardMissing("the page for exports is not built: run `make setup`")
    before, _, after = path.read_bytes().partition(_PLACEHOLDER)
    detail = session_detail.session_detail(lake, website, session_id)
    # It goes on no more, and is read as a whole.
    told = {**serializers.shared_session(detail), "isLive": False, "frames": []}
    about = {"recording": told, "startAt": detail.row["first_at_ms"]}
    yield before + b"".join(_data_element(b"about", "", [msgspec.json.encode(about)]))
    pages = list(dict.fromkeys(view.page_id for view in detail.pages))
    for page_id in pages if len(pages) > 1 else [None]:
        found = replay(lake, website, session_id, page_id=page_id)
        lines = (piece.text() for piece in anonymize_replay(found.pieces))
        yield from _data_element(b"events", page_id or "", lines)
    yield after


def _data_element(kind: bytes, page_id: str, texts: Iterable[bytes]) -> Iterator[bytes]:
    """Yield an element that no browser runs, with gzip in base64."""
    assert page_id.replace("-", "").isalnum() or not page_id, page_id
    yield b'<script type="text/plain" data-part="%s" data-page="%s">' % (kind, page_id.encode())
    compressor = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _GZIP)
    held = b""
    for text in texts:
        held += compressor.compress(text)
        whole = len(held) - len(held) % 3
        yield base64.b64encode(held[:whole])
        held = held[whole:]
    yield base64.b64encode(held + compressor.flush())
    yield b"</script>\n"
