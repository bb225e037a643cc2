import base64
import gzip
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from lake import ids
from lake.compaction import pending_days
from lake.control import api_keys, websites
from lake.raw import segment_writer
from lake.raw.segment_file import decode
from lake.settings import Settings, env_name
from lake.storage import keys
from lake.storage.base import Store
from orchestration.cli import main
from orchestration.cli.context import now_ms
from tests.conftest import eventually
from tests.orchestration.lakes import (
    DAY_MS,
    RECORDINGS,
    add_session,
    events_of,
    in_order,
    make_website,
)

REPLAYLAKE = [sys.executable, "-m", "orchestration.cli"]
COMMANDS = [
    *("demo", "ingest", "query", "compact", "website", "key", "import", "export", "erase"),
    *(
        "sourcemap",
        "quarantine",
        "retention",
        "maintain",
        "rebuild",
        "check",
        "repair",
        "preflight",
        "settings",
    ),
]


class Ran(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def last(self) -> str:
        return self.out.splitlines()[-1]


Run = Callable[..., Ran]


@pytest.fixture
def run(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Run:
    def run_main(*arguments: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["replaylake", *arguments])
        capfd.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        out, err = capfd.readouterr()
        return Ran(int(end.value.code or 0), out, err)

    return run_main


@pytest.fixture
def website_id(store: Store) -> str:
    return make_website(store, now_ms=now_ms())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, run: Run) -> None:
    helped = run(command, "--help")

    assert helped.code == 0
    assert "Usage:" in helped.out


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys, orchestration.cli\n"
        "heavy = {'dagster', 'polars', 's3fs', 'pyarrow', 'deltalake', 'fastapi'}\n"
        "sys.exit(repr(heavy & sys.modules.keys()) if heavy & sys.modules.keys() else 0)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["website", "create"],
        ["website", "create", "x", "--plan", "gold"],
        ["website", "create", "x", "--origin", "shop.example/path"],
        ["website", "set", "w_none", "plan"],
        ["key", "create", "--role", "viewer"],
        ["import", "no-such-file", "--website", "w_none"],
        ["export", "x", "--format", "xml"],
        ["compact", "--day", "yesterday"],
        ["erase"],
        ["erase", "--visitor", "v"],
        ["ingest", "--port", "0"],
        ["sourcemap", "upload", "no-such-file", "--website", "w_none"],
        ["sourcemap", "remove", "--website", "w_none"],
        ["sourcemap", "remove", "https://a.example/a.js", "--all", "--website", "w_none"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_told_and_exits_with_2(arguments: list[str], run: Run) -> None:
    wrong = run(*arguments)

    assert wrong.code == 2
    assert "Traceback" not in wrong.err
    assert wrong.err or "Usage" in wrong.out


@pytest.mark.parametrize(
    "arguments",
    [
        ["website", "show", "w_none"],
        ["website", "set", "w_none", "plan=pro"],
        ["key", "create", "--website", "w_none", "--role", "viewer"],
        ["key", "revoke", "none"],
        ["import", str(RECORDINGS[0]), "--website", "w_none"],
        ["export", "01a1ee56-5e00-7be4-972c-9816fcdafaf7"],
        ["export", "no-id"],
        ["export", "01a1ee56-5e00-7be4-972c-9816fcdafaf7", "--format", "html"],
        ["erase", "--session", "01a1ee56-5e00-7be4-972c-9816fcdafaf7"],
        ["sourcemap", "list", "--website", "w_none"],
        ["sourcemap", "remove", "https://a.example/a.js", "--website", "w_none"],
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
@pytest.mark.usefixtures("website_id")
def test_a_failure_is_one_line_on_stderr_and_exits_with_1(arguments: list[str], run: Run) -> None:
    failed = run(*arguments)

    assert failed.code == 1
    assert failed.err.startswith("replaylake: ")
    assert failed.err.count("\n") == 1
    assert failed.out == ""


def test_a_bad_setting_is_wrong_usage(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPLAY_LIVE_S", "soon")

    wrong = run("check")

    assert (wrong.code, wrong.err.count("\n")) == (2, 1)
    assert "REPLAY_LIVE_S" in wrong.err


def test_a_lake_that_cannot_be_opened_is_one_line(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("REPLAY_LAKE", str(tmp_path / "file/lake"))

    failed = run("website", "list")

    assert (failed.code, failed.err.count("\n")) == (1, 1)


def test_a_website_is_made_shown_listed_and_changed(
    run: Run, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPLAY_INGEST_URL", "https://ingest.example/")
    made = run(
        *("website", "create", "My shop", "--plan", "scale"),
        *("--origin", "https://a.example", "--origin", "https://b.example"),
    )

    assert f'src="https://ingest.example/r.js" data-website="{made.last}"' in made.err
    site = websites.get(store, made.last)
    assert (site.name, site.plan) == ("My shop", "scale")
    assert site.origins == ("https://a.example", "https://b.example")
    assert not site.records

    changed = run(
        *("website", "set", site.website_id, "enable_session_replay=true"),
        *("session_replay_trigger=all", "origins=*", "replay_sampling_rate=1"),
    )
    assert changed.code == 0
    assert websites.get(store, site.website_id).records
    shown = json.loads(run("website", "show", site.website_id, "--json").out)
    assert shown["feature_flags"]["session_replay_trigger"] == "all"
    assert "session_replay_trigger" in run("website", "show", site.website_id).out
    (listed,) = json.loads(run("website", "list", "--json").out)
    assert listed == shown
    assert "My shop" in run("website", "list").out


def test_a_key_is_shown_once_and_listed_without_its_secret(
    run: Run, store: Store, website_id: str
) -> None:
    token = run("key", "create", "--website", website_id, "--role", "viewer").last
    key_id = api_keys.key_id_of(token)
    assert key_id is not None
    assert api_keys.verify(api_keys.get(store, key_id), token)

    for listed in (run("key", "list"), run("key", "list", "--json", "--website", website_id)):
        assert key_id in listed.out
        assert token not in listed.out
        assert api_keys.get(store, key_id).secret_sha256 not in listed.out

    assert run("key", "revoke", token).last == key_id
    assert not api_keys.verify(api_keys.get(store, key_id), token)


def test_source_maps_are_uploaded_listed_and_removed(
    run: Run, store: Store, website_id: str, tmp_path: Path
) -> None:
    mapped = {"version": 3, "sources": ["a.ts"], "names": [], "mappings": "AAAA"}
    folder = tmp_path / "dist"
    (folder / "js").mkdir(parents=True)
    for name in ("app.js.map", "js/a b.mjs.map", "style.css.map"):
        (folder / name).write_text(json.dumps(mapped | {"sourcesContent": ["secret"]}))
    site, prefix = ("--website", website_id), ("--url-prefix", "https://shop.example/assets/")

    uploaded = run("sourcemap", "upload", str(folder), *site, *prefix)

    urls = ["https://shop.example/assets/app.js", "https://shop.example/assets/js/a%20b.mjs"]
    assert uploaded.out.splitlines() == urls
    listed = json.loads(run("sourcemap", "list", *site, "--json").out)
    assert [(item["url"], item["segment_count"]) for item in listed] == [(url, 1) for url in urls]
    assert urls[0] in run("sourcemap", "list", *site).out
    assert run("check").code == 0
    assert run("sourcemap", "remove", urls[0], *site).out.splitlines() == urls[:1]
    assert run("sourcemap", "remove", "--all", *site).out.splitlines() == urls[1:]
    assert list(store.list(keys.SOURCE_MAPS)) == []
    recorded = json.loads(run("audit", *site, "--json").out)
    assert [item["action"] for item in recorded] == ["source-map-removed"] * 2 + [
        "source-map-stored"
    ] * 2


def test_an_invalid_source_map_is_named_and_nothing_stored(
    run: Run, store: Store, website_id: str, tmp_path: Path
) -> None:
    good, bad = tmp_path / "a.js.map", tmp_path / "b.js.map"
    good.write_text(json.dumps({"version": 3, "sources": [], "mappings": ""}))
    bad.write_text("<!doctype html>")
    site, prefix = ("--website", website_id), ("--url-prefix", "https://shop.example/")

    for paths, more, word in (
        ([good, bad], prefix, "b.js.map"),
        ([good], (), "--url-prefix"),
        ([tmp_path / "empty"], prefix, "empty"),
    ):
        (tmp_path / "empty").mkdir(exist_ok=True)
        failed = run("sourcemap", "upload", *map(str, paths), *site, *more)

        assert (failed.code, failed.err.count("\n"), failed.out) == (1, 1, "")
        assert word in failed.err
    assert list(store.list(keys.SOURCE_MAPS)) == []


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.name)
@pytest.mark.parametrize("is_compacted", [False, True])
def test_what_is_imported_is_exported(
    path: Path, is_compacted: bool, run: Run, website_id: str
) -> None:
    session_id = run("import", str(path), "--website", website_id, "--at", "now").last
    if is_compacted:
        assert run("compact", "--once").code == 0

    expected = in_order(events_of(path))
    shift_ms = ids.at_ms_of(session_id) - expected[0]["timestamp"]
    for event in expected:
        event["timestamp"] += shift_ms
    lines = run("export", session_id).out.splitlines()
    assert [json.loads(line) for line in lines] == expected
    assert json.loads(run("export", session_id, "--format", "json").out) == expected


def test_a_session_is_exported_as_one_page(run: Run, website_id: str) -> None:
    session_id = run("import", str(RECORDINGS[0]), "--website", website_id, "--at", "now").last

    page = run("export", session_id, "--format", "html").out

    assert page.startswith("<!doctype html>")
    assert page.count('http-equiv="Content-Security-Policy"') == 1
    parts = re.findall(r'<script type="text/plain" data-part="events" [^>]*>([^<]+)</script>', page)
    lines = [gzip.decompress(base64.b64decode(part)).splitlines() for part in parts]
    assert sum(len(of_page) for of_page in lines) == len(events_of(RECORDINGS[0]))


def moment(form: str) -> tuple[str, int]:
    """Return yesterday morning as an option's value and as ms."""
    day = datetime.now(UTC).replace(hour=8, minute=0, second=0, microsecond=0) - timedelta(days=1)
    text = form.format(day=day.date())
    parsed = datetime.fromisoformat(text)
    return text, int(parsed.replace(tzinfo=parsed.tzinfo or UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    "form", ["{day}T08:00:00Z", "{day}T08:00:00", "{day}T08:00:00.5+01:00", "{day}"]
)
def test_an_import_begins_when_it_is_told_to(form: str, run: Run, website_id: str) -> None:
    text, at_ms = moment(form)

    session_id = run("import", str(RECORDINGS[0]), "--website", website_id, "--at", text).last

    assert ids.at_ms_of(session_id) == at_ms
    first = json.loads(run("export", session_id).out.splitlines()[0])
    assert first["timestamp"] == at_ms


def test_an_import_can_begin_now(run: Run, website_id: str) -> None:
    before = now_ms()
    session_id = run("import", str(RECORDINGS[0]), "--website", website_id, "--at", "now").last

    assert before <= ids.at_ms_of(session_id) <= now_ms()


def test_an_import_at_no_time_is_wrong_usage(run: Run, website_id: str) -> None:
    wrong = run("import", str(RECORDINGS[0]), "--website", website_id, "--at", "tomorrow")

    assert wrong.code == 2
    assert "--at" in wrong.err


@pytest.mark.fault(31)
def test_a_session_id_that_two_websites_have_needs_the_website(
    run: Run, store: Store, website_id: str
) -> None:
    """Fault 31."""
    session_id = run("import", str(RECORDINGS[0]), "--website", website_id, "--at", "now").last
    other_id = make_website(store, now_ms=now_ms())
    (segment,) = (item.key for item in store.list(keys.RAW))
    copies = [
        received_chunk._replace(website_id=other_id)
        for received_chunk in decode(store.get(segment))
    ]
    segment_writer.append(store, copies, now_ms=now_ms())

    assert run("export", session_id).code == 1
    assert run("export", session_id, "--website", other_id).code == 0


def test_compact_once_leaves_nothing_pending_and_reports(
    run: Run, store: Store, settings: Settings, website_id: str
) -> None:
    now = now_ms()
    for days in (0, 1):
        add_session(store, settings, website_id, begins_ms=now - days * DAY_MS, now_ms=now)

    done = run("compact", "--once", "--json")

    assert done.code == 0
    recorded = [json.loads(line) for line in done.out.splitlines()]
    assert [item["session_count"] for item in recorded] == [1, 1]
    assert pending_days(store) == []
    assert run("compact", "--once") == Ran(0, "", "")


def test_compact_a_day_leaves_other_days_alone(
    run: Run, store: Store, settings: Settings, website_id: str
) -> None:
    now = now_ms()
    for days in (0, 1):
        add_session(store, settings, website_id, begins_ms=now - days * DAY_MS, now_ms=now)
    first, second = pending_days(store)

    assert run("compact", "--once", "--day", f"{first}").code == 0
    assert pending_days(store) == [second]


@pytest.mark.fault(48)
def test_compact_goes_on_until_it_is_told_to_end(
    store: Store, settings: Settings, website_id: str
) -> None:
    """Fault 48."""
    environment = os.environ | {"REPLAY_COMPACT_SETTLED_S": "1"}
    now = now_ms()
    add_session(store, settings, website_id, begins_ms=now, now_ms=now - 2000)
    with subprocess.Popen([*REPLAYLAKE, "compact"], env=environment) as process:
        try:
            eventually(lambda: not pending_days(store))
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        finally:
            process.kill()


def test_a_reader_that_goes_away_gets_no_traceback(settings: Settings) -> None:
    reader, writer = os.pipe()
    os.close(reader)

    done = subprocess.run(
        [*REPLAYLAKE, "settings"], stdout=writer, stderr=subprocess.PIPE, check=False
    )
    os.close(writer)

    assert (done.returncode, done.stderr) == (1, b"")


def test_retention_counts_in_a_dry_run_and_then_removes(
    run: Run, store: Store, settings: Settings, website_id: str
) -> None:
    now = now_ms()
    add_session(store, settings, website_id, begins_ms=now - 10 * DAY_MS, now_ms=now)
    run("compact", "--once")
    run("website", "set", website_id, "plan=free")

    (recorded,) = json.loads(run("retention", "--dry-run", "--json").out)
    assert recorded["session_count"] == 1
    assert "1 sessions would go" in run("retention", "--dry-run").out
    assert run("retention").last == "1 sessions are gone"
    assert json.loads(run("retention", "--json").out) == []


def test_rebuild_makes_the_tables_again(
    run: Run, store: Store, settings: Settings, website_id: str
) -> None:
    session_id = add_session(store, settings, website_id, begins_ms=now_ms(), now_ms=now_ms())
    run("compact", "--once")
    store.delete([item.key for item in store.list("tables/")])

    assert run("rebuild").last == "1 sessions"
    assert run("export", session_id).code == 0


def test_check_passes_a_sound_lake_and_fails_a_broken_one(
    run: Run, store: Store, settings: Settings, website_id: str
) -> None:
    add_session(store, settings, website_id, begins_ms=now_ms(), now_ms=now_ms())
    run("compact", "--once")
    assert run("check") == Ran(0, "nothing is broken\n", "")

    store.delete([item.key for item in store.list(keys.SESSIONS)])

    assert run("check").code == 1
    assert json.loads(run("check", "--json").out)


@pytest.mark.usefixtures("website_id")
def test_maintain_tells_what_it_tidied(run: Run) -> None:
    assert "cold_days" in run("maintain").out
    assert json.loads(run("maintain", "--json").out)["orphan_files"] == 0


@pytest.mark.usefixtures("website_id")
def test_preflight_tells_each_promise(run: Run) -> None:
    document = json.loads(run("preflight", "--json").out)

    assert document
    assert all(item["ok"] for item in document)


def test_every_setting_is_listed_and_no_secret_is(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    listed = json.loads(run("settings", "--json").out)

    assert [item["variable"] for item in listed] == [env_name(f.name) for f in fields(Settings)]
    assert all(item["reason"] for item in listed)
    for shown in (run("settings", "--json").out, run("settings").out):
        assert "hunter2" not in shown


@pytest.mark.attack(29)
def test_what_would_steer_a_terminal_is_shown_as_harmless(run: Run, store: Store) -> None:
    """Attack 29."""
    name = "shop\x1b[2J\r\x07\u202e"
    websites.create(store, name, now_ms=now_ms())

    listed = run("website", "list")

    assert "shop" in listed.out
    assert not set("\x1b\r\x07\u202e") & set(listed.out)
