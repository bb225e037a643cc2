import assert from "node:assert/strict";
import { test } from "node:test";
import { newPageId, newSecret, sessionIdOf, shareOf } from "../src/ids.ts";

const NOW_MS = 1795000000000;
const UUID7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test("a session id is the one that the server makes of the same secret and time", () => {
  assert.equal(
    sessionIdOf("000102030405060708090a0b0c0d0e0f", NOW_MS),
    "01a1ee56-5e00-7be4-972c-9816fcdafaf7",
  );
});

test("pages and secrets have their form, and no two are the same", () => {
  const pages = Array.from({ length: 200 }, () => newPageId(NOW_MS));
  const secrets = Array.from({ length: 200 }, newSecret);

  for (const page of pages) assert.match(page, UUID7);
  for (const secret of secrets) assert.match(secret, /^[0-9a-f]{32}$/);
  assert.equal(new Set([...pages, ...secrets]).size, 400);
});

test("a sample of 2 % takes 2 % of the sessions, give or take a half", () => {
  const sessions = Array.from({ length: 10_000 }, () => sessionIdOf(newSecret(), NOW_MS));

  const taken = sessions.filter((id) => shareOf(id) < 0.02).length;

  assert.ok(taken >= 150 && taken <= 250, `${taken} of 10,000`);
});

test("a session of the sample stays in it on each of its pages", () => {
  const id = sessionIdOf(newSecret(), NOW_MS);

  assert.equal(shareOf(id), shareOf(id));
  assert.ok(shareOf(id) >= 0 && shareOf(id) < 1);
});
