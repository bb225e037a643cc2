/** Print every regular expression in the given TypeScript and JavaScript files, as JSON. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.cwd()}/`);
const acorn = require("acorn");
const { transformSync } = require("esbuild");
const found = [];

function walk(node, file) {
  if (!node || typeof node !== "object") return;
  if (node.regex) found.push({ file, source: node.regex.pattern, flags: node.regex.flags });
  for (const value of Object.values(node)) walk(value, file);
}

for (const file of process.argv.slice(2)) {
  const loader = file.endsWith("x") ? "tsx" : file.endsWith(".js") ? "js" : "ts";
  const { code } = transformSync(readFileSync(file, "utf8"), { loader, jsx: "automatic" });
  walk(acorn.parse(code, { ecmaVersion: "latest", sourceType: "module" }), file);
}
process.stdout.write(JSON.stringify(found));
