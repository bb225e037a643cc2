import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { gzipSync } from "../../src/upload/sync_gzip.ts";

function again(bytes: Uint8Array): void {
  assert.deepEqual(new Uint8Array(gunzipSync(gzipSync(bytes))), new Uint8Array(bytes));
}

const EVENTS = Array.from({ length: 2_000 }, (_, i) => ({
  type: 3,
  data: {
    source: 1,
    positions: [{ x: (i * 37) % 1440, y: (i * 91) % 900, id: i % 50, timeOffset: 0 }],
  },
  timestamp: 1795000000000 + i * 51,
}));

test("what is compressed comes back, whatever it is", () => {
  again(new Uint8Array(0));
  again(new Uint8Array([7]));
  again(new Uint8Array(100_000));
  for (let length = 1; length < 300; length++) again(new Uint8Array(length).fill(97));
  for (const length of [2, 3, 1_000, 70_000]) again(randomBytes(length));
  for (let byte = 0; byte < 256; byte++) again(new Uint8Array(5).fill(byte));
  again(new TextEncoder().encode(JSON.stringify(EVENTS)));
});

test("matches at every length and distance come back", () => {
  const far = randomBytes(300);
  for (let gap = 0; gap < 33_000; gap += 389) {
    again(Buffer.concat([far, randomBytes(gap), far.subarray(0, 3 + (gap % 256))]));
  }
});

test("events become less than half", () => {
  const bytes = new TextEncoder().encode(JSON.stringify(EVENTS));

  assert.ok(gzipSync(bytes).length < bytes.length / 2);
});
