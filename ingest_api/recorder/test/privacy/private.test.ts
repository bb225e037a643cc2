import assert from "node:assert/strict";
import { test } from "node:test";
import { type Any, attrs, BOX, el, kept, mutation, sanitizer, sent, snapshot, tx } from "./page.ts";

const MASK = "*****";

test("all text inside of a private element is masked, blank text stays", () => {
  const node = kept([
    el("div", { "data-private": "" }, [el("p", {}, [tx("secret")]), tx("\n ")]),
  ])[0];

  assert.equal(node.childNodes[0].childNodes[0].textContent, MASK);
  assert.equal(node.childNodes[1].textContent, "\n ");
  assert.equal(
    kept([el("p", { "data-private": "false" }, [tx("shown")])])[0].childNodes[0].textContent,
    "shown",
  );
  assert.equal(
    kept([el("p", { "data-private": "block" }, [tx("shown")])])[0].childNodes[0].textContent,
    MASK,
  );
});

test("private wins over public", () => {
  for (const [outer, inner] of [
    ["data-private", "data-public"],
    ["data-public", "data-private"],
  ] as const) {
    const field = el("input", { [inner]: "", value: "secret" });
    const node = kept([el("div", { [outer]: "" }, [field])])[0].childNodes[0];

    assert.equal(node.attributes.value, undefined);
  }
});

test("attributes inside of a private element are those of its layout", () => {
  const shape = {
    class: "row",
    type: "text",
    width: "5",
    colspan: "2",
    rr_height: "5px",
    rr_scrollTop: 7,
    dir: "rtl",
  };
  const hidden: Any = { value: "s", checked: true };
  for (const name of "id href src srcset alt title placeholder label name for aria-label data-x min content".split(
    " ",
  )) {
    hidden[name] = "secret";
  }

  assert.deepEqual(attrs("input", { "data-private": "", ...shape, ...hidden }), shape);
  assert.deepEqual(attrs("td", { "data-private": "", width: "jane@example.org" }), {});
});

test("a private svg has no geometry", () => {
  const path = { d: "M0 0h1", points: "0,0", fill: "red", x: "1", href: "#a", class: "a" };

  assert.deepEqual(attrs("path", { "data-private": "", ...path }, { isSVG: true }), { class: "a" });
});

test("a private style has neither URLs nor strings nor properties of its own", () => {
  const style = 'color: red; background: url(/secret.png); --name: secret; content: "secret"';
  const css = ".a::after { content: 'secret'; background: url('secret') } ";
  const node = kept([
    el("div", { "data-private": "", style }, [el("style", { _cssText: css }, [tx(css)])]),
  ])[0];

  assert.equal(node.attributes.style, 'color: red; background: none; ; content: ""');
  assert.equal(
    node.childNodes[0].attributes._cssText,
    ".a::after { content: ''; background: none } ",
  );
  assert.equal(
    node.childNodes[0].childNodes[0].textContent,
    ".a::after { content: ''; background: none } ",
  );
});

test("a private style that changes in parts has none of its own properties", () => {
  const box = el("div", { "data-private": "" });
  const masks = sanitizer();
  masks.event(snapshot(box));
  const style = { "--name": "secret", color: "red", background: "url(/secret)" };
  const data = sent(masks, mutation({ attributes: [{ id: box.id, attributes: { style } }] }));

  assert.deepEqual(data.attributes[0].attributes.style, { color: "red", background: "none" });
});

test("shadow roots and frames inside of a private element are private", () => {
  const frame = el("iframe");
  const shadow = el("p", {}, [tx("secret")], { isShadow: true });
  const masks = sanitizer();
  const node = sent(
    masks,
    snapshot(el("x-a", { "data-private": "" }, [shadow, frame], { isShadowHost: true })),
  );
  const page = { type: 0, id: 900_001, childNodes: [el("p", {}, [tx("secret")])] };
  const attached = sent(
    masks,
    mutation({ adds: [{ parentId: frame.id, nextId: null, node: page }], isAttachIframe: true }),
  );

  assert.equal(node.node.childNodes[0].childNodes[0].childNodes[0].textContent, MASK);
  assert.equal(attached.isAttachIframe, true);
  assert.equal(attached.adds[0].node.childNodes[0].childNodes[0].textContent, MASK);
});

test("what rrweb has blocked is private", () => {
  const node = kept([
    el("div", { class: "a", rr_width: "5px", rr_height: "6px", title: "x" }, [tx("secret")]),
  ])[0];

  assert.deepEqual(node.attributes, {
    class: "a",
    rr_width: "5px",
    rr_height: "6px",
    style: BOX,
  });
  assert.deepEqual(node.childNodes, []);
});

test("an element that becomes private hides what follows, at once and for ever", () => {
  const text = tx("shown");
  const image = el("img");
  const box = el("div", {}, [text, image]);
  const masks = sanitizer();
  masks.event(snapshot(box));
  const first = sent(
    masks,
    mutation({
      attributes: [
        { id: image.id, attributes: { alt: "secret", class: "b" } },
        { id: box.id, attributes: { "data-private": "" } },
      ],
      texts: [{ id: text.id, value: "secret" }],
      adds: [{ parentId: box.id, nextId: null, node: tx("secret") }],
    }),
  );
  masks.event(mutation({ attributes: [{ id: box.id, attributes: { "data-private": null } }] }));
  const then = sent(
    masks,
    mutation({ adds: [{ parentId: box.id, nextId: null, node: tx("secret") }] }),
  );

  assert.deepEqual(first.attributes, [{ id: image.id, attributes: { class: "b" } }]);
  assert.equal(first.texts[0].value, MASK);
  assert.equal(first.adds[0].node.textContent, MASK);
  assert.equal(then.adds[0].node.textContent, MASK);
});

test("a private node stays so where it moves to, and after a new snapshot", () => {
  const text = tx("secret");
  const inside = el("p", {}, [text]);
  const outside = el("div");
  const masks = sanitizer();
  const page = [el("div", { "data-private": "" }, [inside]), outside];
  masks.event(snapshot(...page));
  const moved = sent(
    masks,
    mutation({
      removes: [{ parentId: page[0].id, id: inside.id }],
      adds: [
        { parentId: outside.id, nextId: null, node: { ...inside, childNodes: [] } },
        { parentId: inside.id, nextId: null, node: text },
      ],
    }),
  );
  const again = sent(masks, snapshot(inside)).node.childNodes[0];

  assert.equal(moved.adds[1].node.textContent, MASK);
  assert.equal(again.childNodes[0].textContent, MASK);
});

test("a node that moves into a private element is masked from then on", () => {
  const text = tx("shown");
  const box = el("div", { "data-private": "" });
  const masks = sanitizer();
  masks.event(snapshot(box, text));
  masks.event(mutation({ adds: [{ parentId: box.id, nextId: null, node: text }] }));

  assert.equal(sent(masks, mutation({ texts: [{ id: text.id, value: "secret" }] })), null);
});

test("styles of a private element's sheets are private", () => {
  const style = el("style", {}, []);
  const open = el("style", {}, []);
  const masks = sanitizer();
  masks.event(snapshot(el("div", { "data-private": "" }, [style]), open));
  const rule = '.a { content: "hi" }';
  const send = (data: Any) => sent(masks, { type: 3, timestamp: 1, data });

  assert.equal(
    send({ source: 8, id: style.id, adds: [{ rule, index: 0 }] }).adds[0].rule,
    '.a { content: "" }',
  );
  assert.equal(
    send({ source: 8, id: open.id, adds: [{ rule, index: [0, 1] }] }).adds[0].rule,
    rule,
  );
  assert.equal(
    send({ source: 8, id: style.id, replaceSync: rule }).replaceSync,
    '.a { content: "" }',
  );
  const set = { property: "content", value: '"hi"', priority: undefined };
  assert.equal(send({ source: 13, id: style.id, index: [0], set }).set.value, '""');
  assert.equal(send({ source: 13, id: open.id, index: [0], set }).set.value, '"hi"');
  const own = { property: "--name", value: "secret", priority: "" };
  assert.equal(send({ source: 13, id: style.id, index: [0], set: own }).set.value, undefined);
  const styles = [{ styleId: 1, rules: [{ rule, index: 0 }] }];
  assert.equal(
    send({ source: 15, id: style.id, styleIds: [1], styles }).styles[0].rules[0].rule,
    '.a { content: "" }',
  );
});

test("a sheet that a private root has adopted is private from then on", () => {
  const host = el("div", { "data-private": "" });
  const [later, open] = [el("div"), el("div")];
  const tree = [host, later, open];
  const masks = sanitizer();
  masks.event(snapshot(...tree));
  const send = (data: Any) => sent(masks, { type: 3, timestamp: 1, data });
  const rule = 'p { content: "hi" }';
  const replaced = (styleId: number) => send({ source: 8, styleId, replaceSync: rule }).replaceSync;
  [host, later, open].forEach(({ id }, i) => {
    send({ source: 15, id, styleIds: [i + 1], styles: [] });
  });
  send({ source: 15, id: open.id, styleIds: [1], styles: [] });

  assert.deepEqual([1, 2, 3].map(replaced), ['p { content: "" }', rule, rule]);
  const attributes = [{ id: later.id, attributes: { "data-private": "" } }];
  masks.event(mutation({ attributes }));
  assert.equal(replaced(2), 'p { content: "" }');
  const own = { property: "--name", value: "secret" };
  assert.equal(send({ source: 13, styleId: 2, index: [0], set: own }).set.value, undefined);
  masks.event(snapshot(...tree));
  send({ source: 15, id: open.id, styleIds: [1], styles: [] });
  assert.equal(replaced(1), rule);
});

/** A small seeded generator: mulberry32. */
function random(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const NAMES =
  "id title alt href src srcset value checked placeholder aria-label aria-x data-x label name for style content onclick srcdoc poster d x points fill xlink:href width type role unknown __proto__ constructor rr_src rr_dataURL _cssText hidden dir";

test("nothing planted in private places or fields comes out, whatever the tree", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const pick = random(seed);
    const marker = `mark${seed}er`;
    const plant = (): Any => {
      const names = NAMES.split(" ");
      const attributes: Any = {};
      for (let i = pick(6); i > 0; i--) {
        const name = names[pick(names.length)] as string;
        const raw = [
          `${marker}`,
          `x ${marker}, y`,
          `/${marker}?${marker}=${marker}#/${marker}`,
          `data:image/svg+xml,${marker}`,
        ];
        let value = raw[pick(4)] as string;
        if (name === "style")
          value = `background:url(${marker}); content:"${marker}"; --a:${marker}`;
        if (name === "_cssText") value = `a{content:'${marker}'}`;
        Object.defineProperty(attributes, name, {
          value,
          enumerable: true,
          writable: true,
          configurable: true,
        });
      }
      // A shape may be any word of the layout: no text of a visitor ends there.
      for (const name of ["width", "type", "role", "hidden", "dir"]) {
        if (attributes[name] === marker) attributes[name] = `/${marker}`;
      }
      return attributes;
    };
    const tree = (depth: number): Any => {
      if (!depth || pick(4) === 0)
        return pick(5) ? tx(`${marker} b`) : { type: 5, id: tx("").id, textContent: marker };
      const tags = [
        "div",
        "svg",
        "p",
        "a",
        "img",
        "input",
        "textarea",
        "style",
        "x-y",
        "option",
        "iframe",
        "script",
      ];
      const extra = pick(4) ? {} : { isSVG: true };
      const children = Array.from({ length: pick(4) }, () => tree(depth - 1));
      const tag = tags[pick(tags.length)] as string;
      return el(tag, plant(), tag === "style" ? [] : children, { ...extra, unknown: marker });
    };
    const box = el("div", { "data-private": "" }, [tree(4), tree(4)]);
    const late = el("div", {}, [tx("control1")]);
    const field = el("input", {
      value: marker,
      type: ["text", "hidden", "password", "range"][pick(4)],
    });
    const masks = sanitizer();
    const out: Any[] = [];
    out.push(
      masks.event(
        snapshot(box, late, field, el("p", { title: "control2" }, [tx(`echo control3`)])),
      ),
    );
    out.push(
      masks.event(
        mutation({
          attributes: [{ id: late.id, attributes: { ...plant(), "data-private": "yes" } }],
          texts: [{ id: late.childNodes[0].id, value: marker }],
          adds: [
            { parentId: late.id, nextId: null, node: tree(3) },
            { parentId: box.id, nextId: null, node: tree(3), [marker]: marker },
          ],
          [marker]: marker,
        }),
      ),
    );
    out.push(
      masks.event({
        type: 3,
        timestamp: 1,
        data: { source: 5, id: field.id, text: marker, isChecked: true },
      }),
    );
    const json = JSON.stringify(out);

    assert.ok(
      !json.includes(marker),
      `seed ${seed}: ${json.slice(Math.max(0, json.indexOf(marker) - 200), json.indexOf(marker) + 40)}`,
    );
    for (const control of ["control1", "control2", "control3"]) assert.ok(json.includes(control));
  }
});
