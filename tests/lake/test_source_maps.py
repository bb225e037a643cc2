"""Source maps: decoded, stored without what sources hold, and applied to stacks."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import lake.source_maps.decode as decoding
from lake.control import websites
from lake.errors import Damaged, WebsiteMissing
from lake.operations.check.run import check
from lake.settings import Settings
from lake.source_maps.decode import (
    DecodedSourceMap,
    OriginalPosition,
    SourceMapMalformed,
    decode,
    pack,
    unpack,
)
from lake.source_maps.store import (
    SourceMapMissing,
    file_url,
    key_of,
    list_all,
    prepare,
    put,
    remove,
)
from lake.source_maps.symbolicate import SourceMaps, symbolicate_stack
from lake.storage.base import Store

NOW_MS = 1_795_000_000_000
URL = "https://shop.example/assets/app.3f9a1c2e.js"
DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
# (line, column) of the generated file, source, line, column, name; all from 0; None: nothing.
Segment = tuple[int, int, int | None, int, int, int | None]


def vlq(number: int) -> str:
    rest = (abs(number) << 1) | (number < 0)
    text = ""
    while True:
        rest, digit = rest >> 5, rest & 31
        text += DIGITS[digit | (32 if rest else 0)]
        if not rest:
            return text


def written(segments: list[Segment], sources: int = 3, names: int = 3) -> dict[str, Any]:
    """A map as a bundler writes it."""
    lines: list[str] = []
    at = [0, 0, 0, 0]
    column = 0
    for line, generated, source, *place, name in segments:
        while len(lines) <= line:
            lines.append("")
            column = 0
        fields = [generated - column]
        column = generated
        if source is not None:
            now = [source, *place, at[3] if name is None else name]
            fields += [number - before for number, before in zip(now, at, strict=True)]
            fields = fields if name is not None else fields[:4]
            at = now
        lines[-1] += ("," if lines[-1] else "") + "".join(map(vlq, fields))
    return {
        "version": 3,
        "sources": [f"src/{number}.ts" for number in range(sources)],
        "names": [f"name{number}" for number in range(names)],
        "mappings": ";".join(lines),
        "sourcesContent": ["const secret = 1"] * sources,
    }


def body(source_map: dict[str, Any]) -> bytes:
    return json.dumps(source_map).encode()


def decoded(source_map: dict[str, Any]) -> DecodedSourceMap:
    return decode(body(source_map))[0]


NUMBER = st.integers(0, 3000)
SEGMENTS = st.lists(
    st.tuples(
        st.integers(0, 4), NUMBER, st.none() | st.integers(0, 2), NUMBER, NUMBER,
        st.none() | st.integers(0, 2),
    ),
    max_size=30, unique_by=lambda first: first[:2],
).map(lambda source_map: sorted(source_map, key=lambda first: first[:2]))  # fmt: skip


@hypothesis_settings(deadline=None)
@given(SEGMENTS, st.integers(1, 6), NUMBER)
def test_a_place_is_that_of_the_last_segment_before_it(
    segments: list[Segment], line: int, column: int
) -> None:
    before = [
        segment for segment in segments if segment[0] == line - 1 and segment[1] < max(column, 1)
    ]
    match = unpack(pack(decoded(written(segments)))).find(line, max(column, 1))

    if not before or before[-1][2] is None:
        assert match is None
    else:
        *_, source, at_line, at_column, name = before[-1]
        assert match == OriginalPosition(
            f"src/{source}.ts",
            at_line + 1,
            at_column + 1,
            "" if name is None else f"name{name}",
        )


@hypothesis_settings(deadline=None, max_examples=40)
@given(SEGMENTS, SEGMENTS, NUMBER)
def test_sections_are_maps_one_after_the_other(
    first: list[Segment], other: list[Segment], column: int
) -> None:
    last = max([segment[:2] for segment in first], default=(0, 0))
    offset = {"line": last[0], "column": last[1] + 1}
    sections = [
        {"offset": {"line": 0, "column": 0}, "map": written(first)},
        {"offset": offset, "map": written(other)},
    ]
    joined = decoded({"version": 3, "sections": sections})

    for line, at, *_ in first:
        assert joined.find(line + 1, at + 1) == decoded(written(first)).find(line + 1, at + 1)
    for line, at, *_ in other:
        moved = at + offset["column"] if line == 0 else at
        expected = decoded(written(other)).find(line + 1, at + 1)
        assert joined.find(line + last[0] + 1, moved + 1) == expected


def test_segments_out_of_order_are_sorted() -> None:
    source_map = decoded({"version": 3, "sources": ["a"], "names": [], "mappings": "UAAA,VAAU"})

    assert [
        place and place.column for place in (source_map.find(1, 1), source_map.find(1, 11))
    ] == [11, 1]


def test_source_names_get_their_root_and_a_guard_is_skipped() -> None:
    document = written([(0, 0, 0, 0, 0, None)]) | {
        "sourceRoot": "webpack://shop/",
        "file": "app.js",
    }
    document["sources"][1] = None

    source_map, file = decode(b")]}'\n" + body(document))

    assert source_map.sources == [
        "webpack://shop/src/0.ts",
        "webpack://shop/",
        "webpack://shop/src/2.ts",
    ]
    assert file == "app.js"


GOOD = written([(0, 0, 0, 0, 0, 0)])


def in_sections(source_map: list[tuple[int, dict[str, Any] | None]]) -> dict[str, Any]:
    """Maps, each from a line on; None: it is elsewhere."""
    sections = [
        {"offset": {"line": line, "column": 0}} | ({"map": section} if section else {"url": "x"})
        for line, section in source_map
    ]
    return {"version": 3, "sections": sections}


HOSTILE: dict[str, Any] = {
    "no JSON": b"{",
    "no object": b"[]",
    "deep": b"[" * 100_000,
    "no map": b"{}",
    "old": GOOD | {"version": 2},
    "text": GOOD | {"mappings": 7},
    "no segment": GOOD | {"mappings": "A!AA"},
    "beyond ASCII": GOOD | {"mappings": "A\u00c4AA"},
    "two fields": GOOD | {"mappings": "AA"},
    "unended": GOOD | {"mappings": "AAAg"},
    "empty": GOOD | {"mappings": "AAAA,,AAAA"},
    "huge": GOOD | {"mappings": "A" + "+" * 40 + "AAA"},
    "before the first column": GOOD | {"mappings": "DAAA"},
    "before the first line": GOOD | {"mappings": "AADA"},
    "before the first source": GOOD | {"mappings": "ADAA"},
    "source that is not there": GOOD | {"mappings": "AGAA"},
    "name that is not there": GOOD | {"mappings": "AAAAG"},
    "section elsewhere": in_sections([(0, None)]),
    "section before the first line": in_sections([(-1, GOOD)]),
    "far section": in_sections([(2**40, GOOD)]),
    "sections within": in_sections([(0, in_sections([(0, GOOD)]))]),
    "sections back": in_sections([(3, GOOD), (1, GOOD)]),
    "lines": GOOD | {"mappings": ";" * 51},
    "segments": GOOD | {"mappings": ",".join(["AAAA"] * 51)},
    "bytes": GOOD | {"x": "x" * 9_000},
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_map_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "LINES_MAX", 50)
    monkeypatch.setattr(decoding, "SEGMENTS_MAX", 50)
    monkeypatch.setattr(decoding, "MAP_BYTES_MAX", 9_000 if name != "deep" else 200_000)
    hostile = HOSTILE[name]

    with pytest.raises(SourceMapMalformed):
        decode(hostile if isinstance(hostile, bytes) else body(hostile))


@hypothesis_settings(deadline=None)
@given(st.text("AAAACDgh;,+/!", max_size=80), st.binary(max_size=50))
def test_any_text_is_decoded_or_refused(mappings: str, raw: bytes) -> None:
    for item in (body(GOOD | {"mappings": mappings}), raw):
        try:
            source_map, _ = decode(item)
        except SourceMapMalformed:
            continue
        assert unpack(pack(source_map)) == source_map
        assert source_map.starts[-1] == len(source_map.columns)


def test_damage_is_seen() -> None:
    packed = pack(decoded(GOOD))

    for damaged in (packed[:-3], b"", packed[:9] + b"x" + packed[10:]):
        with pytest.raises(Damaged):
            unpack(damaged)


@pytest.fixture
def website_id(store: Store) -> str:
    return websites.create(store, "Shop", now_ms=NOW_MS).website_id


def upload(
    store: Store, website_id: str, source_map: dict[str, Any] = GOOD, url: str = f"{URL}?v=1#a"
) -> None:
    made = prepare(website_id, url, body(source_map), now_ms=NOW_MS)
    put(store, website_id, [made], by="cli", now_ms=NOW_MS)


def test_what_sources_hold_is_never_stored(store: Store, website_id: str) -> None:
    upload(store, website_id)

    assert [head.url for head in list_all(store, website_id)] == [URL]
    stored = store.get(key_of(website_id, URL))
    source_map = unpack(stored.partition(b"\n")[2])
    assert (source_map.sources[0], source_map.names[0]) == ("src/0.ts", "name0")
    assert not any("secret" in text for text in (*source_map.sources, *source_map.names))
    assert b"secret" not in stored


def test_a_map_may_tell_its_files_address_itself() -> None:
    assert prepare("w_a", None, body(GOOD | {"file": URL}), now_ms=NOW_MS).head.url == URL


@pytest.mark.parametrize(
    "url",
    [None, "app.js", "https://shop.example/app.d41d8cd98f00b204e9800998ecf8427e.js",
     "https://shop.example/ann@shop.example/app.js", f"https://a.example/{'a' * 3000}"],
)  # fmt: skip
def test_a_file_that_no_stack_will_name_so_is_refused(url: str | None) -> None:
    with pytest.raises(SourceMapMalformed):
        prepare("w_a", url, body(GOOD), now_ms=NOW_MS)


def test_maps_are_of_one_website_and_go_one_by_one(store: Store, website_id: str) -> None:
    other = websites.create(store, "Other", now_ms=NOW_MS).website_id
    upload(store, website_id)
    upload(store, website_id, url="https://shop.example/b.js")
    upload(store, other)

    with pytest.raises(SourceMapMissing):
        remove(store, website_id, [URL, "https://shop.example/c.js"], by="cli", now_ms=NOW_MS)
    assert len(list_all(store, website_id)) == 2
    assert remove(store, website_id, [f"{URL}?v=2"], by="cli", now_ms=NOW_MS) == [URL]

    assert [head.url for head in list_all(store, website_id)] == ["https://shop.example/b.js"]
    assert [head.url for head in list_all(store, other)] == [URL]
    with pytest.raises(WebsiteMissing):
        upload(store, "w_none")


def test_check_accepts_source_maps_and_finds_damaged_ones(
    store: Store, settings: Settings, website_id: str
) -> None:
    def kinds() -> list[str]:
        return sorted(item.kind for item in check(store, settings, now_ms=NOW_MS))

    upload(store, website_id)
    before = kinds()
    key = key_of(website_id, URL)
    good = store.get(key)
    store.put(key_of(website_id, "https://shop.example/b.js"), good)  # under another's name
    store.put(key_of(website_id, "https://shop.example/c.js"), good[:-3])
    store.put(f"control/source_maps/{website_id}/note.txt", b"")

    added = ["control-damaged", "control-damaged", "foreign-object"]
    assert "control-damaged" not in before
    assert kinds() == sorted([*before, *added])


STACK = f"""TypeError: no
    at t ({URL}:1:11)
    at Array.map (<anonymous>)
    at async n ({URL}?v=3:1:31)
    at Object.<anonymous> ({URL}:2:1)
    at https://cdn.example/lib.js:3:3"""
MAP = written(
    [
        (0, 0, 0, 4, 2, None),
        (0, 10, 1, 20, 4, 0),
        (0, 20, None, 0, 0, None),
        (0, 30, 2, 7, 0, 1),
        (1, 0, 2, 8, 0, 2),
    ]
)


def rows(*stacks: str | None) -> list[dict[str, Any]]:
    return [{"stack": stack} for stack in stacks]


def test_a_stack_gets_its_original_files_places_and_names(store: Store, website_id: str) -> None:
    upload(store, website_id, MAP)
    maps = SourceMaps(store, lambda: NOW_MS, 10_000)

    (row, none, foreign) = maps.applied(
        website_id, rows(STACK, None, "    at t (https://cdn.example/lib.js:1:11)")
    )

    assert row["stack"] == STACK
    assert row["stack_original"].splitlines() == [
        "    at t (src/1.ts:21:5)",
        "    at Array.map (<anonymous>)",
        "    at async name2 (src/2.ts:8:1)",
        "    at Object.<anonymous> (src/2.ts:9:1)",
        "    at https://cdn.example/lib.js:3:3",
    ]
    assert (none["stack_original"], foreign["stack_original"]) == (None, None)


def test_another_websites_maps_are_not_applied(store: Store, website_id: str) -> None:
    other = websites.create(store, "Other", now_ms=NOW_MS).website_id
    upload(store, website_id, MAP)
    maps = SourceMaps(store, lambda: NOW_MS, 10_000)

    assert maps.applied(other, rows(STACK)) == [{"stack": STACK, "stack_original": None}]


def test_new_map_replaces_the_old_and_a_removed_one_is_dropped(
    store: Store, website_id: str
) -> None:
    now_ms = NOW_MS
    maps = SourceMaps(store, lambda: now_ms, 10_000)

    def first_line() -> str | None:
        (row,) = maps.applied(website_id, rows(f"    at t ({URL}:1:1)"))
        original: str | None = row["stack_original"]
        return original and original.strip()

    assert first_line() is None
    upload(store, website_id)
    assert first_line() is None  # believed for a while
    now_ms += 10_000
    assert first_line() == "at t (src/0.ts:1:1)"
    upload(store, website_id, written([(0, 0, 2, 6, 0, None)]))
    now_ms += 10_000
    assert first_line() == "at t (src/2.ts:7:1)"
    remove(store, website_id, [URL], by="cli", now_ms=NOW_MS)
    now_ms += 10_000
    assert first_line() is None


def test_a_damaged_map_leaves_stacks_as_they_came(store: Store, website_id: str) -> None:
    upload(store, website_id, MAP)
    key = key_of(website_id, URL)
    store.put(key, store.get(key)[:-3])
    maps = SourceMaps(store, lambda: NOW_MS, 10_000)

    assert maps.applied(website_id, rows(STACK)) == [{"stack": STACK, "stack_original": None}]


def test_no_name_of_a_source_makes_lines_of_its_own() -> None:
    evil = OriginalPosition("a\nb\u2028    at c", 1, 1, "")

    assert (
        symbolicate_stack("    at t (https://a/b.js:1:1)", lambda _: evil)
        == "    at t (a b     at c:1:1)"
    )


def test_addresses_go_without_query_and_fragment() -> None:
    assert file_url("https://a/b.js?c#d") == file_url("https://a/b.js#d?c") == "https://a/b.js"
