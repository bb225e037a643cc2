/**
 * Make ids for the ingest API: UUIDv7 (RFC 9562), a session's proved by its secret.
 *
 * The 74 random bits of a session id are the first of SHA-256(secret), so that only the page that
 * opened a session can add to it.
 */

import { sha256 } from "./sha256.ts";

const SECRET_BYTES = 16;

/** Return a new secret: 32 hex digits. */
export function newSecret(): string {
  return hex(crypto.getRandomValues(new Uint8Array(SECRET_BYTES)));
}

/** Return the id of the session that `secret` opens. `at_ms` is the server's clock. */
export function sessionIdOf(secret: string, at_ms: number): string {
  const bytes = new Uint8Array(SECRET_BYTES);
  for (let i = 0; i < SECRET_BYTES; i++) {
    bytes[i] = Number.parseInt(secret.slice(2 * i, 2 * i + 2), 16);
  }
  return uuid7(at_ms, sha256(bytes));
}

/** Return a random UUIDv7, for a page. */
export function newPageId(at_ms: number): string {
  return uuid7(at_ms, crypto.getRandomValues(new Uint8Array(10)));
}

/** Return when a session began: the server's clock, ms. */
export function startOf(sessionId: string): number {
  return Number.parseInt(sessionId.slice(0, 8) + sessionId.slice(9, 13), 16);
}

/** Return where a session stands among all, from 0 up to 1: its id is a hash already. */
export function shareOf(sessionId: string): number {
  return Number.parseInt(sessionId.slice(-8), 16) / 2 ** 32;
}

/** Make a UUIDv7 of a time and the first 74 bits of `random`. */
function uuid7(at_ms: number, random: Uint8Array): string {
  let bits = "";
  for (let i = 0; i < 10; i++) bits += (random[i] as number).toString(2).padStart(8, "0");
  const time = Math.floor(at_ms).toString(16).padStart(12, "0");
  const first = Number.parseInt(bits.slice(0, 12), 2).toString(16).padStart(3, "0");
  let rest = `10${bits.slice(12, 74)}`;
  let last = "";
  for (; rest; rest = rest.slice(4)) last += Number.parseInt(rest.slice(0, 4), 2).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${first}-${last.slice(0, 4)}-${last.slice(4)}`;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
