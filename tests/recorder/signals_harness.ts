/**
 * The signals alone, on a page of the tests: a recording that keeps its notes where they outlive
 * the page, and that counts changes as rrweb's events would.
 */

import { failures } from "../../ingest_api/recorder/src/guard.ts";
import { listenAll, notePage } from "../../ingest_api/recorder/src/signals/index.ts";
import { isInteractive } from "../../ingest_api/recorder/src/signals/interactive.ts";
import { pathOf, textOf } from "../../ingest_api/recorder/src/signals/path.ts";
import type { Recording } from "../../ingest_api/recorder/src/types.ts";

let changes = 0;
const count = () => {
  changes += 1;
};
const ids = new WeakMap<Node, number>();
let lastId = 0;

const observer = new MutationObserver(count);
const observed = { subtree: true, childList: true, attributes: true, characterData: true };
observer.observe(document, observed);
addEventListener("scroll", count, true);
const value = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value");
Object.defineProperty(HTMLInputElement.prototype, "value", {
  ...value,
  set(text: string) {
    value?.set?.call(this, text);
    count();
  },
});

const recording: Recording = {
  note(tag, payload, at_ms) {
    const notes = JSON.parse(sessionStorage.getItem("notes") ?? "[]");
    notes.push({ tag, payload: at_ms === undefined ? payload : { ...payload, at_ms } });
    sessionStorage.setItem("notes", JSON.stringify(notes));
  },
  idOf(node) {
    if (!node) return -1;
    if (!ids.has(node)) ids.set(node, ++lastId);
    return ids.get(node) ?? -1;
  },
  changes: () => changes,
};

Object.assign(window, {
  harness: {
    listen: (options: { network_panel: boolean; ingest: string }) => listenAll(recording, options),
    notePage: () => notePage(recording),
    observe: (root: Node) => observer.observe(root, observed),
    idOf: recording.idOf,
    failures: () => failures,
    isInteractive,
    pathOf,
    textOf,
  },
});
