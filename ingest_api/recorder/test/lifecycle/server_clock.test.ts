import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { Clock } from "../../src/lifecycle/server_clock.ts";

const NOW_MS = 1795000000000;
const YEARS_MS = 10 * 365 * 86_400_000;
let steady_ms = 0;

beforeEach(() => {
  steady_ms = 0;
  mock.timers.enable({ apis: ["Date"], now: NOW_MS });
  mock.method(performance, "now", () => steady_ms);
});
afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

function pass(ms: number): void {
  steady_ms += ms;
  mock.timers.setTime(Date.now() + ms);
}

test("a browser that is ten years off still tells the server's time", () => {
  const clock = new Clock(YEARS_MS);
  pass(1_000);

  assert.equal(clock.now(), NOW_MS + YEARS_MS + 1_000);
  assert.equal(clock.at(Date.now() - 400), NOW_MS + YEARS_MS + 600);
});

test("a clock that is set back or years ahead meanwhile makes no step", () => {
  for (const leap of [-YEARS_MS, -5_000, YEARS_MS]) {
    const clock = new Clock(0);
    const before = clock.now();
    pass(1_000);
    mock.timers.setTime(Date.now() + leap);

    assert.equal(clock.now(), before + 1_000);
    pass(2_000);
    assert.equal(clock.now(), before + 3_000);
  }
});

test("a machine that slept for an hour has slept for an hour", () => {
  const clock = new Clock(0);
  const before = clock.now();
  mock.timers.setTime(Date.now() + 3_600_000);

  assert.equal(clock.now(), before + 3_600_000);
});
