"""`replaylake import` and `replaylake export`: recordings in, sessions out."""

import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lake.errors import LakeError, SessionMissing
from lake.timestamps import parse_iso
from orchestration.cli.context import AsJson, WebsiteId, now_ms, open_any_lake, open_lake
from orchestration.cli.extras import require
from orchestration.cli.output import print_json, print_note, progress

if TYPE_CHECKING:
    from lake.control.websites import Website
    from lake.reading.lake_snapshot import Lake
    from lake.reading.replay import Replay


class Format(StrEnum):
    """Formats of an export."""

    ndjson = "ndjson"
    json = "json"
    html = "html"


def import_(
    file: Annotated[
        Path,
        typer.Argument(
            exists=True,
            dir_okay=False,
            help="An rrweb recording: JSON array or NDJSON; plain, gzip or zstd.",
        ),
    ],
    website: WebsiteId,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="now|ISO",
            help="Shift the recording so that it begins then; without it, its own times are kept.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Import a recording as a session and print its id; one a line if the file has several."""
    from lake.ingest.import_recording import import_recording

    store, settings = open_any_lake(
        create=False
    )  # without a lake the website is reported as missing
    now = now_ms()
    with progress() as step:
        made = import_recording(
            store,
            settings,
            file,
            website_id=website,
            now_ms=now,
            at_ms=None if at is None else _at_ms(at, now),
            report=lambda done, total: step(file.name, done, total),
        )
    if as_json:
        print_json([imported._asdict() for imported in made])
        return
    for imported in made:
        print_note(f"{imported.event_count:,} events, {imported.raw_bytes:,} bytes")
        print(imported.session_id)


def export(
    session: Annotated[str, typer.Argument(metavar="SESSION", help="The session's id.")],
    website: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Its website, needed if two have this id."),
    ] = None,
    format_: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.ndjson,
) -> None:
    """Write a whole session to stdout: its events, or a page that plays it offline."""
    from lake.reading.replay import replay

    lake, owner = _resolve(session, website)
    if format_ is Format.html:
        require("query")  # its player, and what it is served with
        from query_api import offline_page

        parts = offline_page.page(lake, owner, session)
    else:
        recording = replay(lake, owner, session)
        parts = _array(recording) if format_ is Format.json else _lines(recording)
    for part in parts:
        sys.stdout.buffer.write(part)
    sys.stdout.buffer.flush()


def _at_ms(text: str, now: int) -> int:
    if text == "now":
        return now
    try:
        return int(parse_iso(text).timestamp() * 1000)
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is not a time: give now, or ISO 8601 such as 2026-11-23T09:00:00Z",
            param_hint="--at",
        ) from error


def _resolve(session_id: str, website_id: str | None) -> "tuple[Lake, Website]":
    from lake import ids
    from lake.control import websites
    from lake.reading.lake_snapshot import Lake
    from lake.reading.session_lookup import resolve_session

    ids.check_uuid7(session_id, "SESSION")
    store, settings = open_lake()
    lake = Lake(store, settings, now_ms)
    candidates = [websites.get(store, website_id)] if website_id else websites.list_all(store)
    owners = []
    for website in candidates:
        try:
            resolve_session(lake, website, session_id)
        except SessionMissing:
            continue
        owners.append(website)
    if not owners:
        raise SessionMissing(f"no session has the id {session_id}")
    if len(owners) > 1:
        names = ", ".join(owner.website_id for owner in owners)
        raise _SessionAmbiguous(f"{names} each have a session {session_id}: name one by --website")
    return lake, owners[0]


class _SessionAmbiguous(LakeError):
    kind = "session-ambiguous"


def _lines(replay: "Replay") -> Iterator[bytes]:
    return (piece.text() for piece in replay.pieces)


def _array(replay: "Replay") -> Iterator[bytes]:
    before = b"["
    for text in _lines(replay):
        yield before + text.rstrip(b"\n").replace(b"\n", b",\n")
        before = b",\n"
    yield b"]\n"
