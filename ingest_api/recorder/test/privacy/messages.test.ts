import assert from "node:assert/strict";
import { test } from "node:test";
import { refusedId } from "../../src/privacy/identity.ts";
import { note, sanitizer, sent } from "./page.ts";

const message = (text: string) =>
  sent(sanitizer(), note("error", { message: text, stack: "", source: "error" })).payload.message;

const SECRET = "zq-secret";
for (const text of [
  `Failed to load https://shop.example/a?ids=(1,2)&name=${SECRET}`,
  `Failed to load https://shop.example/a?name=O'Hara${SECRET}&x=1`,
  `Failed (https://shop.example/f(x)?name=${SECRET})`,
  `GET /api/users?name=${SECRET} 404`,
  `GET users?name=${SECRET}`,
  `GET ./users/?${SECRET}`,
  `no answer of //cdn.example/a?name=${SECRET}`,
  `no answer of //jane:${SECRET}@cdn.example/a`,
  `connect postgres://jane:${SECRET}@db.example:5432/shop`,
  `connect redis://:${SECRET}@cache.example`,
  `{"user":"jane","password":"${SECRET}"}`,
  `{"password":"a\\"b ${SECRET}"}`,
  `{\\"client_secret\\": \\"${SECRET}\\"}`,
  `{ userPassword: '${SECRET}', n: 1 }`,
  `login failed: pwd=${SECRET}`,
  `Cookie: a=1; session=${SECRET}; b=2`,
  `document.cookie = "a=1; who=${SECRET}"`,
  `Set-Cookie: who=${SECRET}`,
  `Authorization: Basic amFuZTp6cS1zZWNyZXQ= ${"x"}`.replace("amFuZTp6cS1zZWNyZXQ=", SECRET),
  `X-Api-Key: ${SECRET}`,
  `csrf_token=${SECRET}`,
  `at https://shop.example/cart;jsessionid=${SECRET}`,
  `link https://shop.example/reset/7${SECRET}`,
  `redirected to https://shop.example/#access_token=${SECRET}`,
]) {
  test(`a message leaves without its secret: ${text}`, () => {
    assert.ok(!message(text).includes(SECRET), message(text));
    assert.ok(!message(text).includes("secret@"));
  });
}

for (const text of [
  "TypeError: Cannot read properties of undefined (reading 'map')",
  "Unexpected token '}', expected ','",
  "at f (https://shop.example/static/app.js:10:5)",
  "at async Promise.all (index 0)",
  "at Object../src/cart.tsx (webpack-internal:///./src/cart.tsx:12:7)",
  "f@https://shop.example/app.js:1:204811",
  "Failed to load module script: expected text/html and/or text/css",
  "Is a ? b : c allowed?",
]) {
  test(`a message stays: ${text}`, () => assert.equal(message(text), text));
}

for (const id of [
  "user@intranet",
  "jane%40example.org",
  "01715550123",
  "0171/5550123",
  "+491715550123",
  "00491715550123",
  "4155552671",
  "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
  "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
  "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
  "AKIAIOSFODNN7EXAMPLE",
  "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
  "078051120",
  "078-05-1120",
  "4111111111111111",
  "4111-1111-1111-1111",
  "Jane Miller",
  "",
]) {
  test(`"${id}" is refused as an id`, () => assert.notEqual(refusedId(id), ""));
}

for (const id of [
  "7",
  "00012345",
  "123456",
  "1795000000",
  "user-7",
  "auth0|5f7c8ec7c33c6c004bbafe82",
  "Xk3ZbQ2Lm9aB3dE6gH9jK2mN5pQ8",
  "0123456789abcdef0123456789abcdef",
  "01a1ee56-5e00-7be4-972c-9816fcdafaf7",
  "1234567890123456789",
]) {
  test(`"${id}" is taken as an id`, () => assert.equal(refusedId(id), ""));
}
