/**
 * SHA-256 (FIPS 180-4) of a message of at most 55 bytes: one block, which is all that a secret needs.
 *
 * `crypto.subtle` is not there on plain http, and a general library is a tenth of the whole bundle.
 */

const BYTES_MAX = 55;

/** The first 32 bits of the fractional part of a root of the n-th prime. */
const primes: number[] = [];
for (let n = 2; primes.length < 64; n++) if (primes.every((p) => n % p)) primes.push(n);
const fraction = (root: number): number => ((root - Math.floor(root)) * 2 ** 32) | 0;

export function sha256(message: Uint8Array): Uint8Array {
  if (message.length > BYTES_MAX) throw new RangeError("the message is longer than one block");
  const block = new DataView(new ArrayBuffer(64));
  message.forEach((byte, i) => {
    block.setUint8(i, byte);
  });
  block.setUint8(message.length, 0x80);
  block.setUint32(60, message.length * 8);

  const words = Array.from({ length: 16 }, (_, i) => block.getInt32(4 * i));
  for (let i = 16; i < 64; i++) {
    const [early, late] = [at(words, i - 15), at(words, i - 2)];
    const s0 = turn(early, 7) ^ turn(early, 18) ^ (early >>> 3);
    const s1 = turn(late, 17) ^ turn(late, 19) ^ (late >>> 10);
    words[i] = (at(words, i - 16) + s0 + at(words, i - 7) + s1) | 0;
  }
  const start = primes.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)));
  let [a, b, c, d, e, f, g, h] = start as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  primes.forEach((prime, i) => {
    const s1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + fraction(Math.cbrt(prime)) + at(words, i)) | 0;
    const s0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
  });
  const digest = new DataView(new ArrayBuffer(32));
  [a, b, c, d, e, f, g, h].forEach((value, i) => {
    digest.setInt32(4 * i, (value + at(start, i)) | 0);
  });
  return new Uint8Array(digest.buffer);
}

function at(words: readonly number[], i: number): number {
  return words[i] as number;
}

function turn(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by));
}
