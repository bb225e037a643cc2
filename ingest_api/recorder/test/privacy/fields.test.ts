import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Any,
  attrs,
  el,
  input,
  kept,
  mutation,
  sanitizer,
  sent,
  snapshot,
  tx,
} from "./page.ts";

const MASK = "*****";

/** Return the text of an Input event as it leaves. */
function typed(field: Any, text: string, around: Any = {}, privacy: Any = {}) {
  const masks = sanitizer(privacy);
  masks.event(snapshot(el("div", around, [field])));
  return sent(masks, input(field.id, text))?.text;
}

const TYPES =
  "text search tel url email password number date time month week datetime-local hidden range color file";

test("the value of every field is masked to one length", () => {
  for (const type of TYPES.split(" ")) {
    for (const value of ["a", "a much longer value"]) {
      assert.equal(attrs("input", { type, value }).value, MASK, type);
      assert.equal(typed(el("input", { type }), value), MASK, type);
    }
  }
  assert.equal(attrs("input", { value: "x" }).value, MASK);
  assert.equal(attrs("input", { value: "" }).value, "");
  assert.equal(typed(el("input"), ""), "");
  assert.equal(attrs("input", { type: "checkbox", value: "yes" }).value, MASK);
});

test("selects and text areas are masked, the labels of options stay", () => {
  const select = el("select", { value: "DE" }, [
    el("option", { value: "DE", selected: true }, [tx("Germany")]),
  ]);
  const area = el("textarea", {}, [tx("Dear Sir")]);
  const nodes = kept([select, area]);

  assert.equal(nodes[0].attributes.value, MASK);
  assert.deepEqual(nodes[0].childNodes[0].attributes, {});
  assert.equal(nodes[0].childNodes[0].childNodes[0].textContent, "Germany");
  assert.equal(nodes[1].childNodes[0].textContent, MASK);
  assert.equal(attrs("textarea", { value: "Dear Sir" }).value, MASK);
  assert.equal(typed(el("textarea"), "Dear"), MASK);
  assert.equal(typed(el("select"), "DE"), MASK);
});

test("what stands in an editable element is masked", () => {
  for (const attributes of [
    { contenteditable: "" },
    { contenteditable: "true" },
    { role: "textbox" },
  ]) {
    const text = (around: Any) =>
      kept([el("div", around, [el("p", attributes, [el("b", {}, [tx("Hi")])])])])[0];

    assert.equal(text({}).childNodes[0].childNodes[0].childNodes[0].textContent, MASK);
    assert.equal(
      text({ "data-public": "" }).childNodes[0].childNodes[0].childNodes[0].textContent,
      "Hi",
    );
  }
  assert.equal(
    kept([el("p", { contenteditable: "false" }, [tx("Hi")])])[0].childNodes[0].textContent,
    "Hi",
  );
});

test("a button's caption is text", () => {
  for (const type of ["submit", "button", "reset", "image"]) {
    assert.equal(attrs("input", { type, value: "Pay now" }).value, "Pay now");
    assert.equal(attrs("input", { type, value: "Mail jane@example.org" }).value, "Mail ***");
  }
});

test("a text field that becomes a button is masked as before", () => {
  const field = el("input", { type: "text" });
  const masks = sanitizer();
  masks.event(snapshot(field));

  const attributes = [{ id: field.id, attributes: { type: "button", value: "secret" } }];

  assert.deepEqual(sent(masks, mutation({ attributes })).attributes[0].attributes, {
    type: "button",
    value: MASK,
  });
});

test("data-public shows a field, on itself or around it, and not when it says false", () => {
  assert.equal(attrs("input", { "data-public": "", value: "shoes" }).value, "shoes");
  assert.equal(typed(el("input"), "shoes", { "data-public": "" }), "shoes");
  assert.equal(typed(el("textarea"), "shoes", { "data-public": "" }), "shoes");
  assert.equal(typed(el("select"), "DE", { "data-public": "" }), "DE");
  assert.equal(typed(el("input"), "shoes", { "data-public": "false" }), MASK);
  assert.equal(typed(el("input"), "jane@example.org", { "data-public": "" }), "***");
});

test("a public select shows its choices, not which of them was chosen first", () => {
  const option = el("option", { value: "DE", selected: true });
  const select = el("select", { "data-public": "", value: "DE" }, [option]);

  assert.deepEqual(kept([select])[0].childNodes[0].attributes, { value: "DE" });
});

test("a private field is masked in public, a private button too", () => {
  const shown = { "data-public": "" };

  assert.equal(typed(el("input", { "data-private": "" }), "shoes", shown), MASK);
  assert.equal(typed(el("input", { "data-private": "", type: "button" }), "shoes", shown), MASK);
});

test("data-public that is taken away shows no more", () => {
  const field = el("input", { "data-public": "" });
  const masks = sanitizer();
  masks.event(snapshot(field));
  masks.event(mutation({ attributes: [{ id: field.id, attributes: { "data-public": null } }] }));

  assert.equal(sent(masks, input(field.id, "shoes")).text, MASK);
});

test("passwords, cards and SSNs are masked even in public", () => {
  const secrets: Any[] = [
    { type: "password" },
    { type: "PASSWORD" },
    { autocomplete: "cc-number" },
    { autocomplete: "section-a cc-csc" },
    { name: "cardNumber" },
    { id: "cc-number" },
    { name: "cvv" },
    { name: "cvc2" },
    { id: "csc" },
    { name: "iban" },
    { name: "ssn" },
    { id: "user_ssn" },
    { name: "applicantSsn" },
    { name: "social-security" },
    { name: "newPassword" },
  ];
  for (const secret of secrets) {
    assert.equal(
      typed(el("input", secret), "shoes", { "data-public": "" }),
      MASK,
      JSON.stringify(secret),
    );
  }
  assert.equal(
    typed(el("input", { name: "businessName" }), "shoes", { "data-public": "" }),
    "shoes",
  );
});

test("a password stays one when the page shows it", () => {
  const field = el("input", { type: "password", name: "a", "data-public": "" });
  const masks = sanitizer();
  masks.event(snapshot(field));
  masks.event(mutation({ attributes: [{ id: field.id, attributes: { type: "text" } }] }));

  assert.equal(sent(masks, input(field.id, "hunter")).text, MASK);

  const shown = { ...field, attributes: { type: "text", value: "hunter", "data-public": "" } };
  const again = sent(masks, snapshot(shown)).node.childNodes[0];
  assert.equal(again.attributes.value, MASK);

  const renewed = el("input", { type: "text", name: "a", value: "hunter", "data-public": "" });
  assert.equal(sent(masks, snapshot(renewed)).node.childNodes[0].attributes.value, MASK);
});

test("e-mail fields are masked even in public, unless the website says otherwise", () => {
  for (const field of [
    { type: "email" },
    { autocomplete: "email" },
    { name: "userEmail" },
    { id: "e-mail" },
  ]) {
    const shown = { "data-public": "" };

    assert.equal(typed(el("input", field), "jane", shown), MASK);
    assert.equal(
      typed(el("input", field), "jane@example.org", shown, { mask_emails: false }),
      "jane@example.org",
    );
    assert.equal(typed(el("input", field), "jane", {}, { mask_emails: false }), MASK);
  }
});

test("the value of a custom element is masked, that of others goes", () => {
  assert.deepEqual(attrs("x-field", { value: "jane" }), { value: MASK });
  assert.deepEqual(attrs("button", { value: "jane" }), {});
  assert.deepEqual(attrs("data", { value: "jane" }), {});
  assert.deepEqual(attrs("li", { value: "3" }), { value: "3" });
  assert.deepEqual(attrs("meter", { value: "jane" }), {});
});

test("key strokes cannot be counted", () => {
  const field = el("input");
  const editor = tx("a");
  const masks = sanitizer();
  masks.event(snapshot(field, el("p", { contenteditable: "" }, [editor])));

  assert.equal(sent(masks, input(field.id, "a")).text, MASK);
  assert.equal(masks.event(input(field.id, "ab")), null);
  assert.equal(sent(masks, input(field.id, "")).text, "");
  assert.equal(sent(masks, input(field.id, "x")).text, MASK);
  assert.equal(masks.event(mutation({ texts: [{ id: editor.id, value: "ab" }] })), null);
  const attributes = (value: string) => [{ id: field.id, attributes: { value } }];
  assert.equal(
    sent(masks, mutation({ attributes: attributes("a") })).attributes[0].attributes.value,
    MASK,
  );
  assert.equal(masks.event(mutation({ attributes: attributes("ab") })), null);
});

test("whether a box is checked stays, unless it is private", () => {
  const box = el("input", { type: "checkbox", checked: true, value: "yes" });
  const hidden = el("input", { type: "checkbox", checked: true, "data-private": "" });
  const masks = sanitizer();
  const nodes = sent(masks, snapshot(box, hidden)).node.childNodes;

  assert.equal(nodes[0].attributes.checked, true);
  assert.deepEqual(nodes[1].attributes, { type: "checkbox" });
  assert.equal(sent(masks, input(box.id, "yes", true)).isChecked, true);
  assert.equal(sent(masks, input(box.id, "yes", false)).isChecked, false);
  assert.equal(sent(masks, input(hidden.id, "yes", true)).isChecked, false);
  assert.equal(masks.event(input(hidden.id, "yes", false)), null);
});

test("what was typed is masked wherever it comes back", () => {
  const field = el("input", { name: "q" });
  const masks = sanitizer();
  masks.event(snapshot(field, el("input", { value: "prefilled" })));
  masks.event(input(field.id, "Jane Doe"));

  assert.equal(masks.text("Hello jane doe, welcome Janedoes"), "Hello ***, welcome Janedoes");
  assert.equal(masks.text("Jane Doet or MaryJane Doe"), "Jane Doet or MaryJane Doe");
  assert.equal(masks.text("prefilled"), "***");
  assert.equal(masks.url("/user/Jane%20Doe/x"), "/user/***/x");
  const add = {
    parentId: field.id,
    nextId: null,
    node: el("p", { title: "Jane Doe" }, [tx("Jane Doe!")]),
  };
  const node = sent(masks, mutation({ adds: [add] })).adds[0].node;
  assert.equal(node.attributes.title, "***");
  assert.equal(node.childNodes[0].textContent, "***!");
});

test("short texts, choices and public texts are no echo", () => {
  const fields = [
    el("input"),
    el("select"),
    el("input", { type: "radio" }),
    el("input", { type: "hidden" }),
    el("input", { "data-public": "" }),
  ];
  const masks = sanitizer();
  masks.event(snapshot(...fields));
  masks.event(input(fields[0].id, "red"));
  for (const field of fields.slice(1)) masks.event(input(field.id, "orange"));

  assert.equal(masks.text("red and orange"), "red and orange");
});

test("an echo of a message survives its clearing, and many others do not push it out", () => {
  const [field, early] = [el("input"), el("input")];
  const masks = sanitizer();
  masks.event(snapshot(field, early));
  masks.event(input(early.id, "typed before"));
  const message = "the quick brown fox jumps over the lazy dog again and again and again and again";
  for (let i = 1; i <= message.length; i++) masks.event(input(field.id, message.slice(0, i)));
  masks.event(input(field.id, ""));
  for (let i = 0; i < 40; i++) masks.event(input(field.id, `word number ${i}`));

  assert.equal(masks.text(`typed before, then: ${message}`), "***, then: ***");
});

test("what is typed letter by letter into many fields is an echo of each", () => {
  const fields = Array.from({ length: 60 }, () => el("input"));
  const masks = sanitizer();
  masks.event(snapshot(...fields));
  const names = fields.map((_, i) => `${"abcdefgh"[i % 8]}${"klmnop"[i % 6]} street ${i}`);
  names.forEach((name, i) => {
    for (let end = 1; end <= name.length; end++)
      masks.event(input((fields[i] as Any).id, name.slice(0, end)));
  });

  for (const name of names) assert.equal(masks.text(`to ${name}!`), "to ***!");
});

test("a long letter is an echo too", () => {
  const field = el("textarea");
  const masks = sanitizer();
  masks.event(snapshot(field));
  const letter = "many words ".repeat(100).trim();
  masks.event(input(field.id, letter));

  assert.equal(masks.text(letter), "***");
});

test("an echo is found however the page groups its digits", () => {
  const card = el("input", { autocomplete: "cc-number" });
  const masks = sanitizer();
  masks.event(snapshot(card));
  for (const part of ["12345", "1234567", "123456789"]) masks.event(input(card.id, part));

  assert.equal(masks.text("1234 5678 9 \u2022\u2022\u2022"), "*** \u2022\u2022\u2022");
  assert.equal(masks.text("1234-567"), "***");
  assert.equal(masks.text("12345678 and 1234567890"), "12345678 and 1234567890");
});

test("a number that is being typed in public may become a card", () => {
  const field = el("input", { "data-public": "" });
  const editor = tx("free");
  const nodes = [field, el("p", { contenteditable: "", "data-public": "" }, [editor])];
  const masks = sanitizer();
  masks.event(snapshot(...nodes));
  const typed = (text: string) => sent(masks, input(field.id, text))?.text;

  assert.equal(typed("room 411111"), "room 411111");
  assert.equal(typed("room 411111 1"), "***");
  assert.equal(typed("room 411111 11"), undefined);
  const texts = [{ id: editor.id, value: "4111-111" }];
  assert.equal(sent(masks, mutation({ texts })).texts[0].value, "***");
  const open = sanitizer({ mask_patterns: false });
  open.event(snapshot(...nodes));
  assert.equal(sent(open, input(field.id, "4111111")).text, "4111111");
});

test("what is typed in an editable element or in lines is an echo too", () => {
  const editor = tx("-");
  const area = el("textarea");
  const masks = sanitizer();
  masks.event(snapshot(el("p", { contenteditable: "" }, [editor]), area));
  masks.event(mutation({ texts: [{ id: editor.id, value: "my salary" }] }));
  masks.event(input(area.id, "first line\nsecond line"));

  assert.equal(masks.text("my salary, second line, first line"), "***, ***, ***");
});
