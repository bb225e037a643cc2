"""Every setting, its default, its unit and its reason. The only reader of the environment.

One frozen object, made at start-up by `from_environ` and passed down.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from lake.errors import SettingInvalid

MIB = 1024 * 1024


def _setting(default: Any, reason: str, *, env: str = "") -> Any:  # noqa: ANN401, RUF100
    return field(default=default, metadata={"reason": reason, "env": env})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings. A field `a_b` is read from `REPLAY_A_B`, S3's from the usual `AWS_…` names."""

    lake: str = _setting("./.replaylake", "a folder, file:///… or s3://bucket/prefix")
    aws_access_key_id: str = _setting("", "S3 and R2: access key", env="AWS_ACCESS_KEY_ID")
    aws_secret_access_key: str = _setting("", "S3 and R2: secret", env="AWS_SECRET_ACCESS_KEY")
    aws_endpoint_url: str = _setting("", "S3 other than AWS, such as R2", env="AWS_ENDPOINT_URL")
    aws_region: str = _setting("auto", "R2's region is auto", env="AWS_REGION")

    chunk_bytes_max: int = _setting(4 * MIB, "one upload as sent; a big first snapshot fits")
    chunk_raw_bytes_max: int = _setting(32 * MIB, "one upload inflated: a bomb stops here")
    chunk_deadline_s: float = _setting(20.0, "a head or a body that takes longer is a slow-loris")
    ingest_waiting_bytes_max: int = _setting(32 * MIB, "bodies held before 503: bounds memory")
    ingest_connections_max: int = _setting(768, "beyond, idle ones are closed: bounds memory")
    address_connections_max: int = _setting(
        192, "of one address and process, proxies excepted: one machine cannot take them all"
    )
    answer_stalled_s: float = _setting(
        20.0, "an answer of which its client takes nothing for so long is cut: frees its memory"
    )
    ingest_linger_ms: int = _setting(
        0,
        "how long a chunk waits for company; 0: 25 on a folder, 1000 where each write costs money",
    )
    segment_bytes_max: int = _setting(4 * MIB, "a commit is written at once at this size")
    session_future_s: int = _setting(24 * 3600, "a session id further ahead than clocks go: 400")
    session_past_s: int = _setting(
        96 * 3600, "a recorder's session, at most 24 h, after a weekend asleep; older: 400"
    )
    trusted_proxies: str = _setting("", "comma-separated networks whose X-Forwarded-For counts")
    dashboard_url: str = _setting("", "where the dashboard is, for share links and sessionUrl()")
    ingest_url: str = _setting("", "where browsers find the ingest API, for the tag in the pages")
    geo_path: str = _setting("", "MMDB of countries; default: the one that set-up installed")

    plan_days: str = _setting("", "days that plans keep sessions, if others: pro=60,scale=90")
    ingest_website_chunks_per_s: int = _setting(
        5000, "one website's chunks a process takes: then 429"
    )
    ingest_misses_per_s: int = _setting(
        10, "website ids that nobody has, of one address: each costs a read; then 429"
    )
    ingest_late_ms: int = _setting(
        10, "answers begin so late: 429 to a website that sends more than its share"
    )

    query_key_requests_per_s: int = _setting(200, "of one key and process: then 429")
    query_key_concurrent_max: int = _setting(4, "of one key at work: others of it wait their turn")
    query_misses_per_s: int = _setting(10, "wrong keys or ids of one caller: guessing is slow")
    website_keys_max: int = _setting(500, "keys of one website, revoked ones included: then 409")
    website_shares_max: int = _setting(5000, "links of one website, ended ones included: then 409")
    share_days_max: int = _setting(30, "a link to one session ends by then")
    audit_days: int = _setting(400, "who did what is kept so long: more than a year")

    live_s: int = _setting(120, "a session is live until its last event is so old")
    pending_refresh_ms: int = _setting(1000, "how stale a reader's view of new segments may be")
    control_cache_s: float = _setting(10.0, "how long services may believe a website or a key")
    table_memory_bytes_max: int = _setting(256 * MIB, "columns of the tables kept by a reader")

    compact_settled_s: int = _setting(60, "a session this silent is compacted by the next run")
    compact_wait_s: int = _setting(600, "a chunk waits no longer than this for its session's end")
    compact_chunks_max: int = _setting(20_000, "chunks looked at together: bounds memory")
    compact_spool_bytes_max: int = _setting(1024 * MIB, "payloads on the compactor's disk at once")
    session_memory_bytes_max: int = _setting(64 * MIB, "events sorted in memory; beyond: on disk")
    frame_bytes_min: int = _setting(MIB, "a frame is not cut at a snapshot before this")
    frame_bytes_max: int = _setting(4 * MIB, "a frame is cut anyway here: bounds a reader's memory")
    zstd_level: int = _setting(6, "session files: a fifth smaller than 3, still ahead of the disk")
    run_history_days: int = _setting(2, "Dagster's runs kept; each leaves 200 KB on its disk")
    orphan_grace_s: int = _setting(3600, "garbage younger than this may belong to a live writer")
    vacuum_grace_s: int = _setting(24 * 3600, "table files this old may still be read by a query")
    cold_after_days: int = _setting(2, "a day this old moves to the cold layout")

    @property
    def linger_ms(self) -> int:
        """How long a chunk may wait for company in its commit."""
        return self.ingest_linger_ms or (1000 if self.lake.startswith("s3://") else 25)


def env_name(name: str) -> str:
    """Return the environment variable that sets the field `name`."""
    for item in fields(Settings):
        if item.name == name:
            return str(item.metadata["env"] or f"REPLAY_{name.upper()}")
    raise KeyError(name)


def from_environ(environ: Mapping[str, str] | None = None) -> Settings:
    """Read all settings.

    Raises:
        SettingInvalid: A value is not a number where one is needed, or is not positive.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    for item in fields(Settings):
        variable = env_name(item.name)
        text = environ.get(variable, "")
        if not text:
            continue
        if item.type is str:
            values[item.name] = text
            continue
        try:
            value = int(text) if item.type is int else float(text)
        except ValueError as error:
            raise SettingInvalid(
                f"{variable} is {text!r}: give a number ({item.default})"
            ) from error
        if not value > 0:
            raise SettingInvalid(f"{variable} is {text}: give a number above 0 ({item.default})")
        values[item.name] = value
    return Settings(**values)
