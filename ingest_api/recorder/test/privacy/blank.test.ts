import assert from "node:assert/strict";
import { test } from "node:test";
import { el, note, sanitizer, sent, snapshot } from "./page.ts";

const INSIDE = -1; // rrweb numbers nothing inside a blank box

test("pointers, presses, focus and scrolls in a blank box are dropped", () => {
  const masks = sanitizer();
  const box = el("div", { "data-private": "block", rr_width: "9px", rr_height: "9px" });
  const shown = el("p");
  masks.event(snapshot(box, shown));
  const at = (id: number) => ({ x: 1, y: 2, id, timeOffset: 0 });
  for (const id of [INSIDE, box.id]) {
    for (const source of [1, 6, 12]) {
      const positions = [at(id), at(shown.id)];
      const event = { type: 3, timestamp: 5, data: { source, positions } };
      assert.deepEqual(sent(masks, event), { source, positions: [at(shown.id)] });
      const none = { type: 3, timestamp: 5, data: { source, positions: [at(id)] } };
      assert.equal(sent(masks, none), null);
    }
    for (const data of [
      { source: 2, type: 2, id, x: 1, y: 2 },
      { source: 2, type: 5, id },
      { source: 3, id, x: 0, y: 7 },
    ])
      assert.equal(sent(masks, { type: 3, timestamp: 5, data }), null);
  }
});

test("a click in a blank box tells no position, target, text or id", () => {
  const masks = sanitizer();
  const box = el("div", { "data-private": "block", rr_width: "9px", rr_height: "9px" });
  masks.event(snapshot(box));
  for (const id of [INSIDE, box.id, 99_999, undefined]) {
    const place = { id, x: 11, y: 12, at_ms: 5, target: "div > button#key-4" };
    const click = { ...place, interactive: true, reacted: false, text: "4" };
    const told = { at_ms: 5, interactive: true, reacted: false };
    assert.deepEqual(sent(masks, note("click", click)).payload, told);
    const rage = sent(masks, note("rage_click", { ...place, count: 4 })).payload;
    assert.deepEqual(rage, { at_ms: 5, count: 4 });
  }
});
