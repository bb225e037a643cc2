import assert from "node:assert/strict";
import { test } from "node:test";
import { Checkpoints, chunksOf } from "../../src/triggers/checkpoints.ts";

const PLACE = { session: "s", page: "p" };
const MINUTE_MS = 60_000;

/** A page that checkpoints each minute and does something each second. */
function filled(seconds: number, eventLength = 10): Checkpoints {
  const buffer = new Checkpoints(PLACE, 0);
  for (let s = 0; s <= seconds; s++) {
    if (s % 60 === 0) buffer.add("M".repeat(eventLength), s * 1000, true);
    buffer.add("e".repeat(eventLength), s * 1000, false);
  }
  return buffer;
}

test("whenever the trigger comes, the minute before it can be played", () => {
  for (const seconds of [1, 59, 60, 61, 90, 119, 120, 121, 600]) {
    const pieces = filled(seconds).take();

    const from_ms = pieces[0]?.from_ms ?? Number.POSITIVE_INFINITY;
    assert.ok(from_ms <= Math.max(0, seconds * 1000 - MINUTE_MS), `${seconds} s: from ${from_ms}`);
    for (const piece of pieces) assert.ok(piece.events[0]?.startsWith("M"));
    assert.ok(pieces.length <= 3, `${seconds} s: ${pieces.length} pieces`);
  }
});

test("the oldest checkpoint goes first where there is no room", () => {
  const buffer = filled(61, 30_000);

  assert.ok(buffer.length <= 5_000_000);
  assert.equal(buffer.take()[0]?.from_ms, 0);
  const larger = filled(119, 60_000);
  assert.ok(larger.length <= 5_000_000);
  assert.equal(larger.take()[0]?.from_ms, MINUTE_MS);
});

test("a page that is too large for the buffer says so, until it is smaller", () => {
  const buffer = new Checkpoints(PLACE, 0);
  buffer.add("M", 0, true);
  buffer.add("s".repeat(6_000_000), 0, false);

  assert.ok(buffer.isOverfull);
  assert.equal(buffer.length, 0);
  buffer.add("e", 1, false);
  assert.deepEqual(buffer.take(), []);

  const next = new Checkpoints(PLACE, 0);
  next.add("s".repeat(6_000_000), 0, false);
  next.add("M", 5, true);
  assert.ok(!next.isOverfull);
  assert.equal(next.take().length, 1);
});

test("pieces of earlier pages become chunks that are numbered for each page", () => {
  const piece = (page: string, events: string[]) => {
    return { session: "s", page, from_ms: 0, to_ms: 0, events, length: 0 };
  };
  const large = "e".repeat(400_000);

  const chunks = chunksOf(
    [piece("a", ["1", large, large]), piece("a", ["2"]), piece("b", [])],
    "x",
  );

  assert.deepEqual(
    chunks.map(({ page, seq, events }) => [page, seq, events.map((event) => event.length)]),
    [
      ["a", 0, [1, 400_000]],
      ["a", 1, [400_000]],
      ["a", 2, [1]],
    ],
  );
});
