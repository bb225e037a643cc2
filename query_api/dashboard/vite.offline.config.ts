/**
 * Builds dist/offline.html: the player in one file, to which `query_api/offline_page.py` adds a session.
 *
 * Its policy names the one script that may run by its hash, and no host at all.
 */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { defineConfig, type Plugin } from "vite";

const PAGE = "src/offline/page.html";

const oneFile: Plugin = {
  name: "one-file",
  enforce: "post",
  generateBundle(_, bundle) {
    let script = "";
    let style = "";
    for (const [name, file] of Object.entries(bundle)) {
      if (file.type === "chunk") script += file.code;
      else if (name.endsWith(".css")) style += file.source;
      delete bundle[name];
    }
    // In HTML these end a script, or hide its end.
    script = script.replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--").trim();
    const hash = createHash("sha256").update(script).digest("base64");
    const policy =
      `default-src 'none'; script-src 'sha256-${hash}'; style-src 'unsafe-inline'; ` +
      "img-src data: blob:; font-src data:; media-src data: blob:; connect-src 'none'; " +
      "frame-src 'none'; object-src 'none'; base-uri 'none'; form-action 'none'";
    const parts: Record<string, string> = {
      POLICY: policy,
      STYLE: `<style>${style}</style>`,
      SCRIPT: `<script>${script}</script>`,
    };
    this.emitFile({
      type: "asset",
      fileName: "offline.html",
      source: readFileSync(PAGE, "utf8").replace(/%(\w+)%/g, (_all, name) => parts[name] ?? ""),
    });
  },
};

export default defineConfig({
  build: {
    target: "es2023",
    emptyOutDir: false, // the dashboard is there already
    cssCodeSplit: false,
    modulePreload: false,
    rolldownOptions: {
      input: "src/offline/main.tsx",
      output: { format: "iife", codeSplitting: false },
    },
  },
  plugins: [oneFile],
});
