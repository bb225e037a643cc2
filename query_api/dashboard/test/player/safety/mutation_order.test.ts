import { describe, expect, test } from "vitest";
import { type Addition, placeable } from "../../../src/player/safety/mutation_order.ts";

const add = (id: number, parentId: number, nextId: number | null = null, type = 2): Addition => ({
  parentId,
  nextId,
  node: { id, type },
});
const order = (...adds: Addition[]) =>
  placeable(adds, (id) => id === 1).map(({ node, nextId }) => [node.id, nextId]);

describe("what a change adds", () => {
  test("comes after its parent and its neighbour", () => {
    expect(order(add(4, 3), add(2, 1, 3), add(3, 1))).toEqual([
      [3, null],
      [4, null],
      [2, 3],
    ]);
  });

  test("stands last where its neighbour is missing, or is itself waited for", () => {
    expect(order(add(2, 1, 99))).toEqual([[2, null]]);
    expect(order(add(2, 1, 3), add(3, 1, 2))).toEqual([
      [2, null],
      [3, 2],
    ]);
  });

  test("is left out without a parent, but for a frame's document", () => {
    expect(order(add(2, 99), add(3, 2), add(4, 98, null, 0))).toEqual([[4, null]]);
  });

  test("is in order in time that grows with its number", () => {
    const many = Array.from({ length: 200_000 }, (_, place) =>
      add(place + 2, 1, place < 199_999 ? place + 3 : null),
    );
    const began = performance.now();
    expect(placeable(many, (id) => id === 1)).toHaveLength(200_000);
    expect(performance.now() - began).toBeLessThan(5_000);
  });
});
