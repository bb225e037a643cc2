import assert from "node:assert/strict";
import { test } from "node:test";
import { newSecret, sessionIdOf } from "../../src/ids.ts";
import { storeUnsent, takeUnsent } from "../../src/upload/unsent.ts";

const HOUR_MS = 3_600_000;
const NOW_MS = 1_795_000_000_000;

const items = new Map<string, string>();
Object.assign(globalThis, {
  sessionStorage: {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
  },
});

test("what a page left is sent for three days, as a server takes nothing much older", () => {
  const left = [24, 71, 73, 24 * 30].map((hours) => {
    const secret = newSecret();
    const session = sessionIdOf(secret, NOW_MS - hours * HOUR_MS);
    return { session, secret, page: "p", seq: 0, events: [`${hours}`] };
  });
  storeUnsent(left);

  assert.deepEqual(takeUnsent(NOW_MS), left.slice(0, 2));
  assert.deepEqual(takeUnsent(NOW_MS), []);
});
