import { expect, test } from "vitest";
import type { RecordedEvent } from "../../../src/player/model/events.ts";
import { notesOf } from "../../../src/player/model/notes.ts";
import type { Part } from "../../../src/player/playback/source.ts";
import { Tape } from "../../../src/player/playback/tape.ts";

const START = 1_795_000_000_000;
const scroll = (atMs: number, y: number): RecordedEvent => ({
  type: 3,
  timestamp: START + atMs,
  data: { source: 3, id: 1, x: 0, y },
});

/** A session on a server, of which each answer is cut after so many events. */
class Server {
  readonly asked: Part[] = [];
  cutAfter = Number.POSITIVE_INFINITY;
  readonly events: RecordedEvent[];

  constructor(events: RecordedEvent[]) {
    this.events = events;
  }

  readonly open = async (part: Part): Promise<Response> => {
    this.asked.push(part);
    // Some more than what is asked for, as a snapshot may lie before it.
    const begin = this.events.findIndex(({ timestamp }) => timestamp - START >= (part.fromMs ?? 0));
    const whole = this.events.slice(Math.max(0, begin - 2));
    const lines = whole.slice(0, this.cutAfter).map((event) => `${JSON.stringify(event)}\n`);
    return new Response(lines.join(""), { headers: { "x-event-count": String(whole.length) } });
  };
}

async function readAll(tape: Tape): Promise<void> {
  while (!tape.isDone) await tape.read();
}

const window = (fromMs: number, toMs = Number.POSITIVE_INFINITY) => ({
  pageId: null,
  fromMs,
  toMs,
});
const depths = (tape: Tape) => tape.events.map(({ data }) => (data as { y: number }).y);

test("a cut answer is read on without an event twice or left out", async () => {
  // Four at one moment: where the cut falls among them must not matter.
  const times = [0, 10, 20, 20, 20, 20, 30, 40];
  for (let cutAfter = 1; cutAfter <= times.length; cutAfter++) {
    const server = new Server(times.map((atMs, y) => scroll(atMs, y)));
    server.cutAfter = cutAfter;
    const tape = new Tape(window(0), START, server.open);
    await readAll(tape);
    server.cutAfter = Number.POSITIVE_INFINITY;
    tape.resume();
    await readAll(tape);

    expect(depths(tape)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(tape.damage).toBeNull();
  }
});

test("a session that goes on brings what is new", async () => {
  const server = new Server([scroll(0, 0), scroll(10, 1)]);
  const tape = new Tape(window(0), START, server.open);
  await readAll(tape);
  expect(tape.loadedToMs).toBe(10);
  server.events.push(scroll(10, 2), scroll(30, 3));
  tape.resume();
  await readAll(tape);

  expect(depths(tape)).toEqual([0, 1, 2, 3]);
  expect(server.asked.map(({ fromMs }) => fromMs)).toEqual([0, 10]);
});

test("what leads to a window is played and counted nowhere else", async () => {
  const server = new Server([0, 1_000, 2_000, 3_000, 4_000].map((atMs) => scroll(atMs, atMs)));
  const tape = new Tape(window(2_000, 9_000), START, server.open);
  await readAll(tape);

  expect(depths(tape)).toEqual([0, 1_000, 2_000, 3_000, 4_000]);
  expect(tape.interactions).toEqual([2_000, 3_000, 4_000]);
  expect(tape.loadedToMs).toBe(9_000);
});

test("a clock that goes back stands still", async () => {
  const server = new Server([scroll(0, 0), scroll(500, 1), scroll(100, 2), scroll(600, 3)]);
  const tape = new Tape(window(0), START, server.open);
  await readAll(tape);

  expect(tape.interactions).toEqual([0, 500]);
  expect(tape.loadedToMs).toBe(600);
});

test("a paused tape lets its connection go and reads on later", async () => {
  const server = new Server([scroll(0, 0), scroll(10, 1)]);
  const tape = new Tape(window(0), START, server.open);
  await tape.read();
  await tape.pause();
  expect(tape.isDone).toBe(false);
  await readAll(tape);

  expect(depths(tape)).toEqual([0, 1]);
  expect(server.asked).toHaveLength(2);
});

test("notes come from our recorder and from rrweb's plugins, never from nonsense", () => {
  const custom = (tag: string, payload: unknown) =>
    notesOf({ type: 5, timestamp: 0, data: { tag, payload } }, 7);
  expect(
    custom("replaylake.network", { method: "GET", path: "/a", status: 500, duration_ms: 3 }),
  ).toEqual([{ kind: "network", atMs: 7, method: "GET", path: "/a", status: 500, tookMs: 3 }]);
  expect(custom("replaylake.error", { message: "no", source: "console" })).toMatchObject([
    { kind: "console", text: "no" },
  ]);
  expect(custom("replaylake.error", { message: "no", source: "page" })).toEqual([]);
  expect(custom("replaylake.gap", { reason: "offline" })).toMatchObject([{ kind: "gap" }]);
  const plugin = (name: string, payload: unknown) =>
    notesOf({ type: 6, timestamp: 0, data: { plugin: name, payload } }, 7);
  expect(plugin("rrweb/console@1", { level: "warn", payload: ['"a"', "{}", 5] })).toMatchObject([
    { level: "warn", text: "a {} " },
  ]);
  expect(
    plugin("rrweb/network@1", { requests: [{ name: "/b", responseStatus: 204 }, null] }),
  ).toMatchObject([{ kind: "network", path: "/b", status: 204 }]);
  for (const one of [null, 5, "x", [], { payload: 5 }, { requests: 5 }]) {
    expect(plugin("rrweb/network@1", one)).toEqual([]);
    expect(custom("replaylake.x", one)).toEqual([]);
  }
});
