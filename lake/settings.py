"""All settings with default, unit and reason. The only module that reads the environment.

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

    lake: str = _setting(
        "./.replaylake", "location of the lake: a folder, file:///… or s3://bucket/prefix"
    )
    aws_access_key_id: str = _setting("", "S3 and R2: access key", env="AWS_ACCESS_KEY_ID")
    aws_secret_access_key: str = _setting("", "S3 and R2: secret", env="AWS_SECRET_ACCESS_KEY")
    aws_endpoint_url: str = _setting("", "S3 other than AWS, such as R2", env="AWS_ENDPOINT_URL")
    aws_region: str = _setting("auto", "R2's region is auto", env="AWS_REGION")

    chunk_bytes_max: int = _setting(
        4 * MIB, "maximum size of one upload as sent; a large first snapshot fits"
    )
    chunk_raw_bytes_max: int = _setting(
        32 * MIB, "maximum size of one upload inflated; stops decompression bombs"
    )
    chunk_deadline_s: float = _setting(
        20.0, "maximum time for a request's head or body; stops slow-loris attacks"
    )
    ingest_waiting_bytes_max: int = _setting(
        32 * MIB, "request bodies in memory above which uploads receive 503"
    )
    ingest_connections_max: int = _setting(
        768, "open connections above which idle ones are closed; bounds memory"
    )
    address_connections_max: int = _setting(
        192, "open connections of one address per process, trusted proxies excepted"
    )
    answer_stalled_s: float = _setting(
        20.0, "time without progress after which a response that is not read is cut off"
    )
    ingest_linger_ms: int = _setting(
        0,
        "time a chunk waits for others of the same commit; 0: 25 on a folder, 1000 on a bucket",
    )
    segment_bytes_max: int = _setting(
        4 * MIB, "size at which a commit is written without further waiting"
    )
    session_future_s: int = _setting(
        24 * 3600, "how far a session id may be ahead of the clock; beyond, 400"
    )
    session_past_s: int = _setting(
        96 * 3600, "age of a session (at most 24 h) after a weekend in standby; older, 400"
    )
    trusted_proxies: str = _setting(
        "", "comma-separated networks whose X-Forwarded-For header is trusted"
    )
    dashboard_url: str = _setting(
        "", "public address of the dashboard, for share links and sessionUrl()"
    )
    ingest_url: str = _setting("", "public address of the ingest API, for the script tag")
    geo_path: str = _setting("", "MMDB file of countries; by default the installed one")

    plan_days: str = _setting("", "retention of plans in days where it differs: pro=60,scale=90")
    ingest_website_chunks_per_s: int = _setting(
        5000, "chunks per second of one website and process; beyond, 429"
    )
    ingest_misses_per_s: int = _setting(
        10, "unknown website ids per second and address, as each costs a read; beyond, 429"
    )
    ingest_late_ms: int = _setting(
        10, "event-loop delay above which websites over their fair share receive 429"
    )

    query_key_requests_per_s: int = _setting(
        200, "requests per second of one key and process; beyond, 429"
    )
    query_key_concurrent_max: int = _setting(
        4, "concurrent requests of one key; further ones are queued"
    )
    query_misses_per_s: int = _setting(
        10, "unsuccessful lookups per second and caller; slows down guessing"
    )
    website_keys_max: int = _setting(
        500, "API keys of one website, including revoked ones; beyond, 409"
    )
    website_shares_max: int = _setting(
        5000, "share links of one website, including expired ones; beyond, 409"
    )
    share_days_max: int = _setting(30, "maximum lifetime of a share link")
    audit_days: int = _setting(400, "retention of the audit log; more than a year")

    live_s: int = _setting(120, "age of the last event up to which a session counts as live")
    pending_refresh_ms: int = _setting(1000, "maximum age of a reader's list of new segments")
    control_cache_s: float = _setting(
        10.0, "cache time of websites, keys and other control documents"
    )
    table_memory_bytes_max: int = _setting(256 * MIB, "cache size of table columns per reader")

    compact_settled_s: int = _setting(60, "idle time after which the next run compacts a session")
    compact_wait_s: int = _setting(600, "maximum time a chunk waits for the end of its session")
    compact_chunks_max: int = _setting(20_000, "chunks handled together; bounds memory")
    compact_spool_bytes_max: int = _setting(
        1024 * MIB, "payloads on the compactor's disk at any time"
    )
    session_memory_bytes_max: int = _setting(64 * MIB, "events sorted in memory; beyond, on disk")
    frame_bytes_min: int = _setting(MIB, "size below which a frame is not cut at a snapshot")
    frame_bytes_max: int = _setting(
        4 * MIB, "size at which every frame is cut; bounds a reader's memory"
    )
    zstd_level: int = _setting(
        6, "compression of session files: a fifth smaller than level 3, faster than the disk"
    )
    run_history_days: int = _setting(
        2, "retention of Dagster's run history; each run takes 200 kB of its disk"
    )
    orphan_grace_s: int = _setting(
        3600, "minimum age of unreferenced objects before they are deleted"
    )
    vacuum_grace_s: int = _setting(
        24 * 3600, "minimum age of replaced table files before they are deleted"
    )
    cold_after_days: int = _setting(2, "age at which a day moves to the cold layout")

    @property
    def linger_ms(self) -> int:
        """Time in ms that a chunk waits for others of the same commit."""
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
