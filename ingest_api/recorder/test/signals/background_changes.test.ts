import assert from "node:assert/strict";
import { test } from "node:test";
import { BackgroundChanges } from "../../src/signals/background_changes.ts";

/** A page of which one node has ticked at these times, in ms. */
function ticked(...times: number[]): BackgroundChanges {
  const background = new BackgroundChanges();
  for (const at of times) background.isOwn([1], at, false, false);
  return background;
}

test("what came late is followed early, and is the page's own all the same", () => {
  const background = ticked(0, 150, 300, 450);

  const late = background.isOwn([1], 730, true, false);
  const soon = background.isOwn([1], 750, true, false);
  const then = background.isOwn([1], 900, true, false);

  assert.deepEqual([late, soon, then], [true, true, true]);
});

test("what comes early with nothing late before it is an answer", () => {
  const background = ticked(0, 150, 300, 450);

  assert.equal(background.isOwn([1], 470, true, false), false);
  assert.equal(background.isOwn([1], 600, true, false), true);
});

test("another node's change is an answer, though one beside it ticks", () => {
  const background = ticked(0, 150, 300, 450);

  assert.equal(background.isOwn([1, 2], 600, true, false), false);
});

test("what has changed twice has no rhythm yet", () => {
  assert.equal(ticked(0, 150).isOwn([1], 300, true, false), false);
  assert.equal(ticked(0, 150, 300).isOwn([1], 450, true, false), true);
});

test("what a page writes in a burst, as it loads, answers a click soon after", () => {
  const burst = [0, 3, 5, 9, 11, 14];

  assert.equal(ticked(...burst).isOwn([1], 20, true, false), true);
  assert.equal(ticked(...burst).isOwn([1], 300, true, false), false);
});
