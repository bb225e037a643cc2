"""One session as one HTML page: the built player together with the recording.

The page's policy allows one script, by its hash, and no host, so that recorded content is as
harmless in it as in the dashboard (`dashboard/vite.offline.config.ts`). The recording is base64,
which has no character with a meaning in HTML. The page shows no more than a share link does.
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
    """Yield the page of a session in pieces; the first is complete before any is sent.

    Raises:
        SessionMissing, DashboardMissing.
        Damaged, StoreUnavailable: Also while later pieces are read.
    """
    path = DIST / "offline.html"
    if not path.is_file():
        raise DashboardMissing("the page for exports is not built: run `make setup`")
    before, _, after = path.read_bytes().partition(_PLACEHOLDER)
    detail = session_detail.session_detail(lake, website, session_id)
    # The page is a copy: the session cannot continue, and its frames are not fetched.
    recording = {**serializers.shared_session(detail), "isLive": False, "frames": []}
    about = {"recording": recording, "startAt": detail.row["first_at_ms"]}
    yield before + b"".join(_data_element(b"about", "", [msgspec.json.encode(about)]))
    pages = list(dict.fromkeys(view.page_id for view in detail.pages))
    for page_id in pages if len(pages) > 1 else [None]:
        part = replay(lake, website, session_id, page_id=page_id)
        lines = (piece.text() for piece in anonymize_replay(part.pieces))
        yield from _data_element(b"events", page_id or "", lines)
    yield after


def _data_element(kind: bytes, page_id: str, texts: Iterable[bytes]) -> Iterator[bytes]:
    """Yield an inert script element that holds gzip in base64."""
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
