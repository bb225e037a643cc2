/**
 * Builds the dashboard into dist/: index.html, and under assets/ what it loads, each file named for
 * its contents and with .gz and .br beside it, ready to be sent as they lie.
 */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const compressed: Plugin = {
  name: "compressed",
  apply: "build",
  writeBundle({ dir = "dist" }) {
    const folder = join(dir, "assets");
    for (const name of readdirSync(folder)) {
      const body = readFileSync(join(folder, name));
      const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
      writeFileSync(join(folder, `${name}.gz`), gzipSync(body, { level: 9 }));
      writeFileSync(join(folder, `${name}.br`), brotliCompressSync(body, brotli));
    }
  },
};

export default defineConfig({
  build: {
    target: "es2023",
    assetsInlineLimit: 0, // the Content-Security-Policy knows only files of ours
    modulePreload: { polyfill: false },
  },
  plugins: [compressed],
});
