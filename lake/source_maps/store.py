"""The source maps of a website: one object for each generated file, by its address.

The address is that of the file as in stacks, without query and fragment. A new upload replaces the
former map. Maps are deleted with their website; erasures leave them, as they contain no personal
data.
"""

import hashlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from lake.control import audit_entries, websites
from lake.errors import Damaged, FormatUnknown, Missing, ObjectMissing
from lake.raw.redaction import URL_LENGTH_MAX, scrub_text, scrub_url
from lake.source_maps.decode import DecodedSourceMap, SourceMapMalformed, decode, pack, unpack
from lake.storage import keys
from lake.storage.base import Store
from lake.timestamps import iso

FORMAT = 1
_HEAD_BYTES_MAX = 4 * URL_LENGTH_MAX + 1024


class SourceMapMissing(Missing):
    """A website has no source map for this file."""

    kind = "source-map-missing"


class SourceMapHeader(msgspec.Struct, frozen=True, kw_only=True):
    """Header of a stored map: the first line of the object."""

    format: int
    website_id: str
    url: str
    uploaded_at: str
    source_count: int
    segment_count: int


class EncodedSourceMap(NamedTuple):
    """A map that is ready to be stored."""

    head: SourceMapHeader
    body: bytes


def prepare(website_id: str, url: str | None, body: bytes, *, now_ms: int) -> EncodedSourceMap:
    """Decode a map as a bundler wrote it.

    Args:
        url: Address of the generated file; None: the map's own `file` must have it.

    Raises:
        SourceMapMalformed: It is no map, or no stack can contain this address.
    """
    decoded, file = decode(body)
    url = file_url(url or file or "")
    if "://" not in url:
        raise SourceMapMalformed(f"where is {url or 'its file'} on the website? Give --url-prefix")
    if len(url) > URL_LENGTH_MAX or scrub_url(url) != url or scrub_text(url) != url:
        raise SourceMapMalformed(
            f"{url[:200]} looks as if it held a secret, so that stacks hide a part of it: "
            "shorten the hash in its name to less than 32 characters"
        )
    head = SourceMapHeader(
        format=FORMAT,
        website_id=website_id,
        url=url,
        uploaded_at=iso(now_ms),
        source_count=len(decoded.sources),
        segment_count=len(decoded.columns),
    )
    return EncodedSourceMap(head, msgspec.json.encode(head) + b"\n" + pack(decoded))


def put(
    store: Store, website_id: str, made: Iterable[EncodedSourceMap], *, by: str, now_ms: int
) -> None:
    """Store maps of a website, each atomically.

    Raises:
        WebsiteMissing, StoreUnavailable.
    """
    websites.get(store, website_id)
    maps = list(made)
    _record_audit(
        store, website_id, by, "source-map-stored", [encoded.head.url for encoded in maps], now_ms
    )
    for encoded in maps:
        assert encoded.head.website_id == website_id
        store.put(key_of(website_id, encoded.head.url), encoded.body)


def list_all(store: Store, website_id: str) -> list[SourceMapHeader]:
    """Return the headers of a website's maps, by address.

    Raises:
        WebsiteMissing, Damaged, StoreUnavailable.
    """
    websites.get(store, website_id)
    return sorted(_read_headers(store, website_id), key=lambda head: head.url)


def remove(
    store: Store, website_id: str, urls: Iterable[str], *, by: str, now_ms: int
) -> list[str]:
    """Remove the maps of these files; return their addresses.

    Raises:
        WebsiteMissing, StoreUnavailable.
        SourceMapMissing: There is none for one of them; nothing is removed.
    """
    websites.get(store, website_id)
    stored = {item.key for item in store.list(keys.source_maps_prefix(website_id))}
    file_urls = [file_url(url) for url in urls]
    for url in file_urls:
        if key_of(website_id, url) not in stored:
            raise SourceMapMissing(f"there is no source map for {url[:200]}")
    _record_audit(store, website_id, by, "source-map-removed", file_urls, now_ms)
    store.delete(key_of(website_id, url) for url in file_urls)
    return file_urls


def read(store: Store, key: str) -> tuple[SourceMapHeader, DecodedSourceMap]:
    """Return a stored map.

    Raises:
        ObjectMissing, Damaged, StoreUnavailable.
    """
    line, _, body = store.get(key).partition(b"\n")
    head = _decode_header(line, key)
    try:
        return head, unpack(body)
    except Damaged as error:
        raise Damaged(f"{key}: {error}") from error


def file_url(url: str) -> str:
    """Return an address without query and fragment."""
    return url.partition("#")[0].partition("?")[0]


def key_of(website_id: str, url: str) -> str:
    """Return the key of the map for a file."""
    name = hashlib.sha256(url.encode(errors="replace")).hexdigest()[:32]
    return keys.source_map_key(website_id, name)


def _read_headers(store: Store, website_id: str) -> Iterator[SourceMapHeader]:
    for item in store.list(keys.source_maps_prefix(website_id)):
        try:
            start = store.get_range(item.key, 0, _HEAD_BYTES_MAX)
        except ObjectMissing:
            continue  # removed since the listing
        yield _decode_header(start.partition(b"\n")[0], item.key)


def _decode_header(line: bytes, key: str) -> SourceMapHeader:
    try:
        head = msgspec.json.decode(line, type=SourceMapHeader)
    except msgspec.DecodeError as error:
        raise Damaged(f"{key} is no source map: {error}") from error
    if head.format != FORMAT:
        raise FormatUnknown(f"{key} has format {head.format}, this version reads {FORMAT}")
    return head


def _record_audit(
    store: Store, website_id: str, by: str, action: str, urls: list[str], now_ms: int
) -> None:
    audit_entries.write(
        store,
        [
            audit_entries.entry(website_id, by, action, None, {"file": url}, now_ms=now_ms)
            for url in urls
        ],
    )
