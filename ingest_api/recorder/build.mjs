/**
 * Build the recorder: `node build.mjs [folder]` writes into the folder (default: dist) r.js, which
 * the script tag loads, recorder.js, which r.js loads by its version, and its parts, which it loads
 * where they are needed; each also as .gz and .br, which are served as they are.
 */

import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { bundle } from "./bundle.mjs";

const VERSION_LENGTH = 16; // hex digits of the bundle's SHA-256
const folder = process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), "dist");

/**
 * @param {string} name
 * @param {string} script
 */
function write(name, script) {
  const file = join(folder, name);
  writeFileSync(file, script);
  writeFileSync(`${file}.gz`, gzipSync(script, { level: 9 }));
  const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
  writeFileSync(`${file}.br`, brotliCompressSync(script, brotli));
}

/** @param {string} script */
function versionOf(script) {
  return createHash("sha256").update(script).digest("hex").slice(0, VERSION_LENGTH);
}

mkdirSync(folder, { recursive: true });
/** @type {Record<string, string>} */
const parts = {};
for (const [name, module] of Object.entries({
  triggers: "triggers/index.ts",
  network: "signals/network.ts",
  gzip: "upload/sync_gzip.ts",
})) {
  const part = await bundle(module, "esm", { notice: "replaylake" });
  parts[name] = versionOf(part);
  write(`${name}.js`, part);
}
const recorder = await bundle("recorder.ts", "esm", {
  notice: "replaylake recorder; contains rrweb (MIT)",
  define: { PARTS: JSON.stringify(parts) },
});
const loader = await bundle("loader.ts", "iife", {
  notice: "replaylake",
  define: { VERSION: JSON.stringify(versionOf(recorder)) },
});
// Each after those that it names.
write("recorder.js", recorder);
write("r.js", loader);
