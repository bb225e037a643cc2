/** Compress with gzip, asynchronously where there is time and synchronously where not. */

import { gzipSync } from "./sync_gzip.ts";

/** Compress asynchronously. */
export async function gzip(text: string): Promise<Blob> {
  if (typeof CompressionStream !== "function") return gzipNow(text);
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return asText(await new Response(stream).arrayBuffer());
}

/** Compress synchronously: a page that is being left has no time. */
export function gzipNow(text: string): Blob {
  return asText(gzipSync(new TextEncoder().encode(text)));
}

// Plain text needs no CORS preflight; the first bytes show that it is gzip.
function asText(bytes: BlobPart): Blob {
  return new Blob([bytes], { type: "text/plain" });
}
