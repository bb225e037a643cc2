/**
 * Measure what each size patch of rrweb saves: `make recorder-patches`.
 *
 * Prints the bytes by which recorder.js grows, gzipped, without each; exits 1 if one saves less
 * than 200.
 */

import { gzipSync } from "node:zlib";
import { bundle } from "./bundle.mjs";
import { SIZE_PATCHES } from "./src/vendor/rrweb/size_patches.mjs";

const SAVED_BYTES_MIN = 200;

/** @param {string[]} without */
async function gzippedBytes(without) {
  const script = await bundle("recorder.ts", "esm", { notice: "", without });
  return gzipSync(script, { level: 9 }).length;
}

const all = await gzippedBytes([]);
console.log(`${String(all).padStart(6)}  recorder.js, gzipped`);
for (const { name } of SIZE_PATCHES) {
  const saved = (await gzippedBytes([name])) - all;
  console.log(`${String(saved).padStart(6)}  saved by: ${name}`);
  if (saved < SAVED_BYTES_MIN) process.exitCode = 1;
}
