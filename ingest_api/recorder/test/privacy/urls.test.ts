import assert from "node:assert/strict";
import { test } from "node:test";
import { attrs, sanitizer } from "./page.ts";

const URLS: [string, string, string][] = [
  ["a plain URL stays", "https://shop.example/a/b.html", "https://shop.example/a/b.html"],
  ["a relative URL stays", "/a/b", "/a/b"],
  ["a port stays", "https://shop.example:8443/a", "https://shop.example:8443/a"],
  ["user and password go", "https://jane:pw@shop.example/a", "https://shop.example/a"],
  ["user and password go without a scheme", "//jane:pw@shop.example/a", "//shop.example/a"],
  [
    "user and password go with wrong slashes",
    "https:\\\\jane:pw@shop.example/a",
    "https:\\\\shop.example/a",
  ],
  [
    "an at sign in the password hides nothing",
    "https://jane:p@w@shop.example/",
    "https://shop.example/",
  ],
  ["names of a query stay, values go", "/a?q=shoes&size=9&x=", "/a?q=***&size=***&x="],
  ["utm values stay", "/a?utm_source=news&q=1", "/a?utm_source=news&q=***"],
  ["a pattern in a utm value goes", "/a?utm_term=jane%40example.org", "/a?utm_term=***"],
  ["a pattern in a query's name goes", "/a?jane%40example.org", "/a?***"],
  ["a pattern in the name of a value goes", "/a?jane%40example.org=1", "/a?***=***"],
  ["a fragment goes", "https://shop.example/a#secret", "https://shop.example/a"],
  ["a route stays, its query is masked", "/a#/cart?id=7", "/a#/cart?id=***"],
  ["a bang route stays", "/a#!/cart", "/a#!/cart"],
  ["a pattern in a route goes", "/a#/user/jane@example.org", "/a#/user/***"],
  ["a pattern in a path goes", "/user/jane@example.org/edit", "/user/***/edit"],
  ["an encoded pattern in a path goes", "/user/jane%40example.org/edit", "/user/***/edit"],
  ["a phone in a path goes", "/call/+4930123456789", "/call/***"],
  ["an encoded phone in a path goes", "/call/+49%2030%20123456789", "/call/***"],
  ["a phone in pluses goes", "/call/030+123456789?030+123456789", "/call/***?***"],
  ["a token in a path goes", "/reset/0123456789abcdef0123456789abcdef", "/reset/***"],
  [
    "the hash of a built file stays",
    "/media/0123456789abcdef0123456789abcdef.png",
    "/media/0123456789abcdef0123456789abcdef.png",
  ],
  ["a magic link goes", "/magic/aB3dE6gH9jK2mN5pQ8sT1v", "/magic/***"],
  ["a reset of a user goes", "/reset-password/MQ/c2x-5f3a", "/reset-password/***/***"],
  ["a link by another name goes", "/account/acceptInvite/7f3a9c2b", "/account/acceptInvite/***"],
  [
    "a UUID stays",
    "/u/01a1ee56-5e00-7be4-972c-9816fcdafaf7",
    "/u/01a1ee56-5e00-7be4-972c-9816fcdafaf7",
  ],
  ["a UUID goes in a link", "/verify/01a1ee56-5e00-7be4-972c-9816fcdafaf7", "/verify/***"],
  [
    "hex goes in a link",
    "/t/confirm/9fceb02d0ae598e95dc970b74767f19372d61af8/x",
    "/t/confirm/***/x",
  ],
  ["words stay in a link", "/reset/password/sent", "/reset/password/sent"],
  ["a link in a route goes", "/#/unsubscribe/a1b2c3", "/#/unsubscribe/***"],
  ["a host is no link", "https://share.example/item/7", "https://share.example/item/7"],
  [
    "matrix parameters go",
    "/cart;jsessionid=A1B2;x/item;v=7",
    "/cart;jsessionid=***;***/item;v=***",
  ],
  ["a value in a path goes", "/filter/name=jane/x", "/filter/name=***/x"],
  ["a value without a name goes", "/a?jane", "/a?***"],
  ["an unknown utm value goes", "/a?utm_id=jane&utm_source=x", "/a?utm_id=***&utm_source=x"],
  ["a host with a port stays", "localhost:3000/a", "localhost:3000/a"],
  ["a script is no host", "javascript:1/a", ""],
  ["a key in a file's name goes", "/f/ghp_16C7e42F292c6912E7710c838347Ae178B4a.png", "/f/***"],
  [
    "an svg image with a key goes",
    `data:image/svg+xml,<svg><text>${"glpat-"}1aB2cD3eF4gH5iJ6kL7m</text></svg>`,
    "",
  ],
  ["javascript goes", " java\nscript:alert(1)", ""],
  ["blob goes", "blob:https://shop.example/1", ""],
  ["file goes", "file:///home/jane/x", ""],
  ["mailto says no address", "mailto:jane@example.org", "mailto:***"],
  ["tel says no number", "tel:555", "tel:***"],
  ["data that is no image goes", "data:text/html,hello", ""],
  ["an image stays", "data:image/png;base64,iVBORw0KGgo=", "data:image/png;base64,iVBORw0KGgo="],
  ["an svg image stays", "data:image/svg+xml,%3Csvg/%3E", "data:image/svg+xml,%3Csvg/%3E"],
  ["an svg image with a pattern goes", "data:image/svg+xml;utf8,<svg>jane%40example.org</svg>", ""],
  [
    "an svg image with a pattern inside of base64 goes",
    `data:image/svg+xml;base64,${btoa("<svg>jane@example.org</svg>")}`,
    "",
  ],
  ["an svg image that cannot be read goes", "data:image/svg+xml;base64,%%%", ""],
];

for (const [name, url, masked] of URLS) {
  test(`${name}`, () => {
    assert.equal(sanitizer().url(url), masked);
  });
}

test("every attribute that holds a URL is masked", () => {
  const names = "href src action formaction poster background cite longdesc xlink:href rr_src";
  for (const name of names.split(" ")) {
    assert.deepEqual(attrs("a", { [name]: "/a?q=secret#x" }), { [name]: "/a?q=***" });
    assert.deepEqual(attrs("a", { [name]: "javascript:x" }), {});
  }
});

test("each URL of a srcset is masked", () => {
  const srcset = "/a.png?t=1 1x, /b.png 2.5x,https://u:p@x.example/c.png 200w, javascript:x 3x";

  assert.deepEqual(attrs("img", { srcset }), {
    srcset: "/a.png?t=*** 1x, /b.png 2.5x, https://x.example/c.png 200w",
  });
  assert.equal(
    attrs("link", { rel: "stylesheet", imagesrcset: "/a?t=1 1x" }).imagesrcset,
    "/a?t=*** 1x",
  );
});

test("an svg may point to an element, a link may not", () => {
  const svg = { isSVG: true };

  assert.deepEqual(attrs("use", { "xlink:href": "#cart" }, svg), { "xlink:href": "#cart" });
  assert.deepEqual(attrs("use", { href: "/s.svg#cart" }, svg), { href: "/s.svg#cart" });
  assert.deepEqual(attrs("use", { href: "#jane@example.org" }, svg), { href: "" });
  assert.deepEqual(attrs("use", { href: "#555-123-4567" }, svg), { href: "" });
  assert.deepEqual(attrs("a", { href: "/a#cart" }, svg), { href: "/a" });
});
