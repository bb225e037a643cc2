/** What the visitor typed is masked where it is read, and nothing that draws the page changes. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { el, input, kept, mutation, sanitizer, sent, snapshot, tx } from "./page.ts";

const WORDS =
  "table primary light dark button search header footer small large left right center image icon card cart shop home menu list grid item text title link form input label color white black green blue yellow lamp chair desk sofa rug shelf mirror vase clock plant candle wood metal glass wool cotton".split(
    " ",
  );

/** Elements whose classes, ids, pictures and styles hold a word. */
function drawn(word: string) {
  return [
    el("div", {
      class: `btn-${word} ${word}`,
      id: word,
      "data-theme": word,
      style: `--${word}:1px`,
    }),
    el("img", { src: `/images/${word}/${word}-2.png`, srcset: `/${word}/a.png 2x`, class: word }),
    el("svg", { class: word }, [el("use", { href: `#icon-${word}` }, [], { isSVG: true })], {
      isSVG: true,
    }),
    el("p", { style: `font-family:"${word}";background:url(/${word}/a.svg)` }),
    el("img", { src: `data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' id='${word}'/>` }),
  ];
}

const attributesOf = (nodes: Json[]): Json[] =>
  nodes.map(({ attributes, childNodes }) => ({ attributes, inside: attributesOf(childNodes) }));
// biome-ignore lint/suspicious/noExplicitAny: rrweb's shape
type Json = any;

test("a searched word changes no class, id, theme, picture, icon or style", () => {
  for (const word of WORDS) {
    const before = attributesOf(kept(drawn(word)));
    const masks = sanitizer();
    const field = el("input", { type: "search" });
    const main = el("main", { "data-theme": word }, [field]);
    sent(masks, snapshot(main));
    sent(masks, input(field.id, word));
    const adds = drawn(word).map((node) => ({ parentId: main.id, nextId: null, node }));
    const after = sent(masks, mutation({ adds })).adds.map((add: Json) => add.node);

    assert.deepEqual(attributesOf(after), before, word);
  }
});

test("a data attribute that is new and repeats what was typed is masked", () => {
  const masks = sanitizer();
  const field = el("input", {});
  const main = el("main", {}, [field]);
  sent(masks, snapshot(main));
  sent(masks, input(field.id, "Miller"));
  const node = el("p", { "data-name": "Miller" });
  const { adds } = sent(masks, mutation({ adds: [{ parentId: main.id, nextId: null, node }] }));

  assert.deepEqual(adds[0].node.attributes, { "data-name": "***" });
});

for (const [type, typed, text, masked] of [
  ["text", "Anna", "Hello, Anna!", "Hello, ***!"],
  ["text", "Al", "Al is short", "Al is short"],
  ["password", "4263", "Your PIN 4263!", "Your PIN ***!"],
  ["password", "x7", "It is x7.", "It is ***."],
  ["password", "7", "Digit 7 of 70", "Digit *** of 70"],
] as const)
  test(`${typed}, typed as ${type}, is masked where another element shows it`, () => {
    const masks = sanitizer();
    const field = el("input", { type });
    const shown = tx("nothing");
    sent(masks, snapshot(el("main", {}, [field, el("p", {}, [shown])])));
    for (let end = 1; end <= typed.length; end++) sent(masks, input(field.id, typed.slice(0, end)));
    const texts = [{ id: shown.id, value: text }];

    assert.equal(sent(masks, mutation({ texts })).texts[0].value, masked);
  });

test("a password that another field shows in public is masked", () => {
  const masks = sanitizer();
  const hidden = el("input", { type: "password" });
  const plain = el("input", { type: "text", "data-public": "" });
  sent(masks, snapshot(el("main", {}, [hidden, plain])));
  sent(masks, input(hidden.id, "hunter2"));

  assert.equal(sent(masks, input(plain.id, "hunter2")).text, "***");
});

test("letters of a password that is still being typed stay words of the page", () => {
  const masks = sanitizer();
  const field = el("input", { type: "password" });
  const shown = tx("nothing");
  sent(masks, snapshot(el("main", {}, [field, el("p", {}, [shown])])));
  for (const typed of ["a", "an", "an4"]) sent(masks, input(field.id, typed));
  const texts = [{ id: shown.id, value: "a or an, not an4" }];

  assert.equal(sent(masks, mutation({ texts })).texts[0].value, "a or an, not ***");
});
