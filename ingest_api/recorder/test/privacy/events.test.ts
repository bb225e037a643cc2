import assert from "node:assert/strict";
import { test } from "node:test";
import { type Any, el, mutation, note, sanitizer, sent, snapshot, tx } from "./page.ts";

const incremental = (data: Any) => ({ type: 3, timestamp: 5, data });

test("events of known shapes leave as they are", () => {
  const masks = sanitizer();
  const box = el("style");
  masks.event(snapshot(box));
  const { id } = box;
  const events: Any[] = [
    { type: 0, timestamp: 1, data: {} },
    { type: 1, timestamp: 1, data: {} },
    { type: 4, timestamp: 1, data: { href: "https://shop.example/a", width: 100, height: 50 } },
    incremental({ source: 1, positions: [{ x: 1, y: 2, id, timeOffset: -20 }] }),
    incremental({ source: 6, positions: [{ x: 1, y: 2, id, timeOffset: 0 }] }),
    incremental({ source: 12, positions: [{ x: 1, y: 2, id, timeOffset: 0 }] }),
    incremental({ source: 2, type: 2, id, x: 1, y: 2, pointerType: 0 }),
    incremental({ source: 3, id, x: 0, y: 200 }),
    incremental({ source: 4, width: 100, height: 50 }),
    incremental({ source: 8, id, adds: [{ rule: "a { }", index: [0, 1] }, { rule: "b { }" }] }),
    incremental({ source: 8, styleId: 2, removes: [{ index: 3 }] }),
    incremental({
      source: 13,
      id,
      index: [1],
      set: { property: "color", value: "red", priority: "" },
    }),
    incremental({ source: 13, id, index: [1], remove: { property: "color" } }),
    incremental({
      source: 15,
      id,
      styleIds: [1],
      styles: [{ styleId: 1, rules: [{ rule: "a { }", index: 0 }] }],
    }),
    incremental({ source: 16, define: { name: "x-card" } }),
  ];
  for (const event of events) assert.deepEqual(masks.event(event), event);
});

test("unknown types, sources and keys go", () => {
  const masks = sanitizer();
  for (const type of [6, 7, 8, 99, "2"]) {
    assert.equal(
      masks.event({ type, data: { plugin: "x", payload: "secret" }, timestamp: 1 } as Any),
      null,
    );
  }
  for (const source of [7, 9, 10, 11, 14, 17, "0"])
    assert.equal(masks.event(incremental({ source, id: 1 })), null);
  assert.deepEqual(masks.event({ type: 0, data: { a: 1 }, timestamp: 1, extra: 1 } as Any), {
    type: 0,
    data: {},
    timestamp: 1,
  });
  const box = el("div");
  masks.event(snapshot(box));
  const { id } = box;
  const scroll = { source: 3, id, x: "secret", y: 2, extra: "secret" };
  assert.deepEqual(sent(masks, incremental(scroll)), { source: 3, id, y: 2 });
});

test("the name of a style's property is one word", () => {
  const remove = { property: "jane@example.org" };

  assert.deepEqual(sent(sanitizer(), incremental({ source: 13, styleId: 1, index: [0], remove })), {
    source: 13,
    styleId: 1,
    index: [0],
    remove: {},
  });
});

test("the URL of a page is masked", () => {
  const data = { href: "https://u:p@shop.example/a?q=1#x", width: 1, height: 2 };

  assert.equal(
    sent(sanitizer(), { type: 4, timestamp: 1, data }).href,
    "https://shop.example/a?q=***",
  );
});

test("broken events give nothing or less, and never throw", () => {
  const junk: Any[] = [
    null,
    undefined,
    1,
    "x",
    true,
    [],
    {},
    [null],
    [1],
    { id: 1 },
    [{ id: 1 }],
    () => 1,
  ];
  const masks = sanitizer();
  const box = el("div", {}, [el("input"), tx("x")]);
  masks.event(snapshot(box));
  for (const value of junk) {
    masks.event(value);
    for (const type of [0, 1, 2, 3, 4, 5, value])
      masks.event({ type, data: value, timestamp: value } as Any);
    masks.event(snapshot(value));
    for (let type = 0; type < 6; type++) {
      masks.event(
        snapshot({
          type,
          id: 5,
          tagName: value,
          attributes: value,
          childNodes: value,
          textContent: value,
        }),
      );
      masks.event(snapshot({ type, id: value, tagName: "p", childNodes: value }));
    }
    masks.event(snapshot(box));
    for (const tag of ["input", "svg", "p", "x-y", "link"]) {
      const attributes = {
        value,
        style: value,
        class: value,
        type: value,
        name: value,
        href: value,
        checked: value,
        role: value,
      };
      masks.event(snapshot({ ...el(tag, attributes), isSVG: tag === "svg" }));
    }
    masks.event(snapshot(box));
    masks.event(mutation({ adds: value, removes: value, texts: value, attributes: value }));
    masks.event(
      mutation({
        adds: [{ parentId: box.id, nextId: value, node: value }],
        attributes: [{ id: box.id, attributes: value }],
      }),
    );
    for (let source = 0; source < 18; source++) {
      masks.event(incremental({ source, id: value }));
      const { id } = box;
      masks.event(
        incremental({
          source,
          id,
          text: value,
          positions: value,
          adds: value,
          set: value,
          styles: value,
          define: value,
          index: value,
        }),
      );
    }
    for (const tag of ["page", "click", "error", "identify"]) masks.event(note(tag, value));
    masks.event(note("page", { url: value, title: value }));
  }

  assert.ok(masks.event(snapshot(box)));
});

test("deep trees are cut, wide and circular ones do no harm", () => {
  let deep: Any = tx("x");
  for (let i = 0; i < 20_000; i++) deep = el("div", {}, [deep]);
  const masks = sanitizer();
  let depth = 0;
  for (let node = sent(masks, snapshot(deep)).node; node; node = node.childNodes?.[0]) depth++;
  assert.ok(depth > 500 && depth < 2000);

  const [a, b] = [el("div"), el("div")];
  masks.event(snapshot(a, b));
  masks.event(
    mutation({
      adds: [
        { parentId: a.id, nextId: null, node: b },
        { parentId: b.id, nextId: null, node: a },
      ],
    }),
  );
  const data = sent(masks, mutation({ adds: [{ parentId: a.id, nextId: null, node: tx("x") }] }));
  assert.equal(data.adds[0].node.textContent, "*****");
});

test("a note leaves with its known keys", () => {
  const masks = sanitizer();
  const box = el("button");
  masks.event(snapshot(box));
  const { id } = box;
  const notes: [string, Any][] = [
    ["page", { url: "https://shop.example/a", title: "Shop", width: 10, height: 20 }],
    ["identify", { id: "user-7" }],
    ["trigger", { kind: "rage_click", detail: "three clicks" }],
    [
      "error",
      {
        message: "x is undefined",
        stack: "at a (https://shop.example/a.js:10:5)",
        source: "error",
        file: "/a.js",
        line: 10,
        column: 5,
      },
    ],
    [
      "click",
      {
        id,
        x: 1,
        y: 2,
        at_ms: 3,
        interactive: true,
        reacted: false,
        target: "div > button#pay.a",
        text: "Pay",
      },
    ],
    ["rage_click", { id, x: 1, y: 2, at_ms: 3, count: 4, target: "div > button" }],
    ["form", { id, form: "form#a", step: "submit", status: 422, fields: 3 }],
    ["network", { method: "POST", path: "/api/a", status: 500, duration_ms: 12.5 }],
    ["vital", { name: "LCP", value: 1200.5 }],
    ["gap", { reason: "offline" }],
  ];
  for (const [tag, payload] of notes) {
    const tagged = { tag: `replaylake.${tag}`, payload };

    assert.deepEqual(sent(masks, note(tag, { ...payload, extra: "secret" })), tagged);
  }
  assert.equal(masks.event(note("other", { id: 1 })), null);
  assert.equal(masks.event({ type: 5, timestamp: 1, data: { tag: "page", payload: {} } }), null);
});

test("what a note says is masked and cut", () => {
  const masks = sanitizer();
  const payload = (tag: string, raw: Any) => sent(masks, note(tag, raw)).payload;

  assert.equal(payload("page", { url: "/a?q=1" }).url, "/a?q=***");
  assert.equal(payload("page", { title: "jane@example.org" }).title, "***");
  assert.equal(payload("network", { path: "/u/jane@example.org?q=1" }).path, "/u/***?q=***");
  const error = payload("error", {
    message: `no jane@example.org ${"x ".repeat(1000)}`,
    stack: `Error\n at a (https://shop.example/a.js?token=abc:10:5)\n${"y ".repeat(8000)}`,
    source: "not a word",
  });
  assert.ok(error.message.startsWith("no *** x"));
  assert.ok(error.stack.includes("a.js?token=***:10:5)"));
  assert.equal(error.message.length, 1000);
  assert.equal(error.stack.length, 8000);
  assert.equal(error.source, undefined);
  const half = payload("page", { title: `${"x ".repeat(145)}4111 1111 1111 1111` }).title;
  assert.ok(half.endsWith("***"));
});

test("an id that names a person is refused", () => {
  const ids = [
    "jane@example.org",
    "4111111111111111",
    "123-45-6789",
    "+4930123456789",
    "x".repeat(257),
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI3In0.c2ln",
  ];
  for (const id of ids)
    assert.equal(sanitizer({ mask_emails: false }).event(note("identify", { id })), null);
  for (const id of [
    "7",
    "0123456789abcdef0123456789abcdef",
    "01a1ee56-5e00-7be4-972c-9816fcdafaf7",
  ]) {
    assert.equal(sent(sanitizer(), note("identify", { id })).payload.id, id);
  }
  assert.equal(sanitizer().event(note("identify", {})), null);
});

test("a note on a private node has no text, and of its path only tags", () => {
  const button = el("button");
  const masks = sanitizer();
  masks.event(snapshot(el("div", { "data-private": "" }, [button])));
  const path = "div#jane.doe > ul > button[name=jane]:nth-of-type(2)";
  const { id } = button;
  const click = sent(masks, note("click", { id, x: 1, target: path, text: "Jane" })).payload;

  assert.equal(click.text, undefined);
  assert.equal(click.target, "div > ul > button");
  const rage = sent(masks, note("rage_click", { id, target: path })).payload;
  assert.equal(rage.target, "div > ul > button");
  assert.equal(sent(masks, note("form", { id, form: path })).payload.form, "div > ul > button");
});

test("why a session is kept does not tell what is private", () => {
  const detail = (kind: string, text: string) =>
    sent(sanitizer(), note("trigger", { kind, detail: text })).payload.detail;

  for (const kind of ["rage_click", "dead_click", "form_abandonment"])
    assert.equal(detail(kind, "form#jane > button.pay"), "form > button");
  assert.equal(detail("error", "no #1 for jane@example.org"), "no #1 for ***");
});

test("the path of a note is masked and cut", () => {
  const box = el("button");
  const masks = sanitizer();
  masks.event(snapshot(box));
  const target = (path: string) =>
    sent(masks, note("click", { id: box.id, target: path })).payload.target;

  assert.equal(target("div > a[title=jane@example.org]"), "div > a[title=***]");
  assert.equal(target("div > ".repeat(100)).length, 300);
});

test("a note on a field does not tell its text", () => {
  const nodes = [el("input"), el("textarea"), el("select"), el("p", { contenteditable: "" })];
  const masks = sanitizer();
  masks.event(snapshot(...nodes));
  for (const { id } of nodes) {
    assert.equal(
      sent(masks, note("click", { id, target: "input", text: "Jane" })).payload.text,
      undefined,
    );
  }
});

test("a snapshot is masked in a time that is printed here", (t) => {
  const rows = Array.from({ length: 2000 }, (_, i) =>
    el("div", { class: "row", id: `row-${i}` }, [
      el("a", { href: `https://shop.example/item/${i}?ref=home` }, [tx(`Item ${i}, now €${i}.99`)]),
      el("input", { value: "x" }),
    ]),
  );
  const event = snapshot(...rows);
  const masks = sanitizer();
  let least_ms = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 5; i++) {
    const before = process.cpuUsage();
    assert.ok(masks.event(event));
    const { user, system } = process.cpuUsage(before);
    least_ms = Math.min(least_ms, (user + system) / 1000);
  }
  t.diagnostic(`8,001 nodes: ${least_ms.toFixed(1)} ms of CPU`);
});

test("a place on the screen is told in whole pixels", () => {
  const masks = sanitizer();
  const node = el("p");
  masks.event(snapshot(node));
  const { x, y } = sent(masks, {
    type: 3,
    data: { source: 2, type: 2, id: node.id, x: 19.709999084472656, y: 55.5 },
    timestamp: 5,
  });

  assert.deepEqual([x, y], [20, 56]);
});
