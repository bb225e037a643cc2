import { describe, expect, test } from "vitest";
import { hovered } from "../../../src/player/safety/hover.ts";

describe("rules for what the mouse is on", () => {
  test.each([
    ["a:hover{color:red}", "a:hover,a.\\:hover{color:red}"],
    ["a, b:hover i , c{}", "a, b:hover i , c, b.\\:hover i {}"],
    ["x{} /* a:hover{ */ b:hover{}", "x{} /* a:hover{ */ b:hover, b.\\:hover{}"],
    ["a:not(:hover, b){}", "a:not(:hover, b),a:not(.\\:hover, b){}"],
    ["@media (hover:hover){a:hover{}}", "@media (hover:hover){a:hover,a.\\:hover{}}"],
    ["a{&:hover{x:y}}", "a{&:hover,&.\\:hover{x:y}}"],
    ["a{x:y;&:hover{}}", "a{x:y;&:hover,&.\\:hover{}}"],
    ['q{content:"}a:hover{"}', 'q{content:"}a:hover{"}'],
    [".hover\\:red:hover{}", ".hover\\:red:hover,.hover\\:red.\\:hover{}"],
    [".x\\:hover{}", ".x\\:hover{}"],
    ["a:hover-x{}", "a:hover-x{}"],
    ["@media (max-device-width: 9px){}", "@media (max-width: 9px){}"],
    ["a{color:red}", "a{color:red}"],
    ["a:hover", "a:hover"],
    ["a:hover{", "a:hover,a.\\:hover{"],
  ])("%s", (css, made) => {
    expect(hovered(css)).toBe(made);
  });

  test("cost time in proportion to a sheet's length", () => {
    const sheets = [
      ".a:hover{}",
      "a:hover,",
      "a/*x*/:hover",
      ':hover"',
      "@media(max-device-width:1px){",
    ];
    for (const one of sheets) {
      const began = performance.now();
      hovered(one.repeat(1_000_000 / one.length));
      // rrweb's own takes a minute for the first.
      expect(performance.now() - began, one).toBeLessThan(5_000);
    }
  });
});
