/**
 * Bundles the recorder: `node build.mjs [folder]` writes into the folder (default: dist) r.js, which
 * the script tag loads, and recorder.js, which that loads by its version; each also as .gz and .br,
 * ready to be sent as they lie.
 */

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "esbuild";
import { minify } from "terser";
import { recorderOf } from "./src/vendor/rrweb/patches.mjs";

const VERSION_LENGTH = 16; // hex digits of the bundle's SHA-256
const here = dirname(fileURLToPath(import.meta.url));
const folder = process.argv[2] ?? join(here, "dist");

const rrweb = {
  name: "rrweb",
  setup(builder) {
    builder.onLoad({ filter: /rrweb[\\/]dist[\\/]rrweb\.js$/ }, ({ path }) => ({
      contents: recorderOf(readFileSync(path, "utf8")),
      loader: "js",
    }));
  },
};

/** Bundle what a module of src leads to, and return the script. */
async function bundle(module, format, notice, define = {}) {
  const { outputFiles } = await build({
    entryPoints: [join(here, "src", module)],
    bundle: true,
    minify: true,
    write: false,
    format,
    target: "es2022", // class fields as they are: helpers for older browsers would be a twentieth
    legalComments: "none",
    define,
    plugins: [rrweb],
  });
  // Once more: terser finds what esbuild leaves, another 5 % of what each page loads.
  const smaller = await minify(outputFiles[0].text, {
    module: format === "esm",
    compress: { passes: 3, pure_getters: true, unsafe_arrows: true, unsafe_methods: true },
    format: { preamble: `/* ${notice} */` },
  });
  return smaller.code;
}

function write(name, script) {
  const file = join(folder, name);
  writeFileSync(file, script);
  writeFileSync(`${file}.gz`, gzipSync(script, { level: 9 }));
  const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
  writeFileSync(`${file}.br`, brotliCompressSync(script, brotli));
}

const recorder = await bundle("recorder.ts", "esm", "replaylake recorder; contains rrweb (MIT)");
const version = createHash("sha256").update(recorder).digest("hex").slice(0, VERSION_LENGTH);
const loader = await bundle("loader.ts", "iife", "replaylake", {
  VERSION: JSON.stringify(version),
});
mkdirSync(folder, { recursive: true });
// The loader last, which names the other.
write("recorder.js", recorder);
write("r.js", loader);
