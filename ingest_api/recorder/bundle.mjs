/** Bundle and minify one script of the recorder, with rrweb patched. Writes nothing. */

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { minify } from "terser";
import { patchRecorder } from "./src/vendor/rrweb/patch.mjs";

const here = dirname(fileURLToPath(import.meta.url));

/**
 * Return an esbuild plugin that loads rrweb with every patch but those named.
 *
 * @param {string[]} [without]
 * @returns {import("esbuild").Plugin}
 */
export function patchedRrweb(without) {
  return {
    name: "rrweb",
    setup(builder) {
      builder.onLoad({ filter: /rrweb[\\/]dist[\\/]rrweb\.js$/ }, ({ path }) => ({
        contents: patchRecorder(readFileSync(path, "utf8"), without),
        resolveDir: join(here, "src/vendor/rrweb"),
        loader: "js",
      }));
    },
  };
}

/**
 * Return a module of src, and all that it imports, as one script.
 *
 * @param {string} module its path in src
 * @param {import("esbuild").Format} format
 * @param {{ notice: string, define?: Record<string, string>, without?: string[] }} options the
 *     comment that the script begins with, what to define, and which patches of rrweb to leave out
 */
export async function bundle(module, format, { notice, define = {}, without }) {
  const { outputFiles } = await build({
    entryPoints: [join(here, "src", module)],
    bundle: true,
    minify: true,
    write: false,
    format,
    target: "es2022", // class fields as they are: helpers for older browsers would be a twentieth
    legalComments: "none",
    define,
    plugins: [patchedRrweb(without)],
  });
  // Minified twice: terser saves another 5 % of what esbuild leaves.
  const { code = "" } = await minify(outputFiles[0]?.text ?? "", {
    module: format === "esm",
    compress: { passes: 3, pure_getters: true, unsafe_arrows: true, unsafe_methods: true },
    format: { preamble: `/* ${notice} */` },
  });
  return code;
}
