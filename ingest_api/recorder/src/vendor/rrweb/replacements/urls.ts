/** Absolute URLs in attributes and CSS: a replay is on another page. */

import { URL_IN_CSS_REF } from "rrweb";

type Base = Pick<Document, "baseURI">;

function absolute(base: Base, url: string): string {
  try {
    return new URL(url, base.baseURI).href;
  } catch {
    return url;
  }
}

function absoluteUnlessFull(base: Base, url: string): string {
  return url.trim() && !/^(?:blob:|data:|https?:\/\/)/.test(url) ? absolute(base, url) : url;
}

function absoluteSrcset(base: Base, value: string): string {
  return value.replace(/([^\s,](?:\S*[^\s,])?)((?:\s[^,]*)?)/g, (_, url: string, size: string) => {
    return absoluteUnlessFull(base, url) + size;
  });
}

/** Return CSS with each `url(…)` made absolute; "" for none. */
export function absolutifyURLs(css: string | null, baseURI: string): string {
  if (!css?.includes("url(")) return css || "";
  return css.replace(
    URL_IN_CSS_REF,
    (all: string, quote1?: string, path1?: string, quote2?: string, path2?: string, path3 = "") => {
      const path = path1 || path2 || path3;
      const quote = quote1 || quote2 || "";
      if (!path || /^(?:[a-z+]+:)?\/\/|^www\.|^data:|^blob:|^#/i.test(path)) return all;
      return `url(${quote}${absolute({ baseURI }, path)}${quote})`;
    },
  );
}

/** Return an attribute's value with its URLs made absolute. */
export function transformAttribute(
  base: Base,
  tagName: string,
  name: string,
  value: string | null,
): string | null {
  if (!value) return value;
  switch (name) {
    case "href":
      return tagName === "use" && value[0] === "#" ? value : absoluteUnlessFull(base, value);
    case "xlink:href":
      return value[0] === "#" ? value : absoluteUnlessFull(base, value);
    case "src":
    case "background":
      return absoluteUnlessFull(base, value);
    case "srcset":
      return absoluteSrcset(base, value);
    case "style":
      return absolutifyURLs(value, base.baseURI);
    default:
      return value;
  }
}
