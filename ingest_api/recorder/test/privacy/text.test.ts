import assert from "node:assert/strict";
import { test } from "node:test";
import { el, input, kept, mutation, sanitizer, sent, snapshot, tx } from "./page.ts";

const MASKED: [string, string, string][] = [
  ["a card in groups", "pay 4111 1111 1111 1111 now", "pay *** now"],
  ["a card with dashes", "4111-1111-1111-1111", "***"],
  ["a card in one piece", "card:4111111111111111.", "card:***."],
  ["a card followed by its expiry", "4111 1111 1111 1111 12 27", "*** 12 27"],
  ["an SSN", "my ssn 123-45-6789", "my ssn ***"],
  ["an e-mail address", "write to jane.doe+x@mail.example.org!", "write to ***!"],
  ["an encoded e-mail address", "jane%40example.org", "***"],
  ["an e-mail address of another script", "пётр@пример.рф", "***"],
  ["an international phone", "call +49 30 1234567", "call ***"],
  ["a phone in one piece", "+4930123456789", "***"],
  ["a phone with brackets", "(555) 123-4567", "***"],
  ["a phone with dashes", "tel 555-123-4567.", "tel ***."],
  ["a phone with dots", "555.123.4567", "***"],
  ["a national phone", "Tel. 030 1234567", "Tel. ***"],
  ["a phone in pairs", "06 12 34 56 78", "***"],
  ["a phone in pairs with dots", "06.12.34.56.78", "***"],
  ["a JWT", "t=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmN", "t=***"],
  ["a long hex word", "k 0123456789abcdef0123456789ABCDEF", "k ***"],
  ["a long random word", "k aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dF", "k ***"],
  ["a secret key", "sk_live_abcdefghijklmnop", "***"],
  ["a bearer", "Authorization: Bearer abcdefgh", "Authorization: Bearer ***"],
];

for (const [name, text, masked] of MASKED) {
  test(`${name} is masked in text`, () => {
    assert.equal(sanitizer().text(text), masked);
    assert.equal(sanitizer({ mask_patterns: false }).text(text), text);
  });
}

const LEFT = [
  "€1,234.56",
  "1 234 567 890 €",
  "12/31/2026",
  "01.02.2024 12:30",
  "01-02-2024 12",
  "2026-11-25T10:30:00.000Z",
  "2026-11-25 10:30:00",
  "1732500000002",
  "4111 1111 1111 1112",
  "3.14159265358979",
  "order 1234567",
  "order #112-4567893-1234568",
  "192.168.100.200",
  "2019-2024",
  "icon@2x.png",
  "react@18.2.0",
  "01a1ee56-5e00-7be4-972c-9816fcdafaf7",
  "css-1q2w3e-MuiButtonBase-root",
  "internationalisierungsbeauftragter",
  "TypeError: Cannot read properties of undefined (reading 'map')",
  "10 000 000",
  "0.5 1.25 33.3333",
];

for (const text of LEFT) {
  test(`"${text}" is no pattern`, () => {
    assert.equal(sanitizer().text(text), text);
  });
}

test("a website may leave e-mail addresses alone", () => {
  const masks = sanitizer({ mask_emails: false });

  assert.equal(masks.text("jane@example.org +4930123456789"), "jane@example.org ***");
});

test("patterns are masked in text nodes, titles and labels", () => {
  const mail = "jane@example.org";
  const nodes = kept([
    el("title", {}, [tx(`Mail of ${mail}`)]),
    el("p", { title: mail, "aria-label": mail, alt: mail, placeholder: mail, label: mail }, [
      tx(mail),
    ]),
  ]);

  assert.equal(nodes[0].childNodes[0].textContent, "Mail of ***");
  assert.equal(nodes[1].childNodes[0].textContent, "***");
  for (const value of Object.values(nodes[1].attributes)) assert.equal(value, "***");
  assert.equal(Object.keys(nodes[1].attributes).length, 5);
});

test("text that is very long and strange is masked in time", () => {
  const strange = ["1", "a", "+1", "0 ", "a@", "(0", "-", "eyJ", "1 ", "a.", "%40", "a@a.", '"'];
  for (const piece of strange) sanitizer().text(piece.repeat(50_000));
});

test("an echo is found whatever signs are in it", () => {
  const signs = "Jean-Luc (a.b) [c] {d} ^$*+?|/\\ é";
  const masks = sanitizer();
  const field = el("input");
  const text = tx("hello");
  masks.event(snapshot(field, text));
  masks.event(input(field.id, signs));

  const out = sent(masks, mutation({ texts: [{ id: text.id, value: `Dear ${signs}, welcome` }] }));

  assert.equal(out.texts[0].value, "Dear ***, welcome");
});
