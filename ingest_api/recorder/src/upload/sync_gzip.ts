/**
 * Compress with gzip (RFC 1952) synchronously, for when a page is left: the output of
 * `CompressionStream` would come too late.
 *
 * One deflate block (RFC 1951) with the fixed Huffman codes and the nearest earlier match. A page's
 * last seconds are half larger so than a general library makes them, and its code, which each page
 * has to load, is a fifth of that library's.
 */

const WINDOW = 32_768;
const MATCH_MIN = 3;
const MATCH_MAX = 258;
const HASH_BITS = 15;

/** `[first length or distance, extra bits]` of each code, as RFC 1951, 3.2.5 lists them. */
const LENGTHS = codes(MATCH_MIN, 4, 28);
const DISTANCES = codes(1, 2, 30);
LENGTHS.push([MATCH_MAX, 0]);

/** Compress `bytes` into one gzip member. */
export function gzipSync(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const out: number[] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
  let bits = 0;
  let count = 0;
  const put = (value: number, length: number): void => {
    bits |= value << count;
    for (count += length; count >= 8; count -= 8) {
      out.push(bits & 255);
      bits >>>= 8;
    }
  };
  const putSymbol = (symbol: number): void => {
    if (symbol < 144) put(reversed(symbol + 48, 8), 8);
    else if (symbol < 256) put(reversed(symbol + 256, 9), 9);
    else if (symbol < 280) put(reversed(symbol - 256, 7), 7);
    else put(reversed(symbol - 88, 8), 8);
  };

  const seen = new Int32Array(1 << HASH_BITS).fill(-WINDOW);
  put(0b011, 3);
  for (let i = 0; i < bytes.length; ) {
    let length = 0;
    let distance = 0;
    if (i + MATCH_MIN <= bytes.length) {
      const hash = hashAt(bytes, i);
      distance = i - (seen[hash] as number);
      seen[hash] = i;
      if (distance < WINDOW) {
        while (length < MATCH_MAX && i + length < bytes.length) {
          if (bytes[i + length] !== bytes[i + length - distance]) break;
          length++;
        }
      }
    }
    if (length < MATCH_MIN) putSymbol(bytes[i++] as number);
    else {
      const [l, more, bitCount] = codeOf(LENGTHS, length);
      putSymbol(257 + l);
      put(more, bitCount);
      const [d, further, furtherBits] = codeOf(DISTANCES, distance);
      put(reversed(d, 5), 5);
      put(further, furtherBits);
      for (const end = i + length; ++i < end; ) {
        if (i + MATCH_MIN <= bytes.length) seen[hashAt(bytes, i)] = i;
      }
    }
  }
  putSymbol(256);
  put(0, 7);
  for (const word of [crc32(bytes), bytes.length]) {
    for (let shift = 0; shift < 32; shift += 8) out.push((word >>> shift) & 255);
  }
  return Uint8Array.from(out);
}

function codes(first: number, perStep: number, count: number): [number, number][] {
  const list: [number, number][] = [];
  for (let value = first; list.length < count; ) {
    const extra = Math.max(0, Math.floor(list.length / perStep) - 1);
    list.push([value, extra]);
    value += 1 << extra;
  }
  return list;
}

function codeOf(list: [number, number][], value: number): [number, number, number] {
  let i = list.length - 1;
  while ((list[i] as [number, number])[0] > value) i--;
  const [first, extra] = list[i] as [number, number];
  return [i, value - first, extra];
}

function reversed(code: number, length: number): number {
  let turned = 0;
  for (let i = 0; i < length; i++) turned |= ((code >> i) & 1) << (length - 1 - i);
  return turned;
}

function hashAt(bytes: Uint8Array, i: number): number {
  const three =
    ((bytes[i] as number) << 16) | ((bytes[i + 1] as number) << 8) | (bytes[i + 2] as number);
  return Math.imul(three, 0x9e3779b1) >>> (32 - HASH_BITS);
}

const TABLE = Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
  return n;
});

function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) crc = (TABLE[(crc ^ byte) & 255] as number) ^ (crc >>> 8);
  return ~crc;
}
