/**
 * The signals alone, on a page of the tests: a recording that keeps its notes where they outlive
 * the page, and that tells of changes as rrweb's events would.
 */

import { failures } from "../../ingest_api/recorder/src/guard.ts";
import { isReturn, listenAll, notePage } from "../../ingest_api/recorder/src/signals/index.ts";
import * as network from "../../ingest_api/recorder/src/signals/network.ts";
import { isInteractive } from "../../ingest_api/recorder/src/signals/interactive.ts";
import { pathOf, textOf } from "../../ingest_api/recorder/src/signals/element_path.ts";
import type { Recording, Watcher } from "../../ingest_api/recorder/src/types.ts";

let watcher: Watcher = () => {};
const ids = new WeakMap<Node, number>();
let lastId = 0;

const idOf = (node: Node | null) => {
  if (!node) return -1;
  if (!ids.has(node)) ids.set(node, ++lastId);
  return ids.get(node) ?? -1;
};
const observer = new MutationObserver((records) => {
  watcher([...new Set(records.map(({ target }) => idOf(target)))], false);
});
const observed = { subtree: true, childList: true, attributes: true, characterData: true };
observer.observe(document, observed);
addEventListener("scroll", ({ target }) => watcher([idOf(target as Node)], true), true);
const value = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value");
Object.defineProperty(HTMLInputElement.prototype, "value", {
  ...value,
  set(text: string) {
    value?.set?.call(this, text);
    watcher([idOf(this)], false);
  },
});

const recording: Recording = {
  note(tag, payload, at_ms) {
    const notes = JSON.parse(sessionStorage.getItem("notes") ?? "[]");
    notes.push({ tag, payload: at_ms === undefined ? payload : { ...payload, at_ms } });
    sessionStorage.setItem("notes", JSON.stringify(notes));
  },
  idOf,
  watch(fn) {
    watcher = fn;
    return () => {
      watcher = () => {};
    };
  },
};

Object.assign(window, {
  harness: {
    listen: ({ network_panel, ingest }: { network_panel: boolean; ingest: string }) =>
      listenAll(recording, { network: network_panel ? network : undefined, ingest }),
    notePage: () => notePage(recording, isReturn()),
    observe: (root: Node) => observer.observe(root, observed),
    idOf,
    failures: () => failures,
    isInteractive,
    pathOf,
    textOf,
  },
});
