"""Every number in `lake/FORMAT.md` is the code's. One that stands nowhere here is a failure."""

import re
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

import lake
from lake import ids, timestamps
from lake.analysis import activity, page_views
from lake.control import tombstones, visitor_salts
from lake.raw import (
    chunk_codec,
    fact_collector,
    quarantine,
    rrweb_events,
    segment_schema,
    view_budget,
)
from lake.sessions import merge, session_file, session_file_writer, summary
from lake.source_maps import store as source_maps
from lake.tables import daily_summary, partitions, row_builders

PAGE = (Path(lake.__file__).parent / "FORMAT.md").read_text()
PROSE = re.sub(r"<!-- (structs|table \w+) -->.*?<!-- /\1 -->", "", PAGE, flags=re.DOTALL)


def most(pattern: re.Pattern[str] | re.Pattern[bytes]) -> str:
    """The bounds of the last repetition in a pattern: '1 to 64'."""
    text = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode()
    return " to ".join(re.findall(r"\{(\d+),(\d+)\}", text)[-1])


WRITTEN = session_file_writer.WrittenSessionFile(b"", 0, sha256(b"").hexdigest(), None)  # type: ignore[arg-type]
GENERATION = WRITTEN.generation
PERSON = tombstones.person_hash("user", "alice")
MAP = source_maps.key_of("w_a", "https://a.example/a.js").rpartition("/")[2].partition(".")[0]
VIEWS_LENGTH = fact_collector.VIEWS_LENGTH_MAX
FROM_CODE = [
    f"CRC-32 of the website id modulo {partitions.BUCKETS}",
    f"`<generation>` is the first {len(GENERATION)} hex digits of its SHA-256",
    f"`<file>` is the first {len(MAP)} hex digits of SHA-256 of the address",
    f"the first {len(PERSON)} hex digits of SHA-256 of `visitor` or `user`",
    f"{most(fact_collector.TRIGGER_KIND)} of `a-z _`",
    f"A website id is {most(ids._WEBSITE)} of",
    f"at most {quarantine.CHUNKS_MAX} payloads and {quarantine.BYTES_MAX:,} bytes",
    f"at most {fact_collector.VIEWS_MAX} and {VIEWS_LENGTH:,} characters of addresses",
    f"at most {fact_collector.TITLE_LENGTH_MAX} characters",
    f"no frame needs a window above {session_file.WINDOW_MAX >> 20} MiB",
    f"{session_file.SKIPPABLE:#X}".replace("0X", "0x"),
    f"at most 2^{(ids.SEQ_MAX + 1).bit_length() - 1} - 1",
    f"from -{rrweb_events.AT_MS_MAX / 1e15}e15 to {rrweb_events.AT_MS_MAX / 1e15}e15",
    f"destroyed after {visitor_salts._KEEP_FOR.total_seconds() / 3600:g} hours",
    f"`replaylake.segment` = `{segment_schema.FORMAT}`",
    f"{activity.SLOTS} digits",
    f"first {page_views.CLICKS_MAX} clicks",
    f"the {daily_summary._TOP_MAX} most viewed pages",
    f"the {daily_summary._TOP_MAX} most frequent errors",
    f"at most {row_builders.URLS_BYTES_MAX >> 10} kB",
    f"past the year {datetime.fromtimestamp(ids.TIME_MS_MAX / 1000, UTC).year}",
    f"at most {chunk_codec.USERS_MAX} of at most {rrweb_events.USER_ID_LENGTH_MAX}",
    f"of less than {chunk_codec.ACTION_BYTES_MAX} bytes",
    ", ".join(map(str, rrweb_events.ACTIONS[:-1])) + f" or {rrweb_events.ACTIONS[-1]}",
    f"A view counts {view_budget._VIEW_LENGTH} characters",
    f"no longer than {view_budget.VIEWS_LENGTH_MAX:,} characters",
    f"more than {merge.PEOPLE_MAX:,} users or visitors",
    f"at most {summary.PAGES_MAX:,}",
    f"within {timestamps.CLOCK_OFF_MS_MAX // (365 * 86_400_000)} years",
]
# Not ours to choose: names of standards, algorithms and types, and examples. And lengths of hashes
# that name an object for its writer only.
OTHERS = [
    *(r"SHA-?256", r"CRC-?32", r"crc32", r"UUIDv7", r"RFC \d+", r"u?int\d+", r"3166-1", r"0x0A"),
    *(r"\\u\w{4}", r"secret_sha256", r"file_sha256", r"2026-11[-\d.T]*", r"first 48 bits"),
    *(r"first 32 hex", r"64 hex"),
]


@pytest.mark.parametrize("phrase", FROM_CODE)
def test_documented_number_equals_the_code(phrase: str) -> None:
    assert phrase in " ".join(PAGE.split())


def test_format_page_contains_no_unchecked_number() -> None:
    rest = " ".join(PROSE.split())
    for phrase in FROM_CODE:
        rest = rest.replace(phrase, "")
    rest = re.sub("|".join(OTHERS), "", rest)

    assert re.findall(r".{0,30}\d[\d,]*\d.{0,20}", rest) == []
