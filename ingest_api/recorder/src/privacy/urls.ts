/**
 * Mask URLs: the path stays, and of the query the names of its parameters.
 *
 * Works on text, absolute or relative; resolves nothing.
 */

import { STARS } from "./patterns.ts";
import { KEY, LINK_NAME, PLAIN_STEP } from "./shapes.ts";

/** Masks a text; `tokens` false leaves long random words alone. */
export type Mask = (text: string, tokens?: boolean) => string;

// `localhost:3000/a` has none.
const SCHEME = /^(?!(?!tel|sms|data|\w*script)[\w.-]+:\d{1,5}(?:[/?#]|$))([a-z][a-z\d+.-]*):/i;
const HOST = /^(?:\w+:)?[\\/]{2,}[^\\/]*/;
const UTM = /^utm_(?:source|medium|campaign|term|content)$/i;
const AUTHORITY = /^((?:(?:https?|wss?|ftp):[\\/]*|[\\/]{2,}))(?:[^\\/?#]*@)?/i;
const ASSET = /\.(?:css|m?js|png|jpe?g|gif|webp|avif|svg|ico|woff2?|ttf|otf|eot|mp4|webm)$/i;
const ID = /^[\w:.-]{1,64}$/;

/** Whether a URL names a file that draws the page, or holds it. */
export function isAsset(url: string): boolean {
  return /^\s*data:/i.test(url) || ASSET.test(url.split(/[?#]/, 1)[0] ?? "");
}

/**
 * Return `raw` without what it says of the visitor, null where nothing may be left of it.
 *
 * `keepsId`: a fragment that names an element (`sprite.svg#cart`) is part of a picture.
 */
export function maskUrl(raw: string, mask: Mask, keepsId = false): string | null {
  const url = raw.replace(/[\t\n\r]/g, "").trim();
  const scheme = SCHEME.exec(url)?.[1]?.toLowerCase();
  if (scheme === "data") return maskData(url, mask);
  if (scheme === "mailto" || scheme === "tel" || scheme === "sms") return `${scheme}:${STARS}`;
  if (scheme === "about") return "about:blank";
  if (scheme && !/^(?:https?|wss?|ftp)$/.test(scheme)) return null;

  const hash = url.indexOf("#");
  const end = hash < 0 ? url.length : hash;
  const fragment = url.slice(end + 1);
  let masked = maskPath(url.slice(0, end).replace(AUTHORITY, "$1"), mask);
  if (/^!?\//.test(fragment)) masked += `#${maskPath(fragment, mask)}`;
  else if (keepsId && ID.test(fragment) && mask(fragment) === fragment) masked += `#${fragment}`;
  return masked;
}

/** Return a `srcset`, each of its URLs masked. */
export function maskSrcset(raw: string, mask: Mask): string {
  const masked: string[] = [];
  for (const [, raw_url, size] of raw.matchAll(/\s*,*\s*(\S*[^\s,])\s*([^\s,]*)/g)) {
    const url = maskUrl(raw_url as string, mask);
    if (url) masked.push(/^[\d.]+[wxh]$/.test(size as string) ? `${url} ${size}` : url);
  }
  return masked.join(", ");
}

function maskPath(text: string, mask: Mask): string {
  const question = text.indexOf("?");
  const path = question < 0 ? text : text.slice(0, question);
  const host = HOST.exec(path)?.[0] ?? "";
  let isLink = false;
  const steps = path
    .slice(host.length)
    .split("/")
    .map((step) => {
      const isSecret = isLink && !PLAIN_STEP.test(step) && !ASSET.test(step);
      isLink ||= LINK_NAME.test(step) || LINK_NAME.test(step.replace(/[A-Z]/g, "-$&"));
      return isSecret ? STARS : maskStep(step, mask);
    });
  const masked = maskPart(host, mask) + steps.join("/");
  if (question < 0) return masked;
  return `${masked}?${text.slice(question + 1).replace(/[^&;]+/g, (part) => maskParameter(part, mask))}`;
}

/** Mask a step of a path and its parameters: `cart;user=7`. */
function maskStep(text: string, mask: Mask): string {
  if (!/[%+;=]/.test(text) && mask(text) === text) return text;
  const [step = "", ...parameters] = text.split(";");
  return [
    step.includes("=") ? maskParameter(step, mask) : maskPart(step, mask, !ASSET.test(step)),
    ...parameters.map((part) => maskParameter(part, mask)),
  ].join(";");
}

function maskParameter(part: string, mask: Mask): string {
  const equals = part.indexOf("=");
  if (equals < 0) return part && STARS;
  const name = maskPart(part.slice(0, equals), mask);
  const value = part.slice(equals + 1);
  return `${name}=${value && (UTM.test(name) ? maskPart(value, mask) : STARS)}`;
}

/** Patterns apply to the decoded text; a part that contains a match is masked whole. */
function maskPart(part: string, mask: Mask, tokens = true): string {
  // A plus is a space in a query, and the beginning of a phone's number in a path.
  const texts = [part, decode(part), decode(part.replace(/\+/g, " "))].map((text) =>
    // The name of a built file carries a hash of its content.
    tokens || text.search(KEY) >= 0 ? text : text.replace(/[\da-f]{16,}/gi, ""),
  );
  return texts.every((text) => mask(text, tokens) === text) ? part : STARS;
}

function maskData(url: string, mask: Mask): string | null {
  const comma = url.indexOf(",");
  const head = url.slice(0, comma).toLowerCase();
  if (comma < 0 || !/^data:image\/[\w.+-]+(?:;[\w=-]+)*$/.test(head)) return null;
  if (!head.startsWith("data:image/svg")) return url;
  try {
    const data = decodeURIComponent(url.slice(comma + 1));
    const text = head.endsWith(";base64") ? decode64(data) : data;
    // Its paths are nothing but numbers, which may look like a phone's.
    const words = text.replace(
      /\s(?:d|points|viewBox|transform|values)=(["'])[^"']*\1|;base64,[\w+/=]*/g,
      "",
    );
    return mask(words) === words ? url : null;
  } catch {
    return null; // not to be read, so not to be trusted
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function decode64(data: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(data), (char) => char.charCodeAt(0)));
}
