import { describe, expect, test } from "vitest";
import { safeCss, safeSheet } from "../../../src/player/safety/defuse_css.ts";

describe("nothing is loaded, however it is written", () => {
  test.each([
    "a{b:url(//evil.test)}",
    "a{b:URL( '//evil.test' )}",
    "a{b:u\\72l(//evil.test)}",
    "a{b:\\75 rl(//evil.test)}",
    "a{b:\\u\\r\\l(//evil.test)}",
    "a{b:ur\\6\\63 (//evil.test)}",
    '@import "//evil.test";',
    '@\\69 mport "//evil.test";',
    '@im@import x;port "//evil.test";',
    '@import url("//evil.test") layer(x);',
    'a{b:image-set("//evil.test" 1x)}',
    'a{b:-webkit-image-set("//evil.test" 1x)}',
    'a{b:src("//evil.test")}',
    'a{b:url(data:image/x");}c{d:url(//evil.test)}e{f:"}',
    '/* url("data:image/x */ a{b:url(//evil.test)} /* ") */',
    "a{b:url(data:text/css,x)}c{d:url(//evil.test",
  ])("%s", (css) => {
    const kept = safeCss(css);
    expect(kept).not.toMatch(/(?:url|src|image-set)\((?!\s*["']?(?:data:(?:image|,)|#))/i);
    expect(kept).not.toMatch(/@import/i);
    expect(kept.replace(/\/\*.*?\*\//g, "")).not.toMatch(/url\([^)]*evil/);
  });

  test("what is its own is kept as it is", () => {
    const own = `.sm\\:a:hover{b:url("data:image/svg+xml,<svg fill='url(#a)' x=\\"1\\"/>")}
      @font-face{src:url(data:font/woff2;base64,AA)} i:before{content:"\\e900"} j{mask:url(#m)}`;
    expect(safeCss(own)).toBe(own);
  });

  test("what stands beside an address is kept", () => {
    expect(safeCss("a{b:red url(it's) c;d:e}")).toBe("a{b:red url(data:,) c;d:e}");
  });

  test("a sheet that is cut into very many texts is one text", () => {
    const cut = "a{}/* rr_split */";
    expect(safeSheet(cut.repeat(3))).toBe(cut.repeat(3));
    expect(safeSheet(cut.repeat(10_000))).toBe("a{}".repeat(10_000));
  });
});
