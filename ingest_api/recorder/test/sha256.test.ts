import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { test } from "node:test";
import { sha256 } from "../src/sha256.ts";

test("it is SHA-256, for all lengths that fit into a block", () => {
  for (let length = 0; length <= 55; length++) {
    for (let round = 0; round < 20; round++) {
      const message = randomBytes(length);
      const expected = createHash("sha256").update(message).digest("hex");

      assert.equal(Buffer.from(sha256(message)).toString("hex"), expected);
    }
  }
});

test("a longer message is refused instead of hashed wrong", () => {
  assert.throws(() => sha256(new Uint8Array(56)), RangeError);
});
