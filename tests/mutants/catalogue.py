"""Mutants: small mistakes that would lose, leak or keep what they must not, and who notices.

How they are tried is `tests.mutants.__main__`.
"""

from typing import NamedTuple


class Mutant(NamedTuple):
    """One mistake.

    `change` is like a diff: lines of `path` that begin with `-` become those that begin with `+`,
    lines between that begin with a space stay; `@` separates two places. `tests` are what pytest
    is given, and must turn red.
    """

    name: str
    path: str
    change: str
    tests: tuple[str, ...]

    def edits(self) -> list[tuple[str, str]]:
        """Return each place's whole lines, and what they become."""
        return [
            (_lines(place, "- "), _lines(place, "+ ")) for place in self.change[1:].split("@\n")
        ]


def _lines(place: str, signs: str) -> str:
    lines = place.splitlines(keepends=True)
    return "".join(line[1:] for line in lines if line[0] in signs)


_RACES = "tests/lake/compaction/test_races.py"
_KILLED = "tests/lake/compaction/test_crashes.py::test_a_kill_anywhere_loses_and_doubles_nothing"
_DAMAGE = "tests/lake/compaction/test_damage.py"
_LAWS = "tests/lake/compaction/test_laws.py"
_HOLDS = "tests/lake/operations/test_holds.py"
_HELD_LATER = "tests/hostile/test_13_holds_after_erasure.py"
_ISOLATION = "tests/hostile/test_03_isolation.py"
_RETENTION = "tests/lake/operations/test_retention.py"
_ERASURE = "tests/lake/operations/test_erasure.py"
_ACCESS = "tests/query_api/test_access.py"
_HOSTILE = "tests/query_api/test_hostile_text.py"
_ISOLATION = "tests/query_api/test_isolation.py"
_SHARES = "tests/query_api/test_shares.py"
_AUDIT = "tests/query_api/test_audit.py"

COMPACTION = (
    Mutant(
        "new chunks are merged without being sorted",
        "lake/sessions/merge.py",
        """
-    held.sort(key=_REPLAY_ORDER)
     if held:
""",
        (
            "tests/lake/compaction/test_odd_chunks.py::test_wrong_browser_clock_does_not_move_a_session",
        ),
    ),
    Mutant(
        "of two chunks with one seq the last one wins",
        "lake/sessions/merge.py",
        """
-            rejected.append(received_chunk)
+            known[facts.place] = facts
+            new = [other for other in new if other.facts.place != facts.place]
+            new.append(received_chunk)
""",
        (f"{_DAMAGE}::test_second_chunk_in_one_place_is_quarantined_once",),
    ),
    Mutant(
        "rows of `sessions` are committed before their files are there",
        "lake/compaction/compactor.py",
        """
             results: list[RewrittenSession] = []
+            late = []
             with Uploads(self._store) as uploads:
@
-                        uploads.send(result.written)
+                        late.append(result.written)
@
                 self._commit(results, tables)
+                for one in late:
+                    session_writer.upload_session_file(self._store, one)
""",
        (f"{_KILLED}[compact-after-sessions-commit]",),
    ),
    Mutant(
        "segments are deleted before the commit",
        "lake/compaction/compactor.py",
        """
+            self._store.delete({item.key for items in batch.values() for item in items})
             failpoints.failpoint("compact-after-session-file")
""",
        (f"{_KILLED}[compact-before-sessions-commit]",),
    ),
    Mutant(
        "a segment goes although a session in it still waits",
        "lake/compaction/compactor.py",
        """
-        whole = [segment for segment, counts in owners.items() if counts.keys() <= finished]
+        whole = [segment for segment, counts in owners.items() if counts.keys() & finished]
""",
        (f"{_LAWS}::test_active_sessions_and_their_segments_stay_pending",),
    ),
    Mutant(
        "one of the derived tables is skipped",
        "lake/compaction/table_commits.py",
        """
         for name, snapshot in state.derived.items():
+            if name == "errors":
+                continue
             rows = [row for result in results for row in result.tables[name]]
""",
        (f"{_LAWS}::test_every_compaction_of_a_growing_session_leaves_one_row",),
    ),
    Mutant(
        "what another writer left undone is not finished first",
        "lake/compaction/compactor.py",
        """
-            if self._finish_derived_rows(tables):
+            if False:
""",
        (f"{_RACES}::test_a_slow_writer_cannot_restore_outdated_rows",),
    ),
    Mutant(
        "a commit goes through a newer handle than the one that was read",
        "lake/tables/delta_table.py",
        """
             self._renew(table)
+            if self._table:
+                table = DeltaTable(self._uri, storage_options=self._options)
""",
        (f"{_RACES}::test_a_stale_compactor_is_refused_and_begins_again[local-True]",),
    ),
    Mutant(
        "Parquet's page checksums are not verified",
        "lake/raw/segment_file.py",
        """
-        file = pq.ParquetFile(source, page_checksum_verification=verify_pages)
+        file = pq.ParquetFile(source, page_checksum_verification=False)
""",
        (f"{_DAMAGE}::test_every_bit_flip_of_a_segment_is_detected",),
    ),
)

RETENTION = (
    Mutant(
        "the sweep takes files to which no row points yet",
        "lake/operations/maintenance.py",
        """
-    if next(store.list(keys.raw_prefix(day)), None) is not None:
+    if False:
@
-            if leftover.is_superseded:
+            if True:
""",
        (f"{_RACES}::test_maintenance_before_any_commit_deletes_no_needed_file",),
    ),
    Mutant(
        "a vacuum spares no file that is not committed yet",
        "lake/operations/maintenance.py",
        """
-        retention_hours=max(1, settings.vacuum_grace_s // 3600),
+        retention_hours=0,
""",
        (
            "tests/lake/operations/test_maintenance.py::test_vacuum_spares_files_of_a_writer_at_work",
        ),
    ),
    Mutant(
        "retention deletes files before rows",
        "lake/retention/removal.py",
        """
         self._remove_pending()
+        self._delete_files()
@
-        self._delete_files()
         self._refresh_holds()
""",
        (f"{_RETENTION}::test_a_retention_that_is_killed_is_finished_by_the_next",),
    ),
    Mutant(
        "retention takes another website's plan",
        "lake/retention/policy.py",
        """
-        overdue = [website_id for website_id, first in self.first_days.items() if day < first]
+        overdue = [website_id for website_id in self.first_days if day < self.first_day]
""",
        (f"{_RETENTION}::test_another_website_keeps_what_its_own_plan_keeps",),
    ),
    Mutant(
        "an expired session is served until it is removed",
        "lake/reading/session_lookup.py",
        """
-    if day < websites.first_retained_day(website, lake.settings, now_ms=lake.now_ms()):
-        raise missing
""",
        (f"{_RETENTION}::test_a_session_is_served_until_its_last_day_ends",),
    ),
)

ERASURE = (
    Mutant(
        "compaction takes what was erased",
        "lake/compaction/erased_sessions.py",
        """
-    return of_website.is_erased(key[1], visitors=visitors, users=users)
+    return False
""",
        (f"{_ERASURE}::test_late_chunks_of_an_erased_session_are_dropped",),
    ),
    Mutant(
        "what is erased while a compactor holds it is not looked for after its commit",
        "lake/compaction/compactor.py",
        """
-        self._remove_erased_meanwhile(batch, tables, results, rejected)
""",
        (f"{_ERASURE}::test_a_session_erased_while_it_is_compacted_is_removed",),
    ),
    Mutant(
        "an erased session can still be opened",
        "lake/reading/session_lookup.py",
        """
-    if tombstones.is_erased(session_id, visitors=union.visitor_ids, users=users):
-        raise missing
""",
        (f"{_ERASURE}::test_what_was_erased_is_hidden_at_once_and_then_nowhere[local-visitor]",),
    ),
    Mutant(
        "an erased session is still listed",
        "lake/reading/session_list.py",
        """
-    return tombstones.is_erased(row["session_id"], visitors=visitors_of(row), users=users_of(row))
+    return False
""",
        (f"{_ERASURE}::test_what_was_erased_is_hidden_at_once_and_then_nowhere[local-visitor]",),
    ),
    Mutant(
        "former files of the tables outlive an erasure",
        "lake/erasure/table_purge.py",
        """
-            store.delete([item.key])
             count += 1
""",
        (f"{_ERASURE}::test_what_was_erased_is_hidden_at_once_and_then_nowhere[local-visitor]",),
    ),
    Mutant(
        "a rebuild brings back what was erased",
        "lake/operations/rebuild.py",
        """
-            if of_website is not None and of_website.is_erased(session_id):
-                continue  # erased; its removal was interrupted, or it came back
@
-            if of_website is not None and of_website.is_erased(session_id, **people._asdict()):
-                continue
""",
        (f"{_ERASURE}::test_a_rebuild_and_a_copy_of_the_bucket_bring_nothing_back",),
    ),
    Mutant(
        "ingest takes what was erased",
        "ingest_api/admission.py",
        """
-        if tombstones.is_erased(session_id, visitors=visitors, users=users):
+        if False:
""",
        ("tests/ingest_api/test_erased.py",),
    ),
    Mutant(
        "retention removes what is held",
        "lake/retention/policy.py",
        """
-        return mine is not None and session_id not in mine
+        return mine is not None
""",
        (f"{_HOLDS}::test_a_held_session_keeps_all_its_data_until_released",),
    ),
    Mutant(
        "an erasure removes what is held since it was asked for",
        "lake/erasure/removal.py",
        """
-        if hold is None:
+        if True:
""",
        (f"{_HELD_LATER}::test_hold_placed_after_the_request_delays_the_erasure",),
    ),
    Mutant(
        "an id without a date is accepted",
        "lake/ids.py",
        """
-    if at_ms_of(text) > TIME_MS_MAX:
+    if False:
""",
        (f"{_ISOLATION}::test_every_route_refuses_an_impossible_session_id",),
    ),
    Mutant(
        "an erasure ignores a legal hold",
        "lake/erasure/requests.py",
        """
-    if any(held.holds(session_id) for session_id in sessions):
+    if False:
""",
        (f"{_ERASURE}::test_a_session_that_is_held_cannot_be_erased",),
    ),
)

INGEST = (
    Mutant(
        "addresses are stored as they came",
        "lake/raw/fact_collector.py",
        """
-        view = RecordedView(int(at_ms), scrub_url(address), _size(width), _size(height), name)
+        view = RecordedView(int(at_ms), address, _size(width), _size(height), name)
""",
        (f"{_HOSTILE}::test_a_token_in_a_url_is_only_in_the_recorders_payload",),
    ),
    Mutant(
        "what a browser calls itself keeps its control characters",
        "lake/ingest/user_agents.py",
        """
-    return (_CONTROL.sub("", text)[:_TEXT_LENGTH_MAX] or None) if text else None
+    return (text[:_TEXT_LENGTH_MAX] or None) if text else None
""",
        (f"{_HOSTILE}::test_a_hostile_text_is_one_string_and_one_table_cell",),
    ),
    Mutant(
        "ingest answers before the chunk is durable",
        "ingest_api/dedup.py",
        """
-            await wait_until_durable(commit)
+            pass
         finally:
""",
        (
            "tests/ingest_api/test_crashes.py::test_kill_in_a_group_commit_loses_no_acknowledged_chunk",
        ),
    ),
    Mutant(
        "a group commit answers those who wait for another",
        "ingest_api/group_commit.py",
        """
-            batch.done.set_result(None)
+            for other in [batch, *self._full]:
+                if not other.done.done():
+                    other.done.set_result(None)
""",
        ("tests/ingest_api/test_batches.py",),
    ),
    Mutant(
        "any secret opens any session",
        "lake/ids.py",
        """
-        raise SecretMismatch("this secret did not open this session")
+        return
""",
        ("tests/ingest_api/test_attacks.py::test_nobody_appends_to_a_session_that_another_opened",),
    ),
)

READING = (
    Mutant(
        "readers look at the tables before they list what waits",
        "lake/reading/lake_snapshot.py",
        """
-        pending = self._index.refresh()
         snapshots = self._readers.map(lambda name: self._tables[name].snapshot(), BY_SESSION)
         tables = dict(zip(BY_SESSION, snapshots, strict=True))
+        pending = self._index.refresh()
""",
        (
            "tests/query_api/test_interleaving.py::test_a_compaction_at_any_step_of_a_request_changes_no_answer",
        ),
    ),
    Mutant(
        "the list shows the sessions of every website",
        "lake/reading/session_filters.py",
        """
-    wanted = pl.col("website_id") == website_id
+    wanted = pl.col("website_id") != ""
""",
        (_ISOLATION,),
    ),
    Mutant(
        "errors of every website are grouped together",
        "lake/reading/visible_sessions.py",
        """
-        mine = pl.col("website_id") == self._website_id
+        mine = pl.lit(True)
""",
        (_ISOLATION,),
    ),
)

ACCESS = (
    Mutant(
        "a revoked key is accepted",
        "lake/control/api_keys.py",
        """
-    return _TOKENS.is_of(token, *recorded) and record is not None and record.revoked_at is None
+    return _TOKENS.is_of(token, *recorded) and record is not None
""",
        (f"{_ACCESS}::test_a_revoked_key_stops_within_the_cache_time",),
    ),
    Mutant(
        "a key opens every website",
        "query_api/auth.py",
        """
-    may_see = key.is_for_all or website_id == key.website_id
+    may_see = True
""",
        (_ISOLATION,),
    ),
    Mutant(
        "a viewer may change what an admin may",
        "query_api/auth.py",
        """
-    if not caller.is_admin:
+    if False:
""",
        (f"{_ACCESS}::test_a_viewer_may_look_and_an_admin_may_change",),
    ),
)

SHARING = (
    Mutant(
        "a link shows its session after its end",
        "lake/control/share_links.py",
        """
-        return self.revoked_at is not None or iso(now_ms) >= self.expires_at
+        return self.revoked_at is not None
""",
        (f"{_SHARES}::test_a_link_shows_nothing_after_its_end",),
    ),
    Mutant(
        "a link tells who the user is",
        "query_api/routes/replays.py",
        """
-    pieces = anonymize_replay(recording.pieces) if hides_user else recording.pieces
+    pieces = recording.pieces
""",
        (f"{_SHARES}::test_a_link_never_tells_who_the_user_is",),
    ),
    Mutant(
        "who revokes a key goes on believing it",
        "query_api/routes/keys.py",
        """
-    services.control.refresh_key(key_id)
""",
        ("tests/query_api/test_keys.py::test_a_key_that_was_revoked_reads_nothing",),
    ),
    Mutant(
        "whoever guesses is never told to wait",
        "query_api/http/rate_limits.py",
        """
-            if wait_s := self._misses.wait_s(name, now_s):
+            if wait_s := 0.0:
""",
        ("tests/query_api/test_limits.py::test_guessing_is_refused_before_any_lookup",),
    ),
    Mutant(
        "the audit log is told after the change",
        "lake/storage/json_documents.py",
        """
-            if first is not None:
-                first(after)
-                first = None
             if store.swap(key, msgspec.json.encode(after), version=version):
+                if first is not None:
+                    first(after)
                 return after
""",
        (f"{_AUDIT}::test_nothing_is_changed_that_the_log_cannot_tell",),
    ),
    Mutant(
        "an erasure is not in the audit log",
        "lake/erasure/requests.py",
        """
-    audit_entries.record(
-        store, website_id, by, "erasure-asked", receipt.erasure_id, counts, now_ms=now_ms
-    )
     DOCUMENTS.create(store, keys.erasure_key(website_id, receipt.erasure_id), receipt)
""",
        (f"{_AUDIT}::test_erasures_and_holds_are_in_the_log",),
    ),
    Mutant(
        "audit entries are deleted before the table has them",
        "lake/tables/audit_log.py",
        """
-        retried(partial(_add, table, entries))
-        failpoints.failpoint("audit-after-commit")
         read = [item.key for item, some in zip(batch, contents, strict=True) if some is not None]
         store.delete(read)
+        retried(partial(_add, table, entries))
""",
        (f"{_AUDIT}::test_a_fold_that_is_killed_is_finished_by_the_next",),
    ),
)

ANALYSIS = (
    Mutant(
        "a form is another one once it is marked as refused",
        "lake/analysis/forms.py",
        """
-        return Form(before[-1] if before else shown[0][1], _STATES.sub("", step.form))
+        return Form(before[-1] if before else shown[0][1], step.form)
""",
        ("tests/lake/analysis/test_form_frustration.py",),
    ),
    Mutant(
        "a submission counts as a failure",
        "lake/analysis/rules/form_frustration.py",
        """
-_FAILURES = ("invalid", "failed")
+_FAILURES = ("invalid", "failed", "submit")
""",
        ("tests/lake/analysis/test_form_frustration.py",),
    ),
    Mutant(
        "a form that is sent in the end is told as left",
        "lake/analysis/rules/form_abandonment.py",
        """
-            state.has_succeeded = True
+            pass
""",
        ("tests/lake/analysis/test_form_abandonment.py",),
    ),
    Mutant(
        "slow turns of a reader are a thrash",
        "lake/analysis/rules/scroll_thrash.py",
        """
-        if track.count and at_ms - track.last_turn_ms > WITHIN_MS:
-            yield from _finish(page_id, track)
""",
        ("tests/lake/analysis/test_scroll_thrash.py",),
    ),
    Mutant(
        "a page that scrolls itself to and fro is a thrash",
        "lake/analysis/rules/scroll_thrash.py",
        """
-        track.own_until_ms = own_scroll.at_ms + _OWN_MS
""",
        ("tests/lake/analysis/test_scroll_thrash.py",),
    ),
    Mutant(
        "a page that begins in its middle was scrolled there",
        "lake/analysis/rules/scroll_thrash.py",
        """
-            track = _Track(y, y, at_ms)
+            track = _Track(0.0, y, at_ms)
""",
        ("tests/lake/analysis/test_scroll_thrash.py",),
    ),
    Mutant(
        "errors come before the clicks that made them",
        "lake/analysis/event_order.py",
        """
-LATE_MS_MAX = 5000  # a click's second, and a page that was held up by work or a dialog
+LATE_MS_MAX = 500
""",
        ("tests/lake/analysis/test_error_click.py",),
    ),
    Mutant(
        "a link that leads back is a quick back",
        "lake/analysis/rules/quick_back.py",
        """
-        and view.at_ms - left.action_at_ms > LED_MS_MAX
""",
        ("tests/lake/analysis/test_quick_back.py",),
    ),
    Mutant(
        "the score has no end",
        "lake/analysis/score.py",
        """
-    burden = sum(weight * math.log1p(counts.get(kind, 0)) for kind, weight in WEIGHTS.items())
+    burden = sum(weight * counts.get(kind, 0) for kind, weight in WEIGHTS.items())
""",
        ("tests/lake/analysis/test_score.py",),
    ),
    Mutant(
        "idle visitors are active",
        "lake/analysis/activity.py",
        """
-            self._active_ms += gap_ms if gap_ms <= IDLE_MS else 0
+            self._active_ms += gap_ms
""",
        ("tests/lake/analysis/test_activity.py",),
    ),
    Mutant(
        "a ticking clock answers each click",
        "lake/analysis/inferred/responses.py",
        """
-            if cached is None or not cached.is_due(at_ms):
+            if True:
""",
        ("tests/lake/analysis/test_dead_clicks.py",),
    ),
    Mutant(
        "what cannot be seen answers a click",
        "lake/analysis/inferred/responses.py",
        """
-        shown = filter(is_shown, islice(changes, _CHANGES_MAX))
+        shown = islice(changes, _CHANGES_MAX)
""",
        ("tests/lake/analysis/test_dead_clicks.py",),
    ),
    Mutant(
        "steppers are rage",
        "lake/analysis/inferred/click_bursts.py",
        """
-            if run.had_no_effect and not self._has_selected(run):
+            if not self._has_selected(run):
""",
        ("tests/lake/analysis/test_rage_clicks.py",),
    ),
    Mutant(
        "selecting a paragraph is rage",
        "lake/analysis/inferred/click_bursts.py",
        """
-            if run.had_no_effect and not self._has_selected(run):
+            if run.had_no_effect:
""",
        ("tests/lake/analysis/test_rage_clicks.py",),
    ),
    Mutant(
        "text that a click has moved under the mouse cannot be selected",
        "lake/analysis/inferred/click_bursts.py",
        """
-        if run.count > _SELECTING_CLICKS_MAX or run.last.target.is_control:
+        if run.count > _SELECTING_CLICKS_MAX or run.first.target.is_control:
""",
        ("tests/lake/analysis/test_rage_clicks.py",),
    ),
    Mutant(
        "clicks through a carousel that also turns by itself are rage",
        "lake/analysis/inferred/click_bursts.py",
        """
-            changed = changed or responses.has_turned(since_ms, until_ms)
+
""",
        ("tests/lake/analysis/test_rage_clicks.py",),
    ),
    Mutant(
        "clicks on a page that hung are rage, though it answered all of them at once",
        "lake/analysis/inferred/click_bursts.py",
        """
-            count = self._in_row()
+            count = 1
""",
        ("tests/lake/analysis/test_rage_clicks.py",),
    ),
    Mutant(
        "the clicks of a burst are dead clicks too",
        "lake/analysis/rules/dead_click.py",
        """
-                self._last[occurrence.page_id] = occurrence
+                pass
""",
        ("tests/lake/analysis/test_rage_clicks.py",),
    ),
    Mutant(
        "each of some clicks in one place is a dead click",
        "lake/analysis/rules/dead_click.py",
        """
-        if last is None or not _is_repeat(last, click):
+        if True:
""",
        ("tests/lake/analysis/test_dead_clicks.py",),
    ),
    Mutant(
        "each release begins new groups of errors",
        "lake/analysis/js_errors/fingerprints.py",
        """
-    return "/".join(_without_variable_parts(_unhashed(step)) for step in path.split("/"))
+    return "/".join(_without_variable_parts(step) for step in path.split("/"))
""",
        ("tests/lake/analysis/test_fingerprints.py",),
    ),
    Mutant(
        "waiting errors vanish while they are compacted",
        "lake/reading/pending_errors.py",
        """
-            snapshot, pending = lake.snapshot_with_sessions(website.website_id, newer=True)
+            return PendingErrors(snapshot, pending, tombstones, [])
""",
        ("tests/query_api/test_error_groups.py",),
    ),
    Mutant(
        "notes of our recorder are inferred again",
        "lake/analysis/analyzer.py",
        """
-        self._is_noted = True
+        self._is_noted = False
""",
        ("tests/lake/analysis/test_analyzer.py",),
    ),
    Mutant(
        "a click is a place of the window",
        "lake/analysis/page_views.py",
        """
-            view.clicks.append((int(_clamped_px(x + page.left)), int(_clamped_px(y + page.top))))
+            view.clicks.append((int(_clamped_px(x)), int(_clamped_px(y))))
""",
        ("tests/lake/analysis/test_page_views.py",),
    ),
    Mutant(
        "a score is written before what it is made of",
        "lake/operations/rescore.py",
        """
-_ORDER = ("signals", "pages", "errors", "sessions")
+_ORDER = ("sessions", "signals", "pages", "errors")
""",
        (
            "tests/lake/operations/test_rescoring.py::test_what_a_kill_leaves_undone_is_done_by_the_next_run",
        ),
    ),
    Mutant(
        "a re-scoring changes more than scores",
        "lake/operations/rescore.py",
        """
-        yield row | {column: rescored[column] for column in ANALYSED[name]}
+        yield rescored
""",
        ("tests/lake/operations/test_rescoring.py::test_only_what_analysis_makes_is_written",),
    ),
    Mutant(
        "erased people count in what frustrates",
        "lake/reading/visible_sessions.py",
        """
-        self.sessions = without_erased(sessions, [tombstones], people_of=sessions)
+        self.sessions = sessions
""",
        (
            "tests/query_api/test_frustration.py::test_who_is_erased_counts_nowhere_before_any_job_ran",
        ),
    ),
    Mutant(
        "what is no longer kept counts in what frustrates",
        "lake/reading/visible_sessions.py",
        """
-    return max(from_at or first_at, first_at), to_at or datetime.max.replace(tzinfo=UTC)
+    return from_at or datetime.min.replace(tzinfo=UTC), to_at or datetime.max.replace(tzinfo=UTC)
""",
        ("tests/query_api/test_frustration.py::test_what_is_no_longer_kept_counts_nowhere",),
    ),
    Mutant(
        "days tell of what was erased",
        "lake/reading/insights/daily.py",
        """
-    rows = [anew.get(row["date"], row) for row in stored]
+    rows = list(stored)
""",
        (
            "tests/query_api/test_days.py::test_an_erased_session_leaves_the_days_before_any_job_runs",
        ),
    ),
    Mutant(
        "days of every website are told",
        "lake/reading/insights/daily.py",
        """
-        mine = table.scan(files).filter(wanted, website_id=website.website_id)
+        mine = table.scan(files).filter(wanted)
""",
        ("tests/query_api/test_days.py::test_a_day_is_told_as_it_was_summarised",),
    ),
)

MUTANTS = (*COMPACTION, *RETENTION, *ERASURE, *INGEST, *READING, *ACCESS, *SHARING, *ANALYSIS)
