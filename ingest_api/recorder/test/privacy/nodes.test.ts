import assert from "node:assert/strict";
import { test } from "node:test";
import { type Any, attrs, BOX, el, kept, mutation, sanitizer, sent, snapshot, tx } from "./page.ts";

test("a page without secrets leaves as it is", () => {
  const page = snapshot(
    { type: 1, id: 700_001, name: "html", publicId: "", systemId: "" },
    el("html", { lang: "en" }, [
      el("head", {}, [
        el("style", { _cssText: ".a { color: red }" }, [{ ...tx(""), isStyle: true }]),
      ]),
      el("body", { class: "a b", style: "margin: 0px" }, [
        el("a", { href: "https://shop.example/a", target: "_blank", "aria-expanded": "true" }, [
          tx("Shop"),
        ]),
        el(
          "svg",
          { viewBox: "0 0 24 24", fill: "none" },
          [el("path", { d: "M0 0h10.5z", "stroke-width": "2" }, [], { isSVG: true })],
          { isSVG: true },
        ),
        el("x-card", { variant: "wide", "data-state": "open" }, [{ ...tx("Hi"), isShadow: true }], {
          isCustom: true,
          isShadowHost: true,
        }),
        el("dialog", { open: true, rr_open_mode: "modal", rr_scrollTop: 12 }),
        el("label", { for: "q", id: "l" }, [tx("Search")]),
        el("table", { cellpadding: "2" }, [el("td", { colspan: "2" })]),
        { ...el("p", {}, [{ ...tx("framed"), rootId: 5 }]), rootId: 5 },
      ]),
    ]),
  );

  assert.deepEqual(sanitizer().event(page), page);
});

test("what runs or describes is an empty comment with the same id", () => {
  const drops: [string, Any][] = [
    ["script", { src: "/a.js" }],
    ["noscript", {}],
    ["template", {}],
    ["base", { href: "/" }],
    ["meta", { name: "author", content: "Jane" }],
    ["object", { data: "/a" }],
    ["embed", { src: "/a" }],
    ["applet", {}],
    ["portal", {}],
    ["link", { rel: "canonical", href: "/a" }],
    ["<b>", {}],
  ];
  for (const [tag, attributes] of drops) {
    const node = el(tag, attributes, [tx("secret")]);

    assert.deepEqual(kept([node])[0], { type: 5, id: node.id, textContent: "" }, tag);
  }
  assert.deepEqual(attrs("link", { rel: "stylesheet", href: "/a.css" }), {
    rel: "stylesheet",
    href: "/a.css",
  });
  assert.deepEqual(attrs("link", { _cssText: "a { }" }), { _cssText: "a { }" });
  assert.deepEqual(attrs("object", { rr_width: "3px", rr_height: "4px" }), {
    rr_width: "3px",
    rr_height: "4px",
    style: BOX,
  });
});

test("what changes inside of a dropped element does not leave", () => {
  const text = tx("secret");
  const script = el("template", {}, [text]);
  const masks = sanitizer();
  masks.event(snapshot(script));
  const late = el("p");

  assert.equal(masks.event(mutation({ texts: [{ id: text.id, value: "a" }] })), null);
  assert.equal(
    masks.event(mutation({ attributes: [{ id: script.id, attributes: { class: "a" } }] })),
    null,
  );
  const adds = [
    { parentId: script.id, nextId: null, node: late },
    { parentId: late.id, nextId: null, node: tx("secret") },
  ];
  assert.equal(masks.event(mutation({ adds })), null);
});

test("a node that moves into a dropped element does not leave any more", () => {
  const text = tx("shown");
  const template = el("template");
  const masks = sanitizer();
  masks.event(snapshot(text, template));
  masks.event(mutation({ adds: [{ parentId: template.id, nextId: null, node: text }] }));

  assert.equal(masks.event(mutation({ texts: [{ id: text.id, value: "secret" }] })), null);
});

test("comments and CDATA are empty, unknown nodes go", () => {
  const nodes = kept([
    { type: 5, id: 1, textContent: "secret" },
    { type: 4, id: 2, textContent: "secret" },
    { type: 9, id: 3, textContent: "secret" },
    { type: 3, id: -2, textContent: "secret" },
    tx("shown"),
  ]);

  assert.deepEqual(
    nodes.map((node: Any) => node.textContent),
    ["", "", "shown"],
  );
});

test("unknown attributes go, and those that run", () => {
  const names =
    "onclick onload srcdoc nonce integrity ping unknown ng-model v-bind:a rr_dataURL rr_mediaState aria-valuenow aria-valuetext content data crossorigin __proto__ constructor toString";
  for (const name of names.split(" ")) {
    const attributes = JSON.parse(`{"${name}": "x", "class": "a"}`);

    assert.equal(JSON.stringify(attrs("div", attributes)), '{"class":"a"}', name);
    assert.equal(attrs("x-y", { onclick: "x", srcset: "x" }).onclick, undefined);
    assert.equal(attrs("path", { onclick: "x" }, { isSVG: true }).onclick, undefined);
  }
  assert.deepEqual(attrs("div", { class: { a: 1 }, title: ["x"], id: false }), {});
});

test("data attributes leave where they are one short word", () => {
  const values: [string, string][] = [
    ["open", "open"],
    ["", ""],
    ["a:b-c_d.e", "a:b-c_d.e"],
    ["Jane Doe", "***"],
    ['{"a":1}', "***"],
    ["x".repeat(65), "***"],
    ["555-123-4567", "***"],
  ];
  for (const [value, masked] of values) {
    assert.deepEqual(attrs("div", { "data-x": value }), { "data-x": masked });
    assert.deepEqual(attrs("x-y", { own: value }), masked === "***" ? {} : { own: masked });
  }
});

test("patterns in names and states are masked, words of a style sheet stay", () => {
  const mail = "jane@example.org";
  const built = "css-1Q2w3e-MuiButtonBase2-root-MuiButton3-root";

  assert.deepEqual(
    attrs("div", { id: mail, name: mail, class: `a ${mail}`, "aria-controls": mail }),
    {
      id: "***",
      name: "***",
      class: "a ***",
      "aria-controls": "***",
    },
  );
  assert.deepEqual(attrs("div", { id: built, class: built }), { id: built, class: built });
});

test("an svg keeps its shape, no words and no patterns", () => {
  const svg = { isSVG: true };
  const d = "M4111 1111 1111 1111 555 123 4567";

  assert.deepEqual(
    attrs("path", { d, points: d, fill: "url(#a)", mask: "url(/m.svg?x=1#b)" }, svg),
    {
      d,
      points: d,
      fill: 'url("#a")',
      mask: 'url("/m.svg?x=***#b")',
    },
  );
  assert.deepEqual(
    attrs("path", { d: "M0 jane@example.org", "font-family": "x".repeat(300) }, svg),
    {},
  );
  assert.deepEqual(attrs("text", { "font-family": "jane@example.org" }, svg), {
    "font-family": "***",
  });
});

test("CSS keeps all but what its strings and URLs say", () => {
  const css = (text: string) => attrs("style", { _cssText: text })._cssText;

  assert.equal(css('a{content:"jane@example.org"}'), 'a{content:"***"}');
  assert.equal(css("a{content:'call 555-123-4567'}"), "a{content:'call ***'}");
  assert.equal(css('a{content:"\\"jane@example.org'), 'a{content:"\\"***"');
  assert.equal(css("a{background:url(/a.png?u=7)}"), 'a{background:url("/a.png?u=***")}');
  assert.equal(css("a{background:URL( '/a.png?u=7' )}"), 'a{background:URL("/a.png?u=***")}');
  assert.equal(css("a{mask:url(#cart)}"), 'a{mask:url("#cart")}');
  assert.equal(css("a{background:url(javascript:x)}"), "a{background:none}");
  assert.equal(css('@import "/a.css?u=7";'), '@import "/a.css?u=***";');
  assert.equal(css("a{}/* jane */b{}/* rr_split */c{}"), "a{}b{}/* rr_split */c{}");
  const long = `a{content:"jane@example.org"}${" ".repeat(600)}`;
  assert.equal(css(long), long.replace("jane@example.org", "***"));
  assert.equal(attrs("p", { style: "background:url(/a?u=7)" }).style, 'background:url("/a?u=***")');
  assert.equal(
    kept([el("style", {}, [tx('a{content:"jane@example.org"}')])])[0].childNodes[0].textContent,
    'a{content:"***"}',
  );
});

test("a style that changes in parts keeps its parts", () => {
  const box = el("div");
  const masks = sanitizer();
  masks.event(snapshot(box));
  const style = JSON.parse(
    '{"color": "red", "width": ["1px", "important"], "height": false, "background": "url(/a?u=7)", "__proto__": "x", "--a": "b", "x y": "z"}',
  );
  const data = sent(masks, mutation({ attributes: [{ id: box.id, attributes: { style } }] }));

  assert.deepEqual(data.attributes[0].attributes.style, {
    color: "red",
    width: ["1px", "important"],
    height: false,
    background: 'url("/a?u=***")',
    "--a": "b",
  });
});

test("a mutation leaves as it is, without what is unknown", () => {
  const text = tx("a");
  const box = el("div", {}, [text]);
  const masks = sanitizer();
  masks.event(snapshot(box));
  const child = el("p");
  const known = {
    texts: [{ id: text.id, value: "b" }],
    attributes: [{ id: box.id, attributes: { class: "a", hidden: null } }],
    removes: [{ parentId: box.id, id: text.id, isShadow: true }],
    adds: [
      { parentId: child.id, nextId: text.id, node: tx("c") },
      { parentId: box.id, nextId: null, node: child },
    ],
  };

  assert.deepEqual(sent(masks, mutation({ ...known, extra: 1 })), { source: 0, ...known });
  const unknown = {
    texts: [{ id: 99_999, value: "secret" }],
    attributes: [{ id: 99_999, attributes: { title: "secret" } }],
    removes: [{ parentId: box.id, id: 99_999 }],
    adds: [{ parentId: 99_999, nextId: null, node: tx("secret") }],
  };
  assert.equal(masks.event(mutation(unknown)), null);
});

test("removed nodes are forgotten in time, others are not", () => {
  const box = el("div", { "data-private": "" });
  const masks = sanitizer();
  masks.event(snapshot(box));
  for (let i = 0; i < 30; i++) {
    const list = el(
      "ul",
      {},
      Array.from({ length: 1000 }, () => tx("x")),
    );
    masks.event(mutation({ adds: [{ parentId: box.id, nextId: null, node: list }] }));
    masks.event(mutation({ removes: [{ parentId: box.id, id: list.id }] }));
  }
  const late = tx("secret");

  assert.ok((masks as Any).nodes.states.size < 15_000);
  const data = sent(masks, mutation({ adds: [{ parentId: box.id, nextId: null, node: late }] }));
  assert.equal(data.adds[0].node.textContent, "*****");
});
