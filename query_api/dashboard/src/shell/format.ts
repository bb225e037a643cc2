/** Numbers, times and addresses as people read them. Pure. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const COUNT = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const SHORT = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const DATE = new Intl.DateTimeFormat("en", { day: "numeric", month: "short" });
const WHOLE = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "medium" });

export const count = (number: number): string => COUNT.format(number);
export const shortCount = (number: number): string => SHORT.format(number);

/** `3 errors`, `1 error`. */
export function counted(number: number, thing: string): string {
  return `${count(number)} ${thing}${number === 1 ? "" : "s"}`;
}

/** `0:07`, `12:05`, `1:02:03`. */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / SECOND));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const two = (part: number) => String(part).padStart(2, "0");
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(seconds % 60)}`
    : `${minutes}:${two(seconds % 60)}`;
}

/** How long ago: `now`, `5 min`, `3 h`, `2 d`, then the date. */
export function ago(iso: string, nowMs: number): string {
  const passed = nowMs - Date.parse(iso);
  if (!Number.isFinite(passed)) return "";
  if (passed < MINUTE) return "just now";
  if (passed < HOUR) return `${Math.floor(passed / MINUTE)} min ago`;
  if (passed < DAY) return `${Math.floor(passed / HOUR)} h ago`;
  if (passed < 7 * DAY) return `${Math.floor(passed / DAY)} d ago`;
  return DATE.format(new Date(iso));
}

/** Date and time in the reader's zone. */
export function moment(iso: string): string {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? "" : WHOLE.format(at);
}

/** What tells pages of one website apart: path and what follows; the host only where it must. */
export function place(url: string | null | undefined): string {
  if (!url) return "unknown page";
  const parsed = URL.parse(url);
  if (!parsed || !/^https?:$/.test(parsed.protocol)) return url;
  return parsed.pathname + parsed.search + parsed.hash;
}

/** `Chrome 128`; versions beyond the first number tell nobody anything. */
export function software({ name, version }: { name: string | null; version: string | null }) {
  return name ? [name, version?.split(".")[0]].filter(Boolean).join(" ") : "unknown";
}

/** `rage clicks` of `rage_click`. */
export function signalName(kind: string): string {
  return kind.replaceAll("_", " ");
}
