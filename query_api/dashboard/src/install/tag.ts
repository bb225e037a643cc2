/** What a page needs to be recorded. Pure. */

const UNKNOWN = "https://YOUR-INGEST-HOST";

/** The tag for every page. `ingestUrl` is null where nobody told the service. */
export function tagOf(ingestUrl: string | null, websiteId: string): string {
  return `<script async src="${baseOf(ingestUrl)}/r.js" data-website="${websiteId}"></script>`;
}

/** What a page's Content-Security-Policy must allow, if it has one. */
export function policyOf(ingestUrl: string | null): string {
  const { origin } = new URL(baseOf(ingestUrl));
  const host = isKnown(ingestUrl) ? origin : UNKNOWN;
  return `script-src ${host}; connect-src ${host}`;
}

export function isKnown(ingestUrl: string | null): boolean {
  return /^https?:$/.test(URL.parse(ingestUrl ?? "")?.protocol ?? "");
}

// Parsed, so that nothing in it ends the attribute.
function baseOf(ingestUrl: string | null): string {
  const url = isKnown(ingestUrl) ? URL.parse(ingestUrl ?? "") : null;
  return url ? (url.origin + url.pathname).replace(/\/$/, "") : UNKNOWN;
}
