import { expect, test } from "vitest";
import type { RecordedEvent } from "../../../src/player/model/events.ts";
import { EventStream } from "../../../src/player/playback/stream.ts";

const line = (timestamp: number) => JSON.stringify({ type: 4, timestamp, data: { text: "ü€😀" } });

/** An answer that arrives in pieces, and may break after them. */
function answer(body: string, piece: number, count?: number, breaks = false): Response {
  const bytes = new TextEncoder().encode(body);
  let at = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at < bytes.length) {
        controller.enqueue(bytes.slice(at, at + piece));
        at += piece;
      } else if (breaks) controller.error(new Error("reset"));
      else controller.close();
    },
  });
  return new Response(stream, {
    headers: count === undefined ? {} : { "x-event-count": String(count) },
  });
}

async function all(stream: EventStream): Promise<RecordedEvent[]> {
  const found: RecordedEvent[] = [];
  for (let some = await stream.read(); some; some = await stream.read()) found.push(...some);
  return found;
}

test.each([1, 2, 7, 64, 10_000])(
  "events come whole, however the bytes do: %i at once",
  async (piece) => {
    const stream = new EventStream(answer(`${line(1)}\n${line(2)}\n\n${line(3)}`, piece, 3));
    const events = await all(stream);

    expect(events.map(({ timestamp }) => timestamp)).toEqual([1, 2, 3]);
    expect(events[2]?.data).toEqual({ text: "ü€😀" });
    expect(stream.damage).toBeNull();
  },
);

test("a short answer is told from a whole one by its count", async () => {
  const stream = new EventStream(answer(`${line(1)}\n${line(2)}\n`, 64, 5));

  expect(await all(stream)).toHaveLength(2);
  expect(stream.damage).toBe("cut");
});

test("an answer that breaks off gives what came before", async () => {
  const stream = new EventStream(answer(`${line(1)}\n${line(2).slice(0, 9)}`, 64, 2, true));

  expect(await all(stream)).toHaveLength(1);
  expect(stream.damage).toBe("cut");
});

test("lines that are no events are passed over and said to be", async () => {
  const bad = [
    '{"type":',
    "null",
    "5",
    '{"type":"x","timestamp":1}',
    '{"type":3,"timestamp":1e999}',
  ];
  const stream = new EventStream(answer([line(1), ...bad, line(2)].join("\n"), 64, 7));

  expect(await all(stream)).toHaveLength(2);
  expect(stream.damage).toBe("malformed");
});

test("what is deeper than any page is read without an overflow", async () => {
  const deep = `{"type":3,"timestamp":1,"data":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
  const stream = new EventStream(answer(`${deep}\n${line(2)}\n`, 4_096, 2));

  expect((await all(stream)).at(-1)?.timestamp).toBe(2);
});

test("a cancelled answer ends", async () => {
  const stream = new EventStream(answer(`${line(1)}\n`, 4, 1));
  await stream.cancel();

  expect(await stream.read()).toBeNull();
});
