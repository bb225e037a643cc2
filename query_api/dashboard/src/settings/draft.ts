/**
 * A website's settings as they are saved, and what is written but not saved yet. That is kept in
 * the tab until it is saved or discarded, whatever is looked at meanwhile.
 */

import { computed, effect, signal } from "@preact/signals";
import { ask, Problem } from "../api/client.ts";
import type { Settings } from "../api/keeping.ts";
import { me, recognise, website } from "../shell/account.ts";
import {
  changesOf,
  isName,
  mistakeIn,
  type Name,
  type Values,
  valuesOf,
  type Written,
} from "./fields.ts";

const KEPT = "replaylake.draft."; // and a website's id, in sessionStorage

/** Null until they were read. */
export const saved = signal<Settings | null>(null);
export const problem = signal<Problem | null>(null);
/** What was refused, and at which field. */
export const refused = signal<{ name: Name | null; text: string } | null>(null);
export const isSaving = signal(false);
export const wasSaved = signal(false);

const drafts = signal<Record<string, Written>>({});
let writes = 0; // so that an older answer does not undo a newer one

const idOf = () => website.value?.website_id ?? "";

const draftOf = (id: string) => drafts.value[id] ?? kept(id);

/** What is written of the website that is looked at. */
export const written = computed<Written>(() => (me.value?.role === "admin" ? draftOf(idOf()) : {}));

// Who signs out leaves nothing to the next.
effect(() => {
  if (!me.value) drafts.value = {};
});

/** What saving would change. */
export const changes = computed(() =>
  saved.value?.website_id === idOf() ? changesOf(valuesOf(saved.value), written.value) : {},
);

/** Whether anything is written, also where the settings were not read yet. */
export const hasDraft = computed(() => Object.keys(written.value).length > 0);

/** Read the settings. */
export async function look(websiteId: string, stop: AbortSignal): Promise<void> {
  if (saved.value?.website_id !== websiteId) saved.value = null;
  const before = writes;
  try {
    const found = await ask<Settings>(`/api/websites/${encodeURIComponent(websiteId)}`, {
      signal: stop,
    });
    if (before === writes) saved.value = found;
    problem.value = null;
  } catch (error) {
    if (stop.aborted) return;
    if (!(error instanceof Problem)) throw error;
    problem.value = error;
  }
}

export function write(name: Name, value: boolean | string): void {
  keep(idOf(), { ...written.value, [name]: value });
  wasSaved.value = false;
  if (refused.value?.name === name) refused.value = null;
}

export function discard(): void {
  keep(idOf(), {});
  refused.value = null;
  wasSaved.value = false;
}

/** Save what has changed, all or none. */
export async function save(): Promise<void> {
  const [id, asked] = [idOf(), changes.value];
  if (isSaving.value || Object.keys(asked).length === 0) return;
  refused.value = mistakeIn(asked);
  if (refused.value) return;
  isSaving.value = true;
  try {
    const path = `/api/websites/${encodeURIComponent(id)}`;
    const found = await ask<Settings>(path, { method: "PATCH", body: asked });
    writes++;
    if (idOf() === id) saved.value = found;
    keep(id, stillUnsaved(draftOf(id), asked, found));
    wasSaved.value = true;
    await recognise(); // the name stands above every page
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const name = error.parameter ?? "";
    refused.value = { name: isName(name) ? name : null, text: error.message };
  } finally {
    isSaving.value = false;
  }
}

/** What was written meanwhile. What was sent is saved, however the API spells it. */
function stillUnsaved(draft: Written, sent: Partial<Values>, found: Settings): Written {
  const left = changesOf(valuesOf(found), draft);
  const isNewer = ([name]: [string, unknown]) =>
    isName(name) && name in left && JSON.stringify(left[name]) !== JSON.stringify(sent[name]);
  return Object.fromEntries(Object.entries(draft).filter(isNewer));
}

function kept(id: string): Written {
  try {
    const found: unknown = JSON.parse(sessionStorage.getItem(KEPT + id) ?? "{}");
    const fields = Object.entries(found ?? {}).filter(([name]) => isName(name));
    return Object.fromEntries(fields) as Written;
  } catch {
    return {};
  }
}

function keep(id: string, draft: Written): void {
  drafts.value = { ...drafts.value, [id]: draft };
  if (Object.keys(draft).length > 0) sessionStorage.setItem(KEPT + id, JSON.stringify(draft));
  else sessionStorage.removeItem(KEPT + id);
}
